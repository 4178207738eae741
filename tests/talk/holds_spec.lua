-- A slot kept for somebody who is still filling in a form, and hosts who are away.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

local s, org, c, desk, rival, other
local holds = book.prefix .. "/holds"

local function begin()
  s = server.start({ scripts = book.no_limits })
  s:freeze(book.monday)
  org = s:demo()
  c = org.client
  desk = c:with({ ["x-organization-id"] = org.id })
  other = s:organization("rival")
  rival = other.client:with({ ["x-organization-id"] = other.id })
end

local function slots(service, from, to)
  return book.slots(c, org, service or "consultation", book.day(from or 3), book.day(to or 6))
end
local function ask(slot, more, service)
  local body = { service_slug = service or "consultation", starts_at = slot.startsAt,
    ends_at = slot.endsAt, host_id = slot.hostId }
  for name, value in pairs(more or {}) do body[name] = value end
  return desk:post(holds, body)
end
local function held(...)
  local r = ask(...)
  assert.equal(201, r.status, r.body)
  return r:json().hold
end
local function is(status, kind, r)
  assert.same({ status, kind }, { r.status, r:json().type }, r.body)
  return r:json()
end
local function rows()
  return sql.read(s, "SELECT (SELECT COUNT(*) FROM hold), (SELECT COUNT(*) FROM claim)")
end

describe("a hold", function()
  before_each(begin)
  after_each(function() s:stop() end)

  it("keeps a slot until it runs out, and gives it back exactly", function()
    local before = slots()
    local slot = before[1]
    local hold = held(slot)
    assert.same({ slot.startsAt, slot.endsAt, slot.hostId, "consultation", 1, "2031-06-02T13:05:00Z" },
      { hold.start_at, hold.end_at, hold.host_id, hold.service_slug, hold.party_size, hold.expires_at })
    is(409, "conflict_error", ask(slot))
    is(409, "conflict_error", book.create(c, org, "consultation", slot))
    assert.equal(#before - 1, #slots())
    s:advance(299)
    is(409, "conflict_error", book.create(c, org, "consultation", slot))
    s:advance(1)
    assert.same(before, (slots()))
    is(404, "not_found", desk:delete(holds .. "/" .. hold.id))
    is(404, "not_found", desk:post(holds .. "/" .. hold.id .. "/extend"))
    is(404, "not_found", book.create(c, org, "consultation", slot, { hold_id = hold.id }))
    assert.equal(201, book.create(c, org, "consultation", slot).status)
    assert.equal("0|1\n", rows())
  end)

  it("in a class empties it again, for other services of its hosts too", function()
    local classes, singles = slots("group-class"), slots()
    local class = classes[1]
    for _ = 1, 2 do held(class, { party_size = 3 }, "group-class") end
    assert.equal(class.capacity - 6, slots("group-class")[1].availableCapacity)
    is(409, "conflict_error", ask(class, { party_size = 3 }, "group-class"))
    assert.is_true(#slots() < #singles)
    s:advance(300)
    assert.same({ classes, singles }, { (slots("group-class")), (slots()) })
    local same
    for _, slot in ipairs(singles) do
      same = same or slot.hostId == class.hostId and slot.startsAt == class.startsAt and slot
    end
    assert.equal(201, book.create(c, org, "consultation", same).status)
    assert.equal("0|1\n", rows())
  end)

  it("is extended, and released", function()
    local before = slots()
    local hold = held(before[2], { ttl_minutes = 1 })
    s:advance(59)
    local r = desk:post(holds .. "/" .. hold.id .. "/extend", { ttl_minutes = 60 })
    assert.same({ 200, "2031-06-02T14:00:59Z" }, { r.status, r:json().hold.expires_at })
    s:advance(3599)
    is(409, "conflict_error", ask(before[2]))
    assert.equal("2031-06-02T14:05:58Z",
      desk:post(holds .. "/" .. hold.id .. "/extend"):json().hold.expires_at)
    r = desk:post(holds .. "/" .. hold.id .. "/extend", "null", { ["Content-Type"] = "application/json" })
    assert.same({ 200, "2031-06-02T14:05:58Z" }, { r.status, r:json().hold.expires_at })
    r = desk:delete(holds .. "/" .. hold.id)
    assert.same({ 204, "" }, { r.status, r.body })
    assert.equal("0|0\n", rows())
    is(404, "not_found", desk:delete(holds .. "/" .. hold.id))
    assert.equal(201, ask(before[2]).status)
  end)

  it("gives its place to the booking that names it, on both families of routes", function()
    local before = slots()
    for i, path in ipairs({ book.public .. "/bookings", book.prefix .. "/bookings" }) do
      local slot = before[i]
      local hold = held(slot)
      local body = book.body(org, "consultation", slot, { hold_id = hold.id })
      body.host_id = nil -- the hold's
      local r = desk:post(path, body)
      assert.equal(201, r.status, r.body)
      assert.equal(slot.hostId .. "\n", sql.read(s, ("SELECT host_id FROM booking WHERE id = '%s'")
        :format(r:json().booking.id)))
      is(404, "not_found", desk:post(path, body))
      assert.equal(("0|%d\n"):format(i), rows())
    end
    local class = slots("group-class")[1]
    local hold = held(class, { party_size = class.capacity }, "group-class")
    local r = book.create(c, org, "group-class", class, { party_size = class.capacity, hold_id = hold.id })
    assert.equal(201, r.status, r.body)
    assert.equal("0|4\n", rows())
  end)

  it("stays when the booking that names it comes to nothing", function()
    local list = slots()
    local hold = held(list[1])
    assert.equal(201, book.create(c, org, "consultation", list[6]).status)
    is(409, "conflict_error", book.create(c, org, "consultation", list[6], { hold_id = hold.id }))
    is(422, "unprocessable_error", book.create(c, org, "consultation", list[1],
      { hold_id = hold.id, party_size = 2 }))
    assert.equal("1|2\n", rows())
  end)

  it("takes what makes sense, by the rules, in its own organization", function()
    local slot = slots()[1]
    local r = desk:post(holds, { service_slug = "No", starts_at = "x", party_size = 0, ttl_minutes = 61 })
    local detail = is(400, "validation_error", r).detail
    for _, field in ipairs({ "service_slug", "starts_at", "ends_at", "party_size", "ttl_minutes" }) do
      assert.truthy(detail:find(field, 1, true), detail)
    end
    is(400, "validation_error", ask(slot, { ttl_minutes = 0 }))
    is(404, "not_found", ask(slot, nil, "none"))
    is(422, "unprocessable_error", ask(slot, { party_size = 2 }))
    is(422, "unprocessable_error", ask(slot, { ends_at = slot.startsAt:gsub("T%d%d", "T23") }))
    local hold = held(slot)
    for _, id in ipairs({ hold.id, "hold_" .. ("0"):rep(26) }) do
      is(404, "not_found", rival:delete(holds .. "/" .. id))
      is(404, "not_found", rival:post(holds .. "/" .. id .. "/extend"))
    end
    is(404, "not_found", rival:post(holds, { service_slug = "consultation", starts_at = slot.startsAt,
      ends_at = slot.endsAt }))
    assert.equal(400, desk:post(holds .. "/" .. hold.id .. "/extend", { ttl_minutes = 61 }).status)
    assert.equal(201, client.admin(s):post("/api/platform/v1/organizations/"
      .. other.id .. "/demo").status)
    local theirs = rival:get(book.prefix .. "/availability" .. http.query({ service_slug = "consultation",
      from = book.day(3), to = book.day(6) })):json().slots[1]
    local body = book.body(org, "consultation", theirs, { hold_id = hold.id })
    is(404, "not_found", rival:post(book.prefix .. "/bookings", body))
    local narrow = client.admin(s):post("/api/platform/v1/organizations/" .. org.id .. "/api-keys",
      { label = "reads", scopes = { "bookings:read", "availability:write" } }):json().api_key.key
    local reader = s:client({ ["x-kordless-key"] = narrow, ["x-organization-id"] = org.id })
    for _, answer in ipairs({ reader:post(holds, {}), reader:delete(holds .. "/" .. hold.id),
      reader:post(holds .. "/" .. hold.id .. "/extend") }) do
      is(403, "permission_error", answer)
    end
    assert.equal("1|1\n", rows())
  end)

  it("is one of 64 who want the slot, and one booking takes it", function()
    local slot, asked, tally = slots()[1], {}, {}
    for i = 1, 64 do
      local body = { service_slug = "consultation", starts_at = slot.startsAt, ends_at = slot.endsAt,
        host_id = slot.hostId }
      asked[i] = i % 2 == 0 and c:bytes({ method = "POST", path = book.public .. "/bookings",
        body = book.body(org, "consultation", slot) })
        or desk:bytes({ method = "POST", path = holds, body = body })
    end
    for _, r in ipairs(client.many(s, asked)) do tally[r.status] = (tally[r.status] or 0) + 1 end
    assert.same({ [201] = 1, [409] = 63 }, tally)
    local one = slots()[4]
    local hold = held(one)
    tally = {}
    for i = 1, 64 do
      asked[i] = c:bytes({ method = "POST", path = book.public .. "/bookings",
        body = book.body(org, "consultation", one, { hold_id = hold.id }) })
    end
    for _, r in ipairs(client.many(s, asked)) do tally[r.status] = (tally[r.status] or 0) + 1 end
    -- who looked before it was used up hears that the slot is taken
    assert.same({ 1, 63 }, { tally[201], (tally[404] or 0) + (tally[409] or 0) })
    assert.equal("0\n", sql.read(s, "SELECT COUNT(*) FROM claim WHERE kind = 'hold' AND owner = '"
      .. hold.id .. "'"))
  end)
end)

describe("a host's time off", function()
  before_each(begin)
  after_each(function() s:stop() end)

  local function path(host, tail) return book.prefix .. "/hosts/" .. host .. "/time-off" .. (tail or "") end

  it("blocks what comes after, and flags what was there", function()
    local before = slots()
    local host = before[1].hostId
    local made = book.create(c, org, "consultation", before[1]):json().booking
    local class
    for _, slot in ipairs(slots("group-class")) do class = class or slot.hostId == host and slot end
    local second = class and book.create(c, org, "group-class", class):json().booking
    local free = slots()
    local r = desk:post(path(host), { start_at = book.day(1), end_at = book.day(12, "2031-06-02T13:00:00.5Z"),
      note = "At the sea." })
    assert.equal(201, r.status, r.body)
    local off = r:json().time_off
    assert.same({ host, "time_off", "At the sea.", "2031-06-14T13:00:01Z", false },
      { off.host_id, off.kind, off.note, off.end_at, r:json().more_overlapping })
    local told = {}
    for _, one in ipairs(r:json().overlapping) do told[one.id] = one.status end
    assert.same({ [made.id] = "confirmed", [second and second.id or made.id] = "confirmed" }, told)
    assert.equal("6\n", sql.read(s, "SELECT COUNT(*) FROM claim WHERE kind = 'time_off'"))
    for _, slot in ipairs(slots(nil, 1, 12)) do assert.is_false(slot.hostId == host) end
    local later
    for _, slot in ipairs(free) do later = slot.hostId == host and slot or later end
    is(409, "conflict_error", book.create(c, org, "consultation", later))
    assert.equal("confirmed", desk:get(book.prefix .. "/bookings/" .. made.id):json().booking.status)
    local list = desk:get(path(host)):json()
    assert.same({ { off }, http.null }, { list.time_off, list.next_cursor })
    r = desk:delete(path(host, "/" .. off.id))
    assert.same({ 204, "" }, { r.status, r.body })
    assert.same(free, (slots()))
    is(404, "not_found", desk:delete(path(host, "/" .. off.id)))
    assert.same({}, desk:get(path(host)):json().time_off)
  end)

  it("comes in pages, filtered, of either kind", function()
    local host, ids = slots()[1].hostId, {}
    for i = 1, 5 do
      local r = desk:post(path(host), { kind = i == 2 and "busy" or nil, start_at = book.day(i),
        end_at = book.day(i, "2031-06-02T14:00:00Z") })
      ids[i] = r:json().time_off.id
    end
    local seen, cursor = {}, nil
    repeat
      local r = desk:get(path(host) .. http.query({ limit = 2, cursor = cursor })):json()
      for _, one in ipairs(r.time_off) do seen[#seen + 1] = one.id end
      cursor = r.next_cursor ~= http.null and r.next_cursor or nil
      if cursor then
        assert.equal(400, desk:get(path(host) .. http.query({ from = book.day(1), cursor = cursor })).status)
      end
    until not cursor
    assert.same(ids, seen)
    local some = desk:get(path(host) .. http.query({ from = book.day(2), to = book.day(4) })):json().time_off
    assert.same({ 2, "busy" }, { #some, some[1].kind })
  end)

  it("is refused where it makes no sense, and to others", function()
    local host = slots()[1].hostId
    local span = { start_at = book.day(1), end_at = book.day(2) }
    local detail = is(400, "validation_error", desk:post(path(host), { start_at = "x", kind = "sea" })).detail
    for _, field in ipairs({ "start_at", "end_at", "kind" }) do
      assert.truthy(detail:find(field, 1, true), detail)
    end
    is(400, "validation_error", desk:post(path(host), { start_at = book.day(2), end_at = book.day(2) }))
    is(400, "validation_error", desk:post(path(host), { start_at = book.day(1), end_at = book.day(368) }))
    assert.equal(201, desk:post(path(host), { start_at = book.day(1), end_at = book.day(367) }).status)
    is(400, "validation_error", desk:get(path(host) .. http.query({ from = book.day(2), to = book.day(1) })))
    is(400, "validation_error", desk:get(path(host) .. "?cursor=what"))
    is(404, "not_found", desk:post(path("host_none"), span))
    is(404, "not_found", desk:get(path("host_none")))
    is(404, "not_found", rival:post(path(host), span))
    is(404, "not_found", rival:get(path(host)))
    local off = desk:post(path(host), span):json().time_off
    is(404, "not_found", rival:delete(path(host, "/" .. off.id)))
    is(404, "not_found", desk:delete(path("host_none", "/" .. off.id)))
    assert.equal(204, desk:delete(path(host, "/" .. off.id)).status)
  end)

  it("takes an approval's and a hold's place on, never away", function()
    local slot = slots()[1]
    local hold = held(slot)
    desk:post(path(slot.hostId), { start_at = slot.startsAt, end_at = slot.endsAt, kind = "busy" })
    local answer = is(409, "conflict_error", desk:post(holds .. "/" .. hold.id .. "/extend"))
    assert.equal("host_away", answer.code)
    assert.equal("1|2\n", rows())
    is(409, "conflict_error", book.create(c, org, "consultation", slot, { hold_id = hold.id }))
  end)

  it("takes the place of a hold in a class on, too", function()
    local class = slots("group-class")[1]
    local hold = held(class, { party_size = 2 }, "group-class")
    assert.equal(200, desk:post(holds .. "/" .. hold.id .. "/extend").status)
    desk:post(path(class.hostId), { start_at = class.startsAt, end_at = class.endsAt })
    local answer = is(409, "conflict_error", desk:post(holds .. "/" .. hold.id .. "/extend"))
    assert.equal("host_away", answer.code)
    assert.equal("1|3\n", rows())
    s:advance(300)
    is(404, "not_found", desk:post(holds .. "/" .. hold.id .. "/extend"))
  end)
end)
