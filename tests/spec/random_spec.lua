package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")

-- Any order of bookings, moves and cancellations, of two services that share hosts, with
-- buffers and sessions: what is listed can be booked, what is not cannot, and when all is
-- canceled the calendar is as it was.
describe("after any history", function()
  local FROM, TO = "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"
  local names = { "consultation", "group-class" }
  local d, untouched, open

  local function lists()
    return { d:slots(names[1], FROM, TO), d:slots(names[2], FROM, TO) }
  end

  before_each(function()
    d = demo.start()
    d.server.db:query("UPDATE service SET buffer_before = 10, slot_interval_minutes = 20")
    d.server.scripts.booking = nil
    untouched, open = lists(), {}
    math.randomseed(11)
  end)
  after_each(function() d:stop() end)

  local function step()
    local which, dice = math.random(2), math.random(6)
    local slot = untouched[which][math.random(#untouched[which])]
    if dice == 1 and #open > 0 then
      d:contact("cancel", table.remove(open, math.random(#open)))
    elseif dice == 2 and #open > 0 then
      local status, body = d:contact("reschedule", open[math.random(#open)], nil,
        { start_at = slot.startsAt, end_at = slot.endsAt })
      assert(status == 200 or status == "slot_taken" or body.violations[1].code == "wrong_duration")
    else
      local status, body = d:book(names[which], slot,
        { host_id = slot.hostId, party_size = which == 2 and math.random(4) or 1 })
      assert(status == 201 or status == "slot_taken")
      open[#open + 1] = status == 201 and body.booking or nil
    end
  end

  it("lists and bookings agree", function()
    for _ = 1, 60 do
      step()
    end
    for which, name in ipairs(names) do
      local listed = {}
      for _, slot in ipairs(d:slots(name, FROM, TO)) do
        listed[slot.startsAt .. slot.hostId] = true
      end
      for _, slot in ipairs(untouched[which]) do
        local status, body = d:book(name, slot, { host_id = slot.hostId })
        assert.equal(listed[slot.startsAt .. slot.hostId] and 201 or "slot_taken", status)
        if status == 201 then -- and undone, so that the next one is asked the same question
          d:contact("cancel", body.booking)
        end
      end
    end
    for _, booking in ipairs(open) do
      assert.equal(200, (d:contact("cancel", booking)))
    end
    assert.same({}, d:ledger())
    assert.same(untouched, lists())
  end)
end)
