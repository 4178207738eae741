-- Ways to ask for a slot, and bookings to do something with: what refusals.lua is made of.
-- e: what answers_spec.lua gives its cases.

local book = require("tests.talk.support.book")

local attempts = { ways = {} }

local P, W = "/api/calendar/v1", { timezone = "America/New_York" }
local ways = attempts.ways

-- Monday, two weeks on, at this hour and minute in New York; more: days later.
function attempts.at(hour, minute, more)
  return book.day(14 + (more or 0), ("2031-06-02T%02d:%02d:00Z"):format(hour + 4, minute or 0))
end

-- A start and half an hour later, as bodies of `of` have it.
function attempts.times(start, of, length)
  local h, m = start:match("T(%d%d):(%d%d)")
  local sum = (h * 60 + m + (length or 30)) // 1 | 0
  local finish = start:gsub("T%d%d:%d%d", ("T%02d:%02d"):format(sum // 60, sum % 60))
  return of == "move" and { start_at = start, end_at = finish }
    or { starts_at = start, ends_at = finish }
end

local function with(body, more)
  for name, value in pairs(more or {}) do body[name] = value end
  return body
end

-- Where slots are taken: the ways to ask for one at `start`, each a function(e, start, more).
function ways.public(e, start, more)
  return e.a.client:post(P .. "/public/bookings", with(with(attempts.times(start), { contact = book.ada,
    org_slug = e.a.slug, service_slug = "consultation", host_id = e.host }), with(with({}, W), more)))
end
function ways.own(e, start, more)
  return e.d:post(P .. "/bookings", with(with(attempts.times(start), { contact = book.ada,
    service_slug = "consultation", host_id = e.host }), with(with({}, W), more)))
end
function ways.hold(e, start, more)
  return e.d:post(P .. "/holds",
    with(with(attempts.times(start), { service_slug = "consultation", host_id = e.host }), more))
end
function attempts.movable(e) -- a booking to be moved, far from the others
  local n = e:count("movable") -- five weeks on, each half hour from eight to six
  local r = ways.own(e, attempts.at(8 + n // 2 % 10, n % 2 * 30, 21 + n // 20))
  assert(r.status == 201, tostring(r))
  return r:json().booking
end
function ways.customer(e, start, more)
  return e.s:client():post(book.confirmation(attempts.movable(e).confirmation_number, "/reschedule"),
    with(attempts.times(start, "move"), more))
end
function ways.desk(e, start, more)
  return e.d:post(P .. "/bookings/" .. attempts.movable(e).id .. "/reschedule",
    with(with(attempts.times(start, "move"), { host_id = e.host }), more))
end

function attempts.canceled(e)
  local made = attempts.movable(e)
  assert(e.d:post(P .. "/bookings/" .. made.id .. "/cancel").status == 200)
  return made
end
function attempts.by_contact(e, made, tail, body)
  return e.s:client():request({ method = body and "POST" or "GET", body = body or nil,
    path = book.confirmation(made.confirmation_number, tail)
      .. (body and "" or "&from=" .. attempts.at(8) .. "&to=" .. attempts.at(18)) })
end

return attempts
