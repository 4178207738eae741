-- Services given in other ways than the demo's: by one chosen host, by a whole team at once,
-- on approval, to nobody; and hosts who are away. What is listed can be booked, always.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local http = require("tests.talk.support.http")

local rules = [[
return {
  offer = function() return {} end,
  reschedule = function(request)
    if request.to % 7200 == 0 then return "Only odd hours are left." end
  end,
}
]]

describe("a service", function()
  local s, org, c, desk
  before_each(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    desk = c:with({ ["x-organization-id"] = org.id })
  end)
  after_each(function() s:stop() end)

  local function set(columns, slug)
    sql.change(s, book.monday, ("UPDATE service SET %s WHERE slug = '%s';"
      .. " UPDATE catalogue SET version = version + 1"):format(columns, slug or "consultation"))
  end
  local function slots(service, days)
    return book.slots(c, org, service or "consultation", book.day(3), book.day(3 + (days or 1)))
  end
  local function made(service, slot, more)
    local r = book.create(c, org, service, slot, more)
    assert.equal(201, r.status, r.body)
    return r:json().booking
  end
  local function own(id) return desk:get(book.prefix .. "/bookings/" .. id):json().booking end
  local function movable(id)
    local r = c:get(book.confirmation(id, "/availability")
      .. "&from=" .. book.day(3) .. "&to=" .. book.day(4))
    assert.equal(200, r.status, r.body)
    return r:json().slots
  end
  local function move(id, slot)
    return c:post(book.confirmation(id, "/reschedule"), { start_at = slot.startsAt, end_at = slot.endsAt })
  end
  -- All of a booking's possible moves: those listed succeed, all other grid starts fail.
  local function moves_as_listed(id)
    local listed, offered = {}, movable(id)
    for _, slot in ipairs(offered) do listed[slot.startsAt] = true end
    for _, slot in ipairs(slots()) do
      assert.equal(listed[slot.startsAt] or false, move(id, slot).status == 200, slot.startsAt)
    end
    return offered
  end
  local function fails(status, code, r)
    local violations = r:json().violations
    assert.same({ status, code }, { r.status, violations and violations[1].code or r:json().code }, r.body)
  end

  it("of a chosen host is booked, moved and offered with that one", function()
    set("fulfillment = 'specific_host'")
    local slot = slots()[1]
    fails(422, "host_not_offered", book.create(c, org, "consultation",
      { startsAt = slot.startsAt, endsAt = slot.endsAt }))
    local id = made("consultation", slot).id
    for _, other in ipairs(moves_as_listed(id)) do assert.equal(slot.hostId, other.hostId) end
    assert.equal(slot.hostId, own(id).host_id)
    sql.change(s, book.monday, ("UPDATE host SET status = 'inactive' WHERE id = '%s';"
      .. " UPDATE catalogue SET version = version + 1"):format(slot.hostId))
    assert.same({}, moves_as_listed(id))
  end)

  it("may be moved where the operator's rules let it, and only there", function()
    local id = made("consultation", slots()[3]).id
    s:write_script("booking.lua", rules)
    s:restart()
    s:freeze(book.monday)
    local offered = moves_as_listed(id)
    assert.is_true(#offered > 0 and #offered < #slots())
  end)

  it("of a whole team takes all of it, and none when one is away", function()
    set("fulfillment = 'collective', max_parallel_bookings = 1", "group-class")
    local list = slots("group-class")
    assert.same({ http.null, "Studio" }, { list[1].hostId, list[1].team.name })
    local id = made("group-class", list[1]).id
    assert.equal("2|2\n", sql.read(s, "SELECT COUNT(*), COUNT(DISTINCT subject) FROM claim"))
    fails(409, "slot_taken", book.create(c, org, "group-class", list[1]))
    for _, slot in ipairs(slots()) do
      assert.is_false(slot.startsAt == list[1].startsAt) -- both members of the team are taken
    end
    assert.equal(200, move(id, list[4]).status)
    assert.equal(200, c:post(book.confirmation(id, "/cancel")).status)
    assert.same(list, slots("group-class"))
    local busy = made("consultation", slots()[1]) -- now one of the two is
    fails(409, "slot_taken", book.create(c, org, "group-class", list[1]))
    assert.equal("1\n", sql.read(s, "SELECT COUNT(*) FROM claim"))
    assert.equal(busy.start_at, list[1].startsAt)
  end)

  it("on approval holds its slot while it is pending", function()
    set("approval = 'required'")
    local slot = slots()[1]
    local booking = made("consultation", slot)
    assert.equal("pending", booking.status)
    fails(409, "slot_taken", book.create(c, org, "consultation", slot))
    local target = slots()[9]
    local r = move(booking.id, target)
    assert.same({ 200, "pending" }, { r.status, r:json().booking.status })
    assert.equal("pending\n", sql.read(s, "SELECT kind FROM claim"))
    assert.equal(1, #desk:get(book.prefix .. "/bookings?status=pending"):json().bookings)
    assert.equal(200, c:post(book.confirmation(booking.id, "/cancel")).status)
    assert.equal("", sql.read(s, "SELECT kind FROM claim"))
  end)

  it("that is internal or gone is not there for the public", function()
    local slot = slots()[1]
    local body = book.body(org, "consultation", slot)
    body.org_slug = nil
    for columns, status in pairs({ ["visibility = 'internal'"] = 201, ["status = 'inactive'"] = 404,
      ["status = 'archived'"] = 404 }) do
      set("visibility = 'public', status = 'active'")
      set(columns)
      assert.equal(404, book.create(c, org, "consultation", slot).status)
      assert.equal(404, c:get(book.public .. "/org/" .. org.slug .. "/service/consultation").status)
      assert.equal(1, #c:get(book.public .. "/org/" .. org.slug):json().services)
      assert.equal(status, desk:post(book.prefix .. "/bookings", body).status, columns)
    end
  end)

  it("is not given by who is away, whose class cannot be joined then", function()
    local slot = slots("group-class")[1]
    local id = made("group-class", slot, { party_size = 2 }).id
    local before = slots("group-class")
    sql.change(s, book.monday, ([[INSERT INTO claim (subject, kind, b0, b1, units, owner)
      SELECT host_id, 'time_off', start_at + 600, start_at + 1200, 1, 'away' FROM booking
      WHERE id = '%s']]):format(id))
    local after = slots("group-class")
    assert.equal(#before - 1, #after)
    fails(409, "slot_taken", book.create(c, org, "group-class", slot))
    assert.equal("confirmed", own(id).status)
    sql.change(s, book.monday, "DELETE FROM claim WHERE owner = 'away'")
    assert.same(before, slots("group-class"))
  end)

  it("is kept free by a hold until it runs out", function()
    local slot = slots()[1]
    local r = desk:post(book.prefix .. "/holds", { service_slug = "consultation",
      starts_at = slot.startsAt, ends_at = slot.endsAt, host_id = slot.hostId })
    assert.equal(201, r.status, r.body)
    s:advance(299)
    fails(409, "slot_taken", book.create(c, org, "consultation", slot))
    assert.is_false(slots()[1].hostId == slot.hostId)
    s:advance(1)
    assert.equal(slot.hostId, slots()[1].hostId)
    made("consultation", slot)
    assert.equal("0|1\n", sql.read(s, "SELECT (SELECT COUNT(*) FROM hold), (SELECT COUNT(*) FROM claim)"))
  end)
end)
