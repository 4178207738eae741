package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local server = require("support.server")

describe("the limits of a service", function()
  local limits, null
  setup(function()
    server.pure()
    limits, null = require("services.limits"), kordless.json.null
  end)

  local function faults(value)
    local list = {}
    limits.check(list, value)
    table.sort(list)
    return table.concat(list, "; ")
  end

  it("are whole numbers, told all at once when they are not", function()
    for _, good in ipairs({ {}, { per_day = 1, minutes_per_month = 1000000 },
      { per_week = null, per_host = null, per_contact = { per_month = 10000 } } }) do
      assert.equal("", faults(good))
    end
    assert.equal("", faults(nil) .. faults(null))
    assert.equal("limits must be an object", faults(7))
    assert.equal("limits.per_contact must be an object; limits.per_day must be a whole number"
      .. " from 1 to 10000; limits.per_host.minutes_per_week must be a whole number from 1 to"
      .. " 1000000", faults({ per_day = 0, per_host = { minutes_per_week = 1.5 }, per_contact = 1 }))
    assert.truthy(faults({ per_month = 10001 }):find("per_month", 1, true))
  end)

  it("merge as RFC 7396 says", function()
    local function merge(text, patch)
      local merged = limits.merge(text, patch)
      return merged == null and null or limits.of(merged)
    end
    local text = limits.merge(nil, { per_day = 3, per_host = { per_day = 2, per_week = 9 }, x = 1 })
    assert.equal(3, limits.of(text).per_day)
    assert.is_nil(limits.of(text).x)
    local now = merge(text, { per_day = null, per_host = { per_day = null }, per_contact = { per_day = 1 } })
    assert.same({ nil, 9, 1 }, { now.per_day, now.per_host.per_week, now.per_contact.per_day })
    assert.is_nil(now.per_host.per_day)
    assert.equal(null, merge(text, null))
    assert.equal(null, merge(text, { per_day = null, per_host = null }))
    assert.equal(text, limits.merge(text, nil))
    assert.same({ null, null }, { limits.merge(nil, nil), limits.show(nil) })
    assert.equal(3, limits.show(text).per_day)
  end)

  local function spans(zone, date, members)
    local list = {}
    for _, window in ipairs(limits.windows(members, zone, kordless.time.days(date))) do
      list[#list + 1] = kordless.time.format(window.from) .. " " .. kordless.time.format(window.to)
    end
    return list
  end

  it("count in days, weeks from Monday and months of a zone", function()
    local all = { per_day = 1, minutes_per_week = 1, per_month = 1 }
    assert.same({ "2026-03-08T05:00:00Z 2026-03-09T04:00:00Z", -- 23 hours
      "2026-03-02T05:00:00Z 2026-03-09T04:00:00Z", "2026-03-01T05:00:00Z 2026-04-01T04:00:00Z" },
      spans("America/New_York", "2026-03-08", all))
    assert.same({ "2025-12-31T00:00:00Z 2026-01-01T00:00:00Z", "2025-12-29T00:00:00Z 2026-01-05T00:00:00Z",
      "2025-12-01T00:00:00Z 2026-01-01T00:00:00Z" }, spans("UTC", "2025-12-31", all))
    assert.same({}, spans("UTC", "2025-12-31", { per_host = all }))
    assert.same({}, limits.windows(nil, "UTC", 0))
  end)

  it("are broken by one more than fits, not by the last one that does", function()
    local window = { unit = "week", count = 3, minutes = 100 }
    assert.is_nil(limits.broken(window, "service", 2, 70, 30))
    assert.same({ code = "limit_reached", message = "This service takes at most 3 bookings a week." },
      limits.broken(window, "service", 3, 70, 30))
    assert.equal("This service takes at most 100 minutes of one host a week.",
      limits.broken(window, "host", 2, 71, 30).message)
  end)
end)
