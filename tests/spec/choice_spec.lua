package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")

local FROM, TO = "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"

describe("who serves, where the customer names nobody,", function()
  local d, hosts
  before_each(function()
    d, hosts = demo.start(), {}
    for i, host in ipairs(d.made.hosts) do hosts[i] = host.id end
    table.sort(hosts)
  end)
  after_each(function() d:stop() end)

  -- The starts that all of these hosts have free.
  local function shared(service, n)
    local seen, list = {}, {}
    for _, slot in ipairs(d:slots(service, FROM, TO)) do
      seen[slot.startsAt] = (seen[slot.startsAt] or 0) + 1
      if seen[slot.startsAt] == n then
        list[#list + 1] = { startsAt = slot.startsAt, endsAt = slot.endsAt }
      end
    end
    return list
  end

  local function taken_by(service, slot)
    assert.equal(201, (d:book(service, slot)))
    return d.server.db:query("SELECT host_id FROM booking ORDER BY id DESC LIMIT 1")[1].host_id
  end

  it("is who has the fewest bookings for the weight", function()
    d.server.db:query("UPDATE service SET max_parallel_bookings = 1, buffer_after = 0")
    local team = d.server.db:query("SELECT host_id FROM team_member ORDER BY host_id")
    d.server.db:query("UPDATE team_member SET weight = CASE host_id WHEN ? THEN 2 ELSE 1 END,"
      .. " priority = 1", team[2].host_id)
    local n = {}
    for i, slot in ipairs(shared("group-class", 2)) do
      local host = taken_by("group-class", slot)
      n[host] = (n[host] or 0) + 1
      if i == 6 then break end
    end
    assert.same({ [team[1].host_id] = 2, [team[2].host_id] = 4 }, n)
  end)

  it("then by priority, then by id", function()
    d.server.db:query("UPDATE service_host SET priority = 1")
    assert.equal(hosts[1], taken_by("consultation", shared("consultation", 3)[1]))
    d.server.db:query("DELETE FROM booking")
    d.server.db:query("UPDATE service_host SET priority = CASE host_id WHEN ? THEN 1 ELSE 2 END",
      hosts[3])
    d.server.db:query("UPDATE catalogue SET version = version + 1")
    assert.equal(hosts[3], taken_by("consultation", shared("consultation", 3)[1]))
  end)

  it("is the first by the script's rank, before all that", function()
    local order = { [hosts[1]] = 2, [hosts[2]] = -1.5, [hosts[3]] = 7 }
    d.server.scripts.booking = { rank = function(request)
      local ranks = {}
      for i = 1, request.n do ranks[i] = order[request.host_ids[i]] end
      return ranks
    end }
    local slots = shared("consultation", 3)
    for i = 1, 3 do
      assert.equal(hosts[2], taken_by("consultation", slots[i]))
    end
    assert.equal(hosts[1], taken_by("consultation", slots[1])) -- the second, where the first is taken
    assert.equal(hosts[3], taken_by("consultation", slots[1]))
    order[hosts[2]] = 0 / 0 -- what is no number to compare with counts as 0
    order[hosts[1]], order[hosts[3]] = "1", nil
    assert.equal(hosts[3], taken_by("consultation", slots[5]))
    d.server.scripts.booking = { rank = function() return "first" end }
    assert.has_error(function() d:book("consultation", slots[6]) end)
  end)

  it("stays when the booking moves, whatever the rank, while free", function()
    local slots = shared("consultation", 3)
    local _, made = d:book("consultation", slots[1], { host_id = hosts[3] })
    d.server.scripts.booking = { rank = function(request)
      local ranks = {}
      for i = 1, request.n do ranks[i] = request.host_ids[i] == hosts[1] and 0 or 1 end
      return ranks
    end }
    local to = { start_at = slots[4].startsAt, end_at = slots[4].endsAt }
    assert.equal(200, (d:contact("reschedule", made.booking, nil, to)))
    assert.equal(hosts[3], d.server.db:query("SELECT host_id FROM booking")[1].host_id)
  end)
end)

describe("buffers", function()
  local d
  before_each(function()
    d = demo.start()
    d.server.db:query("DELETE FROM service_host WHERE host_id <> ?", d.made.hosts[1].id)
    d.server.db:query("DELETE FROM team_member WHERE host_id <> ?", d.made.hosts[1].id)
    d.server.db:query("UPDATE service SET slot_interval_minutes = 5, duration_minutes = 30,"
      .. " max_parallel_bookings = 1, minimum_notice_minutes = 0")
    d.server.db:query("UPDATE service SET buffer_before = 5, buffer_after = 10"
      .. " WHERE slug = 'consultation'")
    d.server.db:query("UPDATE service SET buffer_before = 20, buffer_after = 15"
      .. " WHERE slug = 'group-class'")
    d.server.db:query("UPDATE catalogue SET version = version + 1")
  end)
  after_each(function() d:stop() end)

  local function starts(service)
    local list = {}
    for _, slot in ipairs(d:slots(service, FROM, TO)) do list[slot.startsAt:sub(12, 16)] = slot end
    return list
  end

  it("between two are the sum of the one's after and the other's before", function()
    d:book("consultation", starts("consultation")["14:00"])
    local free = starts("group-class") -- 14:30, then 10 and 20 minutes
    assert.is_nil(free["14:55"])
    assert.truthy(free["15:00"])
    assert.is_nil(free["13:15"]) -- ends 13:45, then 15 and 5 minutes are too much
    assert.truthy(free["13:10"])
  end)

  it("keep the same pairs apart, whichever is booked first", function()
    local pairs_of, both = { "consultation", "group-class" }, {}
    for i = 1, 2 do
      local first, second = pairs_of[i], pairs_of[3 - i]
      for start, slot in pairs(starts(first)) do
        local _, made = d:book(first, slot)
        for other in pairs(starts(second)) do
          local key = i == 1 and start .. " " .. other or other .. " " .. start
          both[key] = (both[key] or 0) + i
        end
        d:contact("cancel", made.booking)
      end
    end
    local n = 0
    for key, seen in pairs(both) do
      assert.equal(3, seen, key)
      n = n + 1
    end
    assert.is_true(n > 1000)
  end)

  it("may lie outside the hours, the service itself may not", function()
    local free = starts("group-class")
    assert.truthy(free["13:00"]) -- opens at 13:00, and 20 minutes before are none of the customer's
    assert.truthy(free["15:30"]) -- until 16:00, when the host's morning ends
    assert.is_nil(free["15:35"])
    assert.is_nil(free["12:55"])
  end)
end)
