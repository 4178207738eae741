-- What the booking conversations share: the routes, a slot to take, a customer.

local http = require("tests.talk.support.http")
local instant = require("tests.talk.support.instant")

local book = { prefix = "/api/calendar/v1", public = "/api/calendar/v1/public" }

-- Monday, 09:00 in New York. Fixed, so that every run sees the same calendar.
book.monday = "2031-06-02T13:00:00Z"

-- So many seconds later.
function book.later(seconds)
  return instant.written(instant.seconds(book.monday) + seconds)
end

-- Hours around the clock, as schedules take them.
function book.always(zone)
  local week = {}
  for _, day in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do
    week[day] = { { "00:00", "24:00" } }
  end
  return { timezone = zone, weekly = week }
end

-- Limits out of the way, for conversations that are not about limits.
book.no_limits = { ["quota.lua"] = [[
return {
  reads = {},
  limits = function() return { per_minute = 16384, per_hour = 16384, per_day = 16384 } end,
}
]] }

book.ada = { name = "Ada Lovelace", email = "ada@example.com", phone = "+1 (212) 555-0100" }

-- "2031-06-02T13:00:00Z" moved by whole days
function book.day(days, from)
  local y, m, d, rest = (from or book.monday):match("^(%d+)-(%d+)-(%d+)(.*)$")
  local noon = os.time({ year = tonumber(y), month = tonumber(m), day = tonumber(d), hour = 12 })
  return os.date("%Y-%m-%d", noon + days * 86400) .. rest
end

-- The slots of a service between two instants; more: further parameters.
function book.slots(caller, org, service, from, to, more)
  local query = { org_slug = org.slug, service_slug = service, from = from, to = to }
  for name, value in pairs(more or {}) do query[name] = value end
  local r = caller:get(book.public .. "/availability" .. http.query(query))
  assert(r.status == 200, tostring(r))
  return r:json().slots, r
end

function book.body(org, service, slot, more)
  local body = { org_slug = org.slug, service_slug = service, starts_at = slot.startsAt,
    ends_at = slot.endsAt, timezone = "America/New_York", contact = book.ada,
    host_id = slot.hostId ~= http.null and slot.hostId or nil }
  for name, value in pairs(more or {}) do body[name] = value end
  return body
end

function book.create(caller, org, service, slot, more, headers)
  return caller:post(book.public .. "/bookings", book.body(org, service, slot, more), headers)
end

function book.confirmation(number, tail, contact)
  return ("%s/bookings/confirmation/%s%s%s"):format(book.public, number, tail or "",
    http.query({ contact = contact or book.ada.email }))
end

-- Two services of the demo: one for a single customer, one for a group.
function book.services(caller, org)
  local single, group
  for _, service in ipairs(org.services) do
    local r = caller:get(("%s/org/%s/service/%s"):format(book.public, org.slug, service.slug))
    assert(r.status == 200, tostring(r))
    local answer = r:json()
    local found = { slug = service.slug, settings = answer.calendarSettings,
      service = answer.service }
    if found.settings.max_parallel_bookings > 1 then group = found else single = found end
  end
  return assert(single, "no single service"), assert(group, "no group service")
end

return book
