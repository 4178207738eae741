package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")

local TUESDAY, WEDNESDAY = "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"

describe("a booking", function()
  local d, slots
  before_each(function()
    d = demo.start()
    slots = d:list(TUESDAY, WEDNESDAY)
  end)
  after_each(function() d:stop() end)

  local function codes(more)
    local list = {}
    for i, violation in ipairs(more.violations) do
      list[i] = violation.code
    end
    return table.concat(list, " ")
  end

  it("takes a slot and says so", function()
    local status, body = d:book("consultation", slots[1])
    assert.equal(201, status)
    assert.equal("confirmed", body.booking.status)
    assert.equal(body.booking.id:upper(), body.booking.confirmation_number)
    assert.equal("Consultation", body.booking.service_name)
    assert.truthy(body.calendar_invite.ics_url:find("^https://book.example/api/.*%.ics$"))
    assert.equal(#slots - 1, #d:list(TUESDAY, WEDNESDAY))
  end)

  it("goes to the host with the fewest, then by priority", function()
    local hosts = {}
    for i = 1, 4 do
      d:book("consultation", slots[2 * i - 1])
      hosts[i] = d.server.db:query("SELECT host_id FROM booking ORDER BY id DESC")[1].host_id
    end
    assert.are_not.equal(hosts[1], hosts[2])
    assert.equal(d.made.hosts[1].id, hosts[1])
    assert.equal(d.made.hosts[2].id, hosts[2])
    assert.equal(hosts[1], hosts[3])
  end)

  it("can be made of every listed slot and of nothing else", function()
    local listed = {}
    for _, slot in ipairs(slots) do
      listed[slot.startsAt .. slot.hostId] = slot
    end
    local tried = 0
    for at = demo.at(TUESDAY), demo.at(WEDNESDAY) - 1, 900 do
      for _, host in ipairs(d.made.hosts) do
        local text = kordless.time.format(at)
        local slot = { startsAt = text, endsAt = kordless.time.format(at + 1800) }
        local status = d:book("consultation", slot, { host_id = host.id })
        assert.equal(listed[text .. host.id] and 201 or "unprocessable", status, text)
        tried = tried + (status == 201 and 1 or 0)
      end
    end
    assert.equal(#slots, tried)
    assert.same({}, d:list(TUESDAY, WEDNESDAY))
  end)

  it("is refused with the nearest alternatives when the slot is taken", function()
    for _ = 1, 2 do
      assert.equal(201, (d:book("consultation", slots[3])))
    end
    local name, more = d:book("consultation", slots[3])
    assert.equal("slot_taken", name)
    assert.equal(3, #more.alternatives)
    assert.equal("2026-06-09T13:00:00Z", more.alternatives[1].startsAt)
    assert.equal("2026-06-09T14:00:00Z", more.alternatives[2].startsAt)
    assert.equal("2026-06-09T14:30:00Z", more.alternatives[3].startsAt)
  end)

  it("names every rule it breaks", function()
    local function try(from, to, more)
      local name, members = d:book("consultation", { startsAt = from, endsAt = to }, more)
      assert.equal("unprocessable", name)
      return codes(members)
    end
    assert.equal("in_the_past", try("2026-05-29T13:00:00Z", "2026-05-29T13:30:00Z"))
    assert.equal("too_soon", try("2026-06-01T13:30:00Z", "2026-06-01T14:00:00Z"))
    assert.equal("too_far", try("2026-09-01T13:00:00Z", "2026-09-01T13:30:00Z"))
    assert.equal("outside_hours", try("2026-06-09T02:00:00Z", "2026-06-09T02:30:00Z"))
    assert.equal("off_grid", try("2026-06-09T13:10:00Z", "2026-06-09T13:40:00Z"))
    assert.equal("off_grid", try("2026-06-09T13:00:00.2Z", "2026-06-09T13:30:00Z"))
    assert.equal("wrong_duration party_too_large outside_hours",
      try("2026-06-09T02:00:00Z", "2026-06-09T03:30:00Z", { party_size = 2 }))
    assert.equal("host_not_offered",
      try("2026-06-09T13:00:00Z", "2026-06-09T13:30:00Z", { host_id = "host_x" }))
    d.server.db:query("INSERT INTO closure VALUES ('clo_1', 'org_1', '2026-06-09', '2026-06-09', NULL)")
    assert.equal("closed", try("2026-06-09T13:00:00Z", "2026-06-09T13:30:00Z"))
  end)

  it("obeys the operator's policy, as the list does", function()
    local script = { offer = function(request)
      local refused = {}
      for i = 1, request.n do
        assert(request.weekdays[i] == 2)
        refused[i] = request.minutes[i] < 600 and { code = "x_early", message = "Too early." } or nil
      end
      return refused
    end }
    d.server.scripts.booking = script
    local less = d:list(TUESDAY, WEDNESDAY)
    assert.equal("2026-06-09T14:00:00Z", less[1].startsAt)
    local name, more = d:book("consultation", slots[1])
    assert.equal("unprocessable", name)
    assert.equal("x_early", codes(more))
    script.price = function() return 7000 end
    assert.equal(201, (d:book("consultation", less[1])))
    assert.equal(7000, d.server.db:query("SELECT price FROM booking")[1].price)
  end)

  it("says all that is wrong with its fields", function()
    local function detail(body)
      local name, more = d:call("bookings", "create", { body = body })
      assert.equal("validation_error", name)
      return more.detail
    end
    assert.equal("the body must be a JSON object.", detail(nil))
    assert.equal("the body must be a JSON object.", detail("text"))
    assert.truthy(detail({ other = 1 }):find("^org_slug is required; service_slug is required; starts_at is"
      .. " required; ends_at is required; timezone is required; contact is required%.$"))
    local body = demo.body("consultation", slots[1], { contact = { name = " ", email = "nobody" },
      party_size = 1.5, notes = ("x"):rep(2001), timezone = 5 })
    assert.equal("timezone must be a time zone such as America/New_York; contact.name must not be"
      .. " blank; contact.email must be an email address; party_size must be a whole number from 1"
      .. " to 1000000; notes must have at most 2000 characters.", detail(body))
    body = demo.body("consultation", slots[1], { contact = { name = "Kim" } })
    assert.equal("contact must have an email or a phone.", detail(body))
  end)

  it("is decided again when the catalogue moved meanwhile, three times at most", function()
    local times = 0
    d.server.before_transaction = function()
      times = times + 1
      if times == 1 then
        d.server.db:query("UPDATE catalogue SET version = version + 1")
      end
    end
    assert.equal(201, (d:book("consultation", slots[1])))
    assert.equal(2, times)
    d.server.before_transaction = function()
      times = times + 1
      d.server.db:query("UPDATE catalogue SET version = version + 1")
    end
    assert.equal("conflict", (d:book("consultation", slots[1])))
    assert.equal(5, times)
  end)

  it("tries the next host when the ledger refuses the first, then gives up", function()
    local function steal(n)
      d.server.before_transaction = function(_, args)
        d.server.before_transaction = nil
        for i = 1, n do
          local host = args.candidates[i].id
          d.server.db:query("INSERT INTO subject SELECT ?, 'org_1', 1 WHERE NOT EXISTS"
            .. " (SELECT 1 FROM subject WHERE id = ?)", host, host)
          d.server.db:query("INSERT INTO claim (subject, kind, b0, b1, units, owner)"
            .. " VALUES (?, 'busy', ?, ?, 1, 'x')", host, args.plan.start, args.plan.finish)
        end
      end
    end
    steal(1)
    assert.equal(201, (d:book("consultation", slots[1])))
    assert.equal(d.made.hosts[2].id, d.server.db:query("SELECT host_id FROM booking")[1].host_id)
    steal(2)
    local before = #d:ledger()
    local name, more = d:book("consultation", slots[5])
    assert.equal("slot_taken", name)
    assert.equal(3, #more.alternatives)
    assert.equal(before + 2, #d:ledger())
  end)

  it("pays no heed to a hold that ran out", function()
    for _, host in ipairs(d.made.hosts) do
      d.server.db:query("INSERT INTO subject VALUES (?, 'org_1', 1)", host.id)
      d.server.db:query("INSERT INTO claim (subject, kind, b0, b1, units, owner, expires_at)"
        .. " VALUES (?, 'hold', ?, ?, 1, 'hold_1', ?)", host.id, demo.at(TUESDAY), demo.at(WEDNESDAY),
        demo.NOW + 600)
    end
    assert.same({}, d:list(TUESDAY, WEDNESDAY))
    assert.equal("slot_taken", (d:book("consultation", slots[1])))
    d.server.now = demo.NOW + 600
    assert.same(slots, d:list(TUESDAY, WEDNESDAY))
    assert.equal(201, (d:book("consultation", slots[1])))
  end)
end)
