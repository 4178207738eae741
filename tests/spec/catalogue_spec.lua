package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
require("support.server").pure()
local hours = require("services.hours_rules")
local money = require("services.money")
local offers = require("services.offer_rules")
local patch = require("services.patch")
local null = kordless.json.null

-- The examples of RFC 7396, appendix A, where they are objects.
describe("a merge patch", function()
  for _, case in ipairs({
    { '{"a":"b"}', '{"a":"c"}', '{"a":"c"}' }, { '{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}' },
    { '{"a":"b"}', '{"a":null}', "{}" }, { '{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}' },
    { '{"a":["b"]}', '{"a":"c"}', '{"a":"c"}' }, { '{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}' },
    { '{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}' },
    { '{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}' },
    { '{"e":1}', '{"a":1}', '{"a":1,"e":1}' },
    { "{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}' },
  }) do
    it(case[1] .. " with " .. case[2], function()
      local decode = kordless.json.decode
      local before = decode(case[1])
      local merged = patch.merge(before, decode(case[2]))
      assert.same(decode(case[3]), decode(kordless.json.encode(merged)))
      assert.same(decode(case[1]), before)
    end)
  end
end)

describe("an amount", function()
  it("becomes minor units where its currency has them", function()
    for _, case in ipairs({ { 45, "USD", 4500 }, { 45.5, "USD", 4550 }, { 0.29, "USD", 29 },
      { 1.005, "USD" }, { 45, "JPY", 45 }, { 0.5, "JPY" }, { 4.567, "KWD", 4567 }, { 0, "EUR", 0 },
      { 1000000000, "KWD", 1000000000000 } }) do
      assert.equal(case[3], money.minor(case[1], case[2]))
    end
    for minor = 0, 20000 do
      assert.equal(minor, money.minor(money.major(minor, "USD"), "USD"))
      assert.equal(minor, money.minor(money.major(minor, "KWD"), "KWD"))
    end
  end)
end)

describe("hours", function()
  local function day(...)
    local schedule, faults = hours.schedule({ timezone = "UTC", weekly = { mon = { ... } } })
    return schedule.weekly.mon, faults
  end

  it("are stored so that windows can read them", function()
    local windows = require("availability.windows")
    local kept = hours.schedule({ timezone = "UTC", weekly = { sun = { { "22:00", "02:00" } },
      tue = { { "13:00", "24:00" }, { "09:00", "12:00" } } },
      overrides = { { date = "2031-01-02", closed = true },
        { date = "2031-01-01", hours = { { "10:00", "01:00" } } } } })
    assert.same({ { "22:00", "26:00" } }, kept.weekly.sun)
    assert.same({ { "09:00", "12:00" }, { "13:00", "24:00" } }, kept.weekly.tue)
    local read = windows.schedule("UTC", kept.weekly, kept.overrides)
    assert.same({ { 1320, 1560 } }, read.weekly[7])
    assert.same({ { 600, 1500 } }, read.overrides[kordless.time.days("2031-01-01")])
    assert.same({}, read.overrides[kordless.time.days("2031-01-02")])
  end)

  it("are shown as they were sent", function()
    for _, window in ipairs({ { "00:00", "24:00" }, { "23:59", "23:58" }, { "09:00", "17:30" } }) do
      local weekly = kordless.json.encode({ mon = (day(window)) })
      local shown = hours.shown({ timezone = "UTC", weekly = weekly, overrides = "[]" })
      assert.same(window, shown.weekly.mon[1])
    end
  end)

  it("neither overlap nor stand still", function()
    local function faults(...)
      local _, list = day(...)
      return #list
    end
    assert.equal(0, faults({ "09:00", "12:00" }, { "12:00", "13:00" }))
    assert.equal(1, faults({ "12:00", "13:00" }, { "09:00", "12:01" }))
    assert.equal(1, faults({ "22:00", "02:00" }, { "23:00", "24:00" }))
    assert.equal(1, faults({ "09:00", "09:00" }))
    assert.equal(2, faults({ "24:00", "01:00" }, { "9:00", "10:00" }))
  end)
end)

describe("a changed service", function()
  local function change(row, body)
    local changed, faults = offers.changed(row, body)
    return changed, table.concat(faults, "; ")
  end
  local new = { name = "Cut", slug = "cut", duration = 30, price = 45.5, currency = "USD",
    calendarSettings = { timezone = "UTC" } }

  it("is whole, and changes into itself", function()
    local row, faults = change(nil, new)
    assert.equal("", faults)
    assert.same({ "cut", 4550, 30, 30, 0 }, { row.key, row.price, row.duration_minutes,
      row.slot_interval_minutes, row.notice_hours })
    local again = change(row, { x = 1 })
    assert.same(row, again)
  end)

  it("keeps its amount in another currency, or says why not", function()
    local row = change(nil, new)
    assert.equal(45500, change(row, { currency = "KWD" }).price)
    assert.equal("price has more decimals than JPY has", select(2, change(row, { currency = "JPY" })))
    assert.equal("currency is required with a price", select(2, change(row, { currency = null })))
    assert.is_nil(change(row, { price = null, currency = null }).price)
  end)

  it("has one length", function()
    local row = change(nil, new)
    assert.equal(60, change(row, { duration = 60 }).duration_minutes)
    assert.equal(60, change(row, { calendarSettings = { duration_minutes = 60 } }).duration_minutes)
    assert.truthy(select(2, change(row, { duration = 60, calendarSettings = { duration_minutes = 45 } }))
      :find("must be the same", 1, true))
    assert.truthy(select(2, change(row, { calendarSettings = { buffer_after = 2880 } })):find("2,880"))
  end)
end)
