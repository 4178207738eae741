-- What each route of the calendar refuses for a reason of its own: 409 and 422, and others'
-- things named in a query or a body. By route a list of {status, code or violation, run}, or
-- `no`: nothing there has such a reason. run(e) asks and gives the response; e: answers_spec.

local attempts = require("tests.talk.support.attempts")
local book = require("tests.talk.support.book")
local http = require("tests.talk.support.http")

local refusals = {}
local no = {}

local P, W = "/api/calendar/v1", { timezone = "America/New_York" }
local ways, at, times = attempts.ways, attempts.at, attempts.times
local movable, canceled, by_contact = attempts.movable, attempts.canceled, attempts.by_contact

local function with(body, more)
  for name, value in pairs(more or {}) do body[name] = value end
  return body
end

local function finish(way, start) -- the member that has the end of one too short
  local short = times(start, (way == ways.customer or way == ways.desk) and "move" or nil, 20)
  return { ends_at = short.ends_at, end_at = short.end_at }
end

local function code(status, word, run) return { status, word, run } end

-- What the rules have against a start, for each way there is to ask for one.
local function by_rule(way)
  local list = {
    code(422, "in_the_past", function(e) return way(e, book.day(-3)) end),
    code(422, "too_soon", function(e) return way(e, "2031-06-02T20:30:00Z") end),
    code(422, "too_far", function(e) return way(e, book.day(200)) end),
    code(422, "outside_hours", function(e) return way(e, at(5)) end),
    code(422, "closed", function(e) return way(e, "2031-08-01T14:00:00Z") end),
    code(422, "off_grid", function(e) return way(e, at(9, 7)) end),
    code(422, "wrong_duration", function(e) return way(e, at(9), finish(way, at(9))) end),
    code(422, "x_late", function(e) return way(e, at(18)) end),
    code(422, "policy_denied", function(e) return way(e, at(18, 30)) end),
    code(409, "slot_taken", function(e)
      local taken = at(10, 0, e:next())
      assert(ways.own(e, taken).status == 201)
      local answer = way(e, taken, { host_id = e.host })
      assert(way ~= ways.public or #answer:json().alternatives == 3)
      return answer
    end),
  }
  return list
end

-- Where a party and a host are named.
local function by_name(way, list)
  list[#list + 1] = code(422, "party_too_large", function(e) return way(e, at(9), { party_size = 2 }) end)
  for member, value in pairs({ host_id = "host", team_id = "teams" }) do
    list[#list + 1] = code(422, "host_not_offered", function(e)
      return way(e, at(9), { [member] = value == "host" and e.b.values.host_id or e.b.ids[value] })
    end)
  end
  return list
end

local function limited(way, list)
  list[#list + 1] = code(422, "limit_reached", function(e)
    local day = e:next()
    e.patch("/services/consultation", { limits = { per_day = 1 } })
    assert(ways.own(e, at(11, 0, day)).status == 201)
    local r = way(e, at(12, 0, day))
    e.patch("/services/consultation", { limits = http.null })
    return r
  end)
  return list
end

local function once(way, list) -- one key, two bodies
  list[#list + 1] = code(422, "idempotency_mismatch", function(e)
    local key = { ["Idempotency-Key"] = "k" .. e:next() }
    local client, d = e.a.client, e.d
    e.a.client, e.d = client:with(key), d:with(key)
    assert(way(e, at(13, 0, e:next())).status == 201)
    local r = way(e, at(13, 30))
    e.a.client, e.d = client, d
    return r
  end)
  return list
end

local target = times(at(15), "move")

-- What cannot be changed any more, or not so late: by its contact.
local function frozen(tail, body)
  return {
    code(422, "already_canceled", function(e) return by_contact(e, canceled(e), tail, body) end),
    code(422, "notice_window", function(e) return by_contact(e, e:soon(), tail, body) end),
    code(403, "contact_mismatch", function(e)
      local path = book.confirmation(movable(e).confirmation_number, tail, "x@example.com")
      return e.s:client():request({ method = body and "POST" or "GET", body = body or nil,
        path = path .. (body and "" or "&from=" .. at(8) .. "&to=" .. at(18)) })
    end),
  }
end

local function join(...)
  local all = {}
  for _, list in ipairs({ ... }) do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local function gone(tail, body)
  return code(422, "already_canceled", function(e)
    return e.d:post(P .. "/bookings/" .. canceled(e).id .. tail, body)
  end)
end

-- Bodies that name what is another's, or what another has.
local function service(method, path)
  local function ask(e, more)
    local new = method == "POST" and { name = "New", slug = "n" .. e:count("slugs"), duration = 30,
      calendarSettings = W } or {}
    return e.d:request({ method = method, path = P .. path, body = with(new, more) })
  end
  return {
    code(409, "slug_taken", function(e) return ask(e, { slug = "group-class" }) end),
    code(422, "unknown_host", function(e) return ask(e, { host_ids = { e.b.values.host_id } }) end),
    code(422, "unknown_team", function(e)
      return ask(e, { team_id = e.b.ids.teams, fulfillment = "team" })
    end),
    method == "POST" and code(409, "key_taken", function(e) return ask(e, { key = "consultation" }) end)
      or code(400, "validation_error", function(e) return ask(e, { key = "another" }) end),
  }
end
local function team(method, path)
  return { code(422, "unknown_host", function(e)
    return e.d:request({ method = method, path = P .. path:gsub("{id}", e.a.ids.teams),
      body = { name = "New", members = { { host_id = e.b.values.host_id } } } })
  end) }
end
local function theirs(path, query) -- a query that names what is another's
  local list = {}
  for _, member in ipairs({ "host_id", "team_id" }) do
    list[#list + 1] = code(404, "not_found", function(e)
      local id = member == "host_id" and e.b.values.host_id or e.b.ids.teams
      return e.d:get(P .. path .. http.query(with({ service_slug = "consultation", [member] = id }, query)))
    end)
  end
  return list
end
local function their_hold(way)
  return code(404, "not_found", function(e) return way(e, at(9), { hold_id = e.b.ids.holds }) end)
end

refusals.of = {
  ["GET /public/org/{org_slug}"] = no,
  ["GET /public/org/{org_slug}/service/{service_slug}"] = no,
  ["GET /public/availability"] = no,
  ["POST /public/bookings"] = once(ways.public, limited(ways.public,
    join(by_name(ways.public, by_rule(ways.public)), { their_hold(ways.public) }))),
  ["GET /public/bookings/confirmation/{number}"] = { frozen("")[3] },
  ["GET /public/bookings/confirmation/{number}/availability"] = frozen("/availability"),
  ["POST /public/bookings/confirmation/{number}/cancel"] = frozen("/cancel", {}),
  ["POST /public/bookings/confirmation/{number}/reschedule"] =
    join(frozen("/reschedule", target), by_rule(ways.customer)),
  ["GET /public/bookings/{ics_token}.ics"] = no,
  ["GET /bookings"] = { code(200, nil, function(e)
    local r = e.d:get(P .. "/bookings?host_id=" .. e.b.values.host_id)
    assert(#r:json().bookings == 0)
    return r
  end) },
  ["POST /bookings"] = once(ways.own, limited(ways.own,
    join(by_name(ways.own, by_rule(ways.own)), { their_hold(ways.own) }))),
  ["GET /bookings/{id}"] = no,
  ["GET /bookings/{id}/availability"] = { code(404, "not_found", function(e)
    return e.d:get(P .. "/bookings/" .. movable(e).id .. "/availability"
      .. http.query({ from = at(8), to = at(18), host_id = e.b.values.host_id }))
  end) },
  ["PATCH /bookings/{id}"] = no,
  ["POST /bookings/{id}/cancel"] = { gone("/cancel") },
  ["POST /bookings/{id}/reschedule"] = join(by_rule(ways.desk), { gone("/reschedule", target),
    code(422, "host_not_offered", function(e)
      return ways.desk(e, at(9), { host_id = e.b.values.host_id })
    end) }),
  ["POST /bookings/{id}/confirm"] = { gone("/confirm"),
    code(422, "already_confirmed", function(e)
      return e.d:post(P .. "/bookings/" .. movable(e).id .. "/confirm")
    end),
    code(409, "slot_taken", function(e)
      e.patch("/services/consultation", { approval = "required" })
      local made = movable(e)
      e.patch("/services/consultation", { approval = "none" })
      e:leave(made.start_at, made.end_at)
      return e.d:post(P .. "/bookings/" .. made.id .. "/confirm")
    end) },
  ["GET /availability"] = theirs("/availability", { from = at(8), to = at(18) }),
  ["GET /availability/explain"] = theirs("/availability/explain", { at = at(9) }),
  ["GET /services"] = no,
  ["POST /services"] = service("POST", "/services"),
  ["GET /services/{service}"] = no,
  ["PATCH /services/{service}"] = service("PATCH", "/services/consultation"),
  ["DELETE /services/{service}"] = no,
  ["GET /organization"] = no, ["PATCH /organization"] = no,
  ["GET /hosts"] = no, ["POST /hosts"] = no,
  ["GET /hosts/{id}"] = no, ["PATCH /hosts/{id}"] = no,
  ["DELETE /hosts/{id}"] = {
    code(422, "has_bookings", function(e)
      movable(e)
      return e.d:delete(P .. "/hosts/" .. e.host)
    end),
    code(422, "last_member", function(e) return e.d:delete(P .. "/hosts/" .. e.a.ids.hosts) end),
  },
  ["GET /teams"] = no, ["GET /teams/{id}"] = no,
  ["POST /teams"] = team("POST", "/teams"), ["PATCH /teams/{id}"] = team("PATCH", "/teams/{id}"),
  ["DELETE /teams/{id}"] = { code(422, "team_in_use", function(e)
    return e.d:delete(P .. "/teams/" .. e.d:get(P .. "/services/group-class"):json().service.team_id)
  end) },
  ["GET /schedules"] = no,
  ["GET /schedules/{owner}/{id}"] = { code(404, "not_found", function(e)
    return e.d:get(P .. "/schedules/team/" .. e.host)
  end) },
  ["PUT /schedules/{owner}/{id}"] = { code(404, "not_found", function(e)
    local body = { timezone = "UTC", weekly = { mon = { { "09:00", "10:00" } } } }
    return e.d:put(P .. "/schedules/room/" .. e.host, body)
  end) },
  ["DELETE /schedules/{owner}/{id}"] = { code(404, "not_found", function(e)
    return e.d:delete(P .. "/schedules/organization/" .. e.b.id)
  end) },
  ["GET /closures"] = no, ["POST /closures"] = no, ["DELETE /closures/{id}"] = no,
  ["POST /holds"] = by_name(ways.hold, by_rule(ways.hold)),
  ["POST /holds/{id}/extend"] = { code(409, "host_away", function(e)
    local hold = ways.hold(e, at(9, 0, e:next())):json().hold
    e:leave(hold.start_at, hold.end_at)
    return e.d:post(P .. "/holds/" .. hold.id .. "/extend")
  end) },
  ["DELETE /holds/{id}"] = no,
  ["GET /hosts/{id}/time-off"] = no, ["POST /hosts/{id}/time-off"] = no,
  ["DELETE /hosts/{id}/time-off/{time_off_id}"] = { code(404, "not_found", function(e)
    return e.d:delete(P .. "/hosts/" .. e.host .. "/time-off/" .. e.a.values.time_off_id)
  end) },
  ["GET /rate-limit"] = no,
}

return refusals
