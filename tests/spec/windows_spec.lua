package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local server = require("support.server")
server.pure()
local windows = require("availability.windows")

local NY = "America/New_York"

local function at(text)
  return (kordless.time.parse(text))
end

local function schedule(zone, hours, overrides)
  local weekly = {}
  for _, day in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do
    weekly[day] = hours
  end
  return windows.schedule(zone, weekly, overrides or {})
end

local function world(schedules, closures)
  return {
    organization_id = "org", service = { id = "srv", timezone = NY, duration_minutes = 60 },
    candidates = { { key = "host", id = "host", hosts = { "host" } } },
    schedules = schedules, closures = closures or {},
  }
end

-- The open instants of one day, as text.
local function open(w, from, to)
  local lo, hi = at(from), at(to)
  local set = windows.of(windows.layout(w, lo, hi), w.candidates[1])
  local seen = {}
  for a, b in set:intersect(kordless.span.new(lo, hi)):each() do
    seen[#seen + 1] = kordless.time.format(a) .. "/" .. kordless.time.format(b)
  end
  return seen
end

local function starts(w, step, from, to)
  local lo, hi = at(from), at(to)
  local set = windows.of(windows.layout(w, lo, hi), w.candidates[1])
  local seen = {}
  for i, start in ipairs(windows.starts(set, NY, step * 60, lo, hi, 10000)) do
    seen[i] = kordless.time.format(start):sub(12, 16)
  end
  return table.concat(seen, " ")
end

describe("opening hours", function()
  it("are nobody's without any schedule", function()
    assert.same({}, open(world({}), "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"))
  end)

  it("are those of the one schedule there is", function()
    local w = world({ org = schedule(NY, { { "09:00", "12:00" }, { "13:00", "17:00" } }) })
    assert.same({ "2026-03-02T14:00:00Z/2026-03-02T17:00:00Z", "2026-03-02T18:00:00Z/2026-03-02T22:00:00Z" },
      open(w, "2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z"))
  end)

  it("are what all tiers share, each in its own zone", function()
    local w = world({
      org = schedule(NY, { { "09:00", "17:00" } }),
      host = schedule("Europe/Berlin", { { "08:00", "16:00" } }),
    })
    assert.same({ "2026-03-02T14:00:00Z/2026-03-02T15:00:00Z" },
      open(w, "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"))
  end)

  it("let an override replace its tier's day only", function()
    local day = { { date = "2026-03-02", hours = { { "08:00", "11:00" } } } }
    local w = world({
      org = schedule(NY, { { "09:00", "17:00" } }, day),
      host = schedule(NY, { { "10:00", "17:00" } }),
    })
    assert.same({ "2026-03-02T15:00:00Z/2026-03-02T16:00:00Z" },
      open(w, "2026-03-02T06:00:00Z", "2026-03-03T05:00:00Z"))
    day[1] = { date = "2026-03-02", closed = true }
    w.schedules.org = schedule(NY, { { "09:00", "17:00" } }, day)
    assert.same({}, open(w, "2026-03-02T06:00:00Z", "2026-03-03T05:00:00Z"))
  end)

  it("end with closures, whole days of the organization's zone", function()
    local w = world({ org = schedule(NY, { { "00:00", "24:00" } }) },
      { { first_date = "2026-03-02", last_date = "2026-03-02" } })
    assert.same({ "2026-03-02T00:00:00Z/2026-03-02T05:00:00Z", "2026-03-03T05:00:00Z/2026-03-04T00:00:00Z" },
      open(w, "2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z"))
  end)

  it("have 23 and 25 hours when the clocks change", function()
    local w = world({ org = schedule(NY, { { "00:00", "24:00" } }) })
    w.closures = { { first_date = "2026-03-07", last_date = "2026-03-07" },
      { first_date = "2026-03-09", last_date = "2026-10-31" },
      { first_date = "2026-11-02", last_date = "2026-11-02" } }
    assert.same({ "2026-03-08T05:00:00Z/2026-03-09T04:00:00Z" },
      open(w, "2026-03-07T06:00:00Z", "2026-03-09T12:00:00Z"))
    assert.same({ "2026-11-01T04:00:00Z/2026-11-02T05:00:00Z" },
      open(w, "2026-10-31T06:00:00Z", "2026-11-02T12:00:00Z"))
  end)

  it("move an end in the gap to the transition", function()
    local w = world({ org = schedule(NY, { { "02:30", "04:00" } }) })
    assert.same({ "2026-03-08T07:00:00Z/2026-03-08T08:00:00Z" },
      open(w, "2026-03-08T05:00:00Z", "2026-03-08T23:00:00Z"))
  end)

  it("begin at the first of two equal hours", function()
    local w = world({ org = schedule(NY, { { "01:30", "03:00" } }) })
    assert.same({ "2026-11-01T05:30:00Z/2026-11-01T08:00:00Z" },
      open(w, "2026-11-01T04:00:00Z", "2026-11-01T23:00:00Z"))
  end)
end)

describe("the grid", function()
  it("is anchored where the window opens", function()
    local w = world({ org = schedule(NY, { { "09:10", "11:00" } }) })
    assert.equal("14:10 14:40 15:10 15:40", starts(w, 30, "2026-03-02T12:00:00Z", "2026-03-02T23:00:00Z"))
    assert.equal("15:10", starts(w, 30, "2026-03-02T15:10:00Z", "2026-03-02T15:40:00Z"))
    assert.equal("15:10", starts(w, 30, "2026-03-02T14:40:01Z", "2026-03-02T15:11:00Z"))
  end)

  it("is anchored anew after a break", function()
    local w = world({ org = schedule(NY, { { "09:00", "10:15" }, { "10:25", "11:30" } }) })
    assert.equal("14:00 14:30 15:00 15:25 15:55 16:25",
      starts(w, 30, "2026-03-02T12:00:00Z", "2026-03-02T23:00:00Z"))
  end)

  it("does not depend on where one begins to look, also where it never closes", function()
    local w = world({ org = schedule("Asia/Kathmandu", { { "00:00", "24:00" } }) })
    local whole = {}
    local lo, hi = at("2026-03-05T00:00:00Z"), at("2026-03-10T00:00:00Z")
    local set = windows.of(windows.layout(w, lo, hi), w.candidates[1])
    for _, start in ipairs(windows.starts(set, NY, 50 * 60, lo, hi, 10000)) do
      whole[start] = true
    end
    for a = lo, hi - 1, 1000 do
      local b = math.min(a + 1000, hi)
      local part = windows.of(windows.layout(w, a, b), w.candidates[1])
      for _, start in ipairs(windows.starts(part, NY, 50 * 60, a, b, 10000)) do
        assert.is_true(whole[start], kordless.time.format(start))
        whole[start] = nil
      end
    end
    assert.is_nil(next(whole))
  end)

  it("restarts at midnight of the service's zone", function()
    local w = world({ org = schedule(NY, { { "00:00", "24:00" } }) })
    assert.equal("21:00 02:40 04:00 09:40", -- 22:40 at night, then midnight
      starts(w, 340, "2026-03-10T20:00:00Z", "2026-03-11T10:00:00Z"))
  end)
end)

describe("what was laid out", function()
  local function asked(w, from, to)
    local layout = windows.layout(w, at(from), at(to))
    windows.of(layout, w.candidates[1])
    return layout
  end

  it("is kept for the next question about these days, of the same source", function()
    local w = world({ org = schedule(NY, { { "09:00", "17:00" } }) })
    w.source = {}
    local first = asked(w, "2026-03-02T12:00:00Z", "2026-03-09T00:00:00Z")
    assert.equal(first, asked(w, "2026-03-02T23:59:59Z", "2026-03-08T00:00:01Z"))
    assert.are_not.equal(first, asked(w, "2026-03-02T12:00:00Z", "2026-03-09T00:00:01Z"))
    assert.are_not.equal(first, asked(w, "2026-03-03T00:00:00Z", "2026-03-09T00:00:00Z"))
    w.source = {}
    w.schedules.org = schedule(NY, { { "10:00", "11:00" } })
    assert.same({ "2026-03-02T15:00:00Z/2026-03-02T16:00:00Z" },
      open(w, "2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z"))
    w.source = nil
    assert.are_not.equal(asked(w, "2026-03-02T12:00:00Z", "2026-03-09T00:00:00Z"),
      asked(w, "2026-03-02T12:00:00Z", "2026-03-09T00:00:00Z"))
  end)

  it("is forgotten when it has become much", function()
    local w = world({ org = schedule(NY, { { "09:00", "12:00" }, { "13:00", "17:00" } }) })
    w.source = {}
    local lo, spans, n = at("2026-01-01T00:00:00Z"), 0, 0
    local first = windows.layout(w, lo, lo + 60 * 86400)
    repeat
      n = n + 1
      local layout = windows.layout(w, lo + n * 86400, lo + (n + 60) * 86400)
      spans = spans + #windows.of(layout, w.candidates[1])
    until windows.layout(w, lo, lo + 60 * 86400) ~= first or spans > 100000
    assert.is_true(spans > 10000 and spans < 50000, spans)
  end)

  it("lets a source go when its service has another, and when there are many services", function()
    local w, sources = world({ org = schedule(NY, { { "09:00", "17:00" } }) }), {}
    setmetatable(sources, { __mode = "k" })
    local function left()
      local n = 0
      collectgarbage()
      for _ in pairs(sources) do n = n + 1 end
      return n
    end
    local function ask()
      w.source = {}
      sources[w.source] = true
      asked(w, "2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z")
    end
    for _ = 1, 100 do ask() end
    assert.equal(1, left())
    for i = 1, 1000 do
      w.service.id = "srv_" .. i
      ask()
    end
    assert.is_true(left() < 256, left())
  end)
end)
