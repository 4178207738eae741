package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")

local TUESDAY, WEDNESDAY = "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"

describe("a group session", function()
  local d, slots
  before_each(function()
    d = demo.start()
    slots = d:slots("group-class", TUESDAY, WEDNESDAY)
  end)
  after_each(function() d:stop() end)

  local function book(slot, size, more)
    more = more or {}
    more.party_size = size
    return d:book("group-class", slot, more)
  end

  local function free(slot)
    for _, now in ipairs(d:slots("group-class", TUESDAY, WEDNESDAY)) do
      if now.startsAt == slot.startsAt and now.hostId == slot.hostId then
        return now.availableCapacity
      end
    end
    return 0
  end

  it("shares its places and its host's time", function()
    assert.equal("Studio", slots[1].team.name)
    local host = { host_id = slots[1].hostId }
    assert.equal(201, (book(slots[1], 3, host)))
    assert.equal(5, free(slots[1]))
    assert.equal(201, (book(slots[1], 4, host)))
    assert.equal("slot_taken", (book(slots[1], 2, host)))
    assert.equal(201, (book(slots[1], 1, host)))
    assert.equal(0, free(slots[1]))
    local hosts = d.server.db:query("SELECT COUNT(*) AS n FROM claim WHERE subject = ?", slots[1].hostId)
    assert.equal(1, hosts[1].n)
  end)

  it("keeps its host from everything else, with its buffer", function()
    book(slots[1], 1, { host_id = slots[1].hostId })
    for _, slot in ipairs(d:list("2026-06-09T13:00:00Z", "2026-06-09T14:30:00Z")) do
      assert.are_not.equal(slots[1].hostId, slot.hostId)
    end
    assert.equal(0, free({ startsAt = "2026-06-09T14:00:00Z", hostId = slots[1].hostId }))
  end)

  it("is gone with its last booking", function()
    local host = { host_id = slots[1].hostId }
    local _, one = book(slots[1], 3, host)
    local _, two = book(slots[1], 2, host)
    d:contact("cancel", one.booking)
    assert.equal(6, free(slots[1]))
    d:contact("cancel", two.booking)
    assert.same({}, d:ledger())
    assert.same(slots, d:slots("group-class", TUESDAY, WEDNESDAY))
    assert.same({}, d.server.db:query("SELECT id FROM subject WHERE id LIKE 'srv%'"))
  end)

  it("moves with its only booking over its own time", function()
    local host = { host_id = slots[1].hostId }
    local _, body = book(slots[1], 8, host)
    d.server.db:query("UPDATE service SET slot_interval_minutes = 30")
    local status, list = d:contact("slots", body.booking, { from = TUESDAY, to = WEDNESDAY })
    assert.equal(200, status)
    assert.equal("2026-06-09T13:00:00Z", list.slots[1].startsAt)
    assert.equal("2026-06-09T13:30:00Z", list.slots[3].startsAt)
    assert.equal(slots[1].hostId, list.slots[3].hostId)
    assert.equal(200, (d:contact("reschedule", body.booking, nil,
      { start_at = "2026-06-09T13:30:00Z", end_at = "2026-06-09T14:30:00Z" })))
    assert.equal(2, #d:ledger())
  end)

  it("takes nobody more once its host is away", function()
    local host = { host_id = slots[1].hostId }
    book(slots[1], 1, host)
    d.server.before_transaction = function()
      d.server.before_transaction = nil
      d.server.db:query("INSERT INTO claim (subject, kind, b0, b1, units, owner)"
        .. " VALUES (?, 'time_off', ?, ?, 1, 'x')", slots[1].hostId, demo.at(TUESDAY),
        demo.at(WEDNESDAY))
    end
    assert.equal("slot_taken", (book(slots[1], 1, host)))
    assert.equal(0, free(slots[1]))
    assert.equal("slot_taken", (book(slots[1], 1, host)))
  end)

  it("is not joined for longer than its host stays", function()
    book(slots[1], 1, { host_id = slots[1].hostId })
    d.server.db:query("UPDATE service SET duration_minutes = 90 WHERE slug = 'group-class'")
    assert.equal(0, free(slots[1]))
  end)

  local function of_a_whole_team()
    d.server.db:query("UPDATE service SET fulfillment = 'collective' WHERE slug = 'group-class'")
    for _, one in ipairs(d:slots("group-class", TUESDAY, WEDNESDAY)) do
      if one.startsAt == "2026-06-09T18:00:00Z" then return one end
    end
  end
  local function join_the_others()
    d.server.db:query("INSERT INTO team_member SELECT t.id, h.id, 'member', 1, 3 FROM team t, host h"
      .. " WHERE h.id NOT IN (SELECT host_id FROM team_member)")
  end

  it("is not joined for a team that has somebody new since", function()
    local slot = of_a_whole_team()
    assert.equal(201, (book(slot, 1)))
    assert.equal(7, free(slot))
    join_the_others()
    assert.equal(0, free(slot)) -- who is new would have had to be there from the first on
    assert.equal("slot_taken", (book(slot, 1)))
  end)

  it("is not joined, nor is there another, for a team of others; one with it moves", function()
    local slot = of_a_whole_team()
    local status, body = book(slot, 1)
    assert.equal(201, status)
    join_the_others()
    d.server.db:query("DELETE FROM team_member WHERE priority < 3")
    assert.equal(0, free(slot))
    assert.equal("slot_taken", (book(slot, 1)))
    local later = { startsAt = "2026-06-09T20:00:00Z", endsAt = "2026-06-09T21:00:00Z" }
    assert.equal(8, free(later))
    assert.equal(201, (book(later, 1)))
    assert.equal(200, (d:contact("reschedule", body.booking, nil,
      { start_at = slot.startsAt, end_at = slot.endsAt })))
    assert.equal(7, free(slot))
    assert.equal(201, (book(slot, 1)))
  end)

  it("that nobody keeps any more is in nobody's way, whoever gave it", function()
    local slot = of_a_whole_team()
    book(slot, 1)
    d.server.db:query("INSERT INTO claim (subject, kind, b0, b1, units, owner, expires_at)"
      .. " SELECT subject, 'hold', b0, b1, units, owner, 1 FROM claim WHERE owner LIKE 'book%'")
    d.server.db:query("DELETE FROM claim WHERE owner LIKE 'book%' AND expires_at IS NULL")
    join_the_others()
    d.server.db:query("DELETE FROM team_member WHERE priority < 3")
    assert.equal(8, free(slot))
    d.server.db:query("INSERT INTO claim (subject, kind, b0, b1, units, owner, expires_at)"
      .. " SELECT h.id, 'hold', -value, -value + 1, 1, 'hold_x', 0 FROM host h,"
      .. " generate_series(1, 200) WHERE h.id NOT IN (SELECT host_id FROM team_member)")
    assert.equal(201, (book(slot, 1)))
  end)

  it("grows and shrinks with its service", function()
    local host = { host_id = slots[1].hostId }
    book(slots[1], 4, host)
    d.server.db:query("UPDATE service SET max_parallel_bookings = 5 WHERE slug = 'group-class'")
    assert.equal(1, free(slots[1]))
    assert.equal("slot_taken", (book(slots[1], 2, host)))
    assert.equal(201, (book(slots[1], 1, host)))
    d.server.db:query("UPDATE service SET max_parallel_bookings = 3 WHERE slug = 'group-class'")
    assert.equal("slot_taken", (book(slots[1], 1, host)))
    d.server.db:query("UPDATE service SET max_parallel_bookings = 7 WHERE slug = 'group-class'")
    assert.equal(201, (book(slots[1], 2, host)))
  end)
end)

describe("other ways to give a service", function()
  local d
  before_each(function() d = demo.start() end)
  after_each(function() d:stop() end)

  it("books all of a team at once", function()
    d.server.db:query("UPDATE service SET fulfillment = 'collective', max_parallel_bookings = 1"
      .. " WHERE slug = 'group-class'")
    local ada = d.made.hosts[1].id
    local all = d:slots("group-class", TUESDAY, WEDNESDAY)
    assert.equal(7, #all)
    assert.is_nil(all[1].hostId)
    d:book("consultation", { startsAt = all[1].startsAt, endsAt = "2026-06-09T13:30:00Z" },
      { host_id = ada })
    local slots = d:slots("group-class", TUESDAY, WEDNESDAY)
    assert.equal(6, #slots)
    local status, body = d:book("group-class", slots[1])
    assert.equal(201, status)
    assert.equal(3, #d:ledger())
    assert.equal("slot_taken", (d:book("group-class", slots[1])))
    d:contact("cancel", body.booking)
    assert.equal(1, #d:ledger())
  end)

  it("leaves nothing behind of a team that is not free as a whole", function()
    local ledger = require("bookings.ledger")
    local ada, ben = d.made.hosts[1].id, d.made.hosts[2].id
    d.server.db:query("INSERT INTO subject VALUES (?, 'org_1', 1)", ben)
    d.server.db:query("INSERT INTO claim (subject, kind, b0, b1, units, owner)"
      .. " VALUES (?, 'busy', 0, 99999, 1, 'x')", ben)
    for places = 1, 2 do
      local plan = {
        owner = "book_1", now = 0, organization_id = "org_1", kind = "booking", units = 1,
        start = 3600, finish = 7200, service = { id = "srv_1", duration_minutes = 60,
          buffer_before = 0, buffer_after = 0, max_parallel_bookings = places },
      }
      d.server.writing = true
      local who = ledger.place_any(plan, { { key = "team_1", hosts = { ada, ben } } })
      d.server.writing = false
      assert.is_nil(who)
      assert.equal(1, #d:ledger())
    end
  end)

  it("wants the host named where the customer chooses", function()
    d.server.db:query("UPDATE service SET fulfillment = 'specific_host' WHERE slug = 'consultation'")
    local slots = d:list(TUESDAY, WEDNESDAY)
    local name, more = d:book("consultation", slots[1])
    assert.equal("unprocessable", name)
    assert.equal("host_not_offered", more.violations[1].code)
    local status, body = d:book("consultation", slots[1], { host_id = slots[1].hostId })
    assert.equal(201, status)
    assert.equal(200, (d:contact("reschedule", body.booking, nil,
      { start_at = slots[5].startsAt, end_at = slots[5].endsAt })))
    assert.equal(slots[1].hostId, d.server.db:query("SELECT host_id FROM booking")[1].host_id)
  end)

  it("moves a booking of a whole team to any host, once customers choose theirs", function()
    d.server.db:query("UPDATE service SET fulfillment = 'collective', max_parallel_bookings = 1"
      .. " WHERE slug = 'group-class'")
    local slots = d:slots("group-class", TUESDAY, WEDNESDAY)
    local _, body = d:book("group-class", slots[1])
    d.server.db:query("UPDATE service SET fulfillment = 'specific_host' WHERE slug = 'group-class'")
    d.server.db:query("INSERT INTO service_host SELECT s.id, h.id, 1 FROM service s, host h"
      .. " WHERE s.slug = 'group-class'")
    local _, list = d:contact("slots", body.booking, { from = TUESDAY, to = WEDNESDAY })
    local to = { start_at = list.slots[4].startsAt, end_at = list.slots[4].endsAt }
    assert.equal(200, (d:contact("reschedule", body.booking, nil, to)))
    local host = d.server.db:query("SELECT host_id FROM booking")[1].host_id
    assert.truthy(host) -- whom the next move keeps
    _, list = d:contact("slots", body.booking, { from = TUESDAY, to = WEDNESDAY })
    for _, slot in ipairs(list.slots) do assert.equal(host, slot.hostId) end
    assert.equal("host_not_offered", (select(2, d:book("group-class", list.slots[1])))
      .violations[1].code)
  end)

  it("holds a slot that waits for approval", function()
    d.server.db:query("UPDATE service SET approval = 'required' WHERE slug = 'consultation'")
    local slots = d:list(TUESDAY, WEDNESDAY)
    local _, body = d:book("consultation", slots[1])
    assert.equal("pending", body.booking.status)
    assert.equal("pending", d:ledger()[1].kind)
    assert.equal(#slots - 1, #d:list(TUESDAY, WEDNESDAY))
  end)

  it("hides what is internal or inactive from the public only", function()
    local slots = d:list(TUESDAY, WEDNESDAY)
    d.server.db:query("UPDATE service SET visibility = 'internal'")
    assert.equal("not_found", (d:book("consultation", slots[1])))
    local body = demo.body("consultation", slots[1])
    assert.equal(201, (d:call("bookings", "create_own", { body = body })))
    d.server.db:query("UPDATE service SET status = 'inactive'")
    assert.equal("not_found", (d:call("bookings", "create_own", { body = body })))
  end)
end)
