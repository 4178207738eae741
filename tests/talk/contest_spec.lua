-- Sixty-four callers want the same few slots: they book, hold, move, confirm and cancel each
-- other's bookings, send hosts away, repeat themselves and hang up, and the server is killed
-- among it. Nobody is taken twice and everything stands as it was told.

local match = require("tests.talk.support.contest.match")
local replay = require("tests.talk.support.contest.replay")
local sql = require("tests.talk.support.sql")

local TIMES = tonumber(os.getenv("KORDLESS_TORTURE"))
local REQUESTS, LEGS = 4000, 1
if TIMES then REQUESTS, LEGS = 25000, 4 * TIMES end

describe("a contest of sixty-four", function()
  local seed = tonumber(os.getenv("KORDLESS_SEED")) or os.time()
  local m
  after_each(function()
    if m then m.server:forget("KILL") end
    m = nil
  end)

  for leg = 1, LEGS do
    it("is fair, leg " .. leg, function()
      math.randomseed(seed + leg)
      m = match.begin()
      local faults = m:all(REQUESTS, 4)
      assert.same({}, table.move(faults, 1, 10, 1, {}), "KORDLESS_SEED=" .. seed)
      local missing = {}
      for _, kind in ipairs({ "create 201", "create 409", "create 422", "create unheard", "use 201",
        "cancel 200", "cancel 422", "move 200", "move 409", "confirm 200", "hold 201", "hold 409",
        "extend 200", "leave 201", "return 204" }) do
        missing[#missing + 1] = not m.memory.tally[kind] and kind or nil
      end
      assert.same({}, missing)
      if leg == LEGS then
        io.write(("note: %d requests, %d kills, seed %d\n"):format(REQUESTS * LEGS, 4 * LEGS, seed))
      end
    end)
  end
end)

-- The judges are no rubber stamps: what is wrong is seen, and called by its name.
describe("a contest that is not fair", function()
  local m
  local function find(list, fits)
    for i, one in ipairs(list) do
      if fits(one) then return one, i end
    end
    error("there is none to be spoilt")
  end
  local function copy(value)
    if type(value) ~= "table" then return value end
    local all = {}
    for k, v in pairs(value) do all[k] = copy(v) end
    return all
  end
  local function acknowledged(row) return row.status == "confirmed" and m.memory.bookings[row.id] end
  local function of_a_host(claim) return claim.kind == "booking" and claim.subject:find("^host_") end
  teardown(function()
    if m then m.server:forget("KILL") end
  end)

  it("is seen where the ledger does not refuse", function()
    math.randomseed(3)
    local spoilt = match.begin(function(s) sql.read(s, "DROP TRIGGER claim_fits") end)
    local faults = table.concat(spoilt:all(1500, 0), "\n")
    spoilt.server:forget("KILL")
    assert.truthy(faults:find("peak: a host is taken twice", 1, true), faults)
  end)

  local rows = {
    lost = function(all) table.remove(all.bookings, select(2, find(all.bookings, acknowledged))) end,
    half = function(all) table.remove(all.claims, select(2, find(all.claims, of_a_host))) end,
    peak = function(all)
      local claim = copy(find(all.claims, of_a_host))
      all.claims[#all.claims + 1] = claim
      claim.b0 = claim.b1 - 1
    end,
    limit = function(all)
      for _, row in ipairs(all.bookings) do row.email_folded, row.status = "x", "confirmed" end
    end,
    idempotency = function(all)
      all.bookings[1].contact_name = all.bookings[2].contact_name
    end,
  }
  local told = {
    order = function(memory)
      local _, b = next(memory.bookings)
      b.acks[#b.acks + 1] = { v = 2, sent = 1, done = 2 }
      b.acks[#b.acks + 1] = { v = 1, sent = 3, done = 4 }
    end,
    away = function(memory)
      local laid = find(memory.laid, function(one) return one.place end)
      table.insert(memory.laid, 1, { off = { host = laid.place.hosts[1], from = 0, a = laid.place.a,
        b = laid.place.a + 1 } })
    end,
    idempotency = function(memory)
      local _, try = next(memory.tries)
      try.lost, try.answers = true, { { status = 201, body = "1" }, { status = 201, body = "2" } }
    end,
    peak = function(memory)
      local span = find(memory.spans, function(one) return one.place.capacity == 1 end)
      local place = copy(span.place)
      place.group = "another"
      memory.spans[#memory.spans + 1] = { from = span.from, place = place }
    end,
  }

  it("is seen in the rows and in the answers", function()
    math.randomseed(4)
    m = match.begin()
    assert.same({}, m:all(800, 0))
    for word, spoil in pairs(rows) do
      local all = copy(m.rows)
      m.memory.faults = {}
      spoil(all)
      m:judge(all)
      local faults = table.concat(m.memory.faults, "\n")
      assert.truthy(("\n" .. faults):find("\n" .. word .. ":", 1, true), word .. "\n" .. faults)
    end
    for word, spoil in pairs(told) do
      m.memory.faults = {}
      spoil(m.memory)
      local faults = table.concat(replay.check(m.memory), "\n")
      assert.truthy(("\n" .. faults):find("\n" .. word .. ":", 1, true), word .. "\n" .. faults)
    end
  end)
end)
