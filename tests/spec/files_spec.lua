package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
require("support.server").pure()
local money = require("services.money")
local rules = require("bookings.rules")

local function manifest(path)
  return assert(loadfile(path .. "/plugin.lua", "t", {}))()
end

describe("a manifest", function()
  for _, name in ipairs({ "services", "availability", "bookings" }) do
    it("of " .. name .. " names handlers that are there", function()
      local m = manifest("plugins/" .. name)
      assert.equal(name, m.name)
      for _, route in ipairs(m.routes) do
        assert.is_function(require(name .. ".handlers")[route.handler], route.handler)
      end
    end)
  end

  for _, name in ipairs({ "hello", "echo" }) do
    it("of the example " .. name .. " does too", function()
      local handlers = dofile("examples/" .. name .. "/handlers.lua")
      for _, route in ipairs(manifest("examples/" .. name).routes) do
        assert.is_function(handlers[route.handler])
      end
    end)
  end
end)

describe("a script", function()
  for _, name in ipairs({ "booking", "quota" }) do
    local script = dofile("scripts/" .. name .. ".lua")
    for title, test in pairs(script.tests) do
      it(name .. ": " .. title, function() test(script) end)
    end
  end

  -- The script with the lines from `first` to `last`, which are comments, as code; it keeps
  -- its own promises.
  local function with(name, first, last)
    local text = assert(io.open("scripts/" .. name .. ".lua")):read("a")
    local from = assert(text:find(first, 1, true))
    local _, to = assert(text:find(last, from, true))
    local rule = text:sub(from, to):gsub("%-%- ?", "")
    local script = assert(load(text:sub(1, from - 1) .. rule .. text:sub(to + 1)))()
    for _, test in pairs(script.tests) do test() end
    return script
  end

  it("has examples that work without their hyphens: booking", function()
    local booking = with("booking", "-- if request.service.slug", "-- end\n")
    local asked = { service = { slug = "consultation" }, party_size = 1, n = 3,
      weekdays = { 5, 5, 4 }, minutes = { 779, 780, 780 } }
    local refused = booking.offer(asked)
    assert.same({ nil, "string", nil }, { refused[1], type(refused[2]), refused[3] })
    assert.equal(9000, with("booking", "-- function booking.price", "-- end\n")
      .price({ service = { price = 4500 }, party_size = 2 }))
    assert.is_function(with("booking", "-- function booking.rank", "\n-- end\n").rank)
  end)

  it("has examples that work without their hyphens: quota", function()
    local quota = with("quota", "-- if key.environment", "200000 }\n  -- end\n")
    assert.equal(30, quota.limits({ environment = "development" }).per_minute)
    assert.equal(1000, quota.limits({ plan = "large" }).per_minute)
    assert.equal(100, quota.limits({}).per_minute)
  end)
end)

describe("money", function()
  it("is shown in major units of its currency", function()
    assert.equal(45, money.major(4500, "USD"))
    assert.equal(45.5, money.major(4550, "EUR"))
    assert.equal(4500, money.major(4500, "JPY"))
    assert.equal(4.5, money.major(4500, "KWD"))
    assert.is_nil(money.major(nil, "USD"))
  end)
end)

describe("the order of hosts", function()
  local function order(loads, keep, ...)
    local slots = {}
    for i, host in ipairs({ ... }) do
      slots[i] = { who = { id = host[1], host = { weight = host[2], priority = host[3] } } }
    end
    local ids = {}
    for i, slot in ipairs(rules.order(slots, loads, keep)) do
      ids[i] = slot.who.id
    end
    return table.concat(ids, " ")
  end

  it("is by load and weight, priority, id", function()
    assert.equal("b a", order({ a = 1 }, nil, { "a", 1, 1 }, { "b", 1, 2 }))
    assert.equal("a b", order({ a = 2, b = 2 }, nil, { "a", 2, 2 }, { "b", 1, 1 }))
    assert.equal("b a", order({}, nil, { "a", 1, 2 }, { "b", 1, 1 }))
    assert.equal("a b c", order({}, nil, { "c", 1, 1 }, { "b", 1, 1 }, { "a", 1, 1 }))
    assert.equal("c a b", order({ c = 9 }, "c", { "c", 1, 1 }, { "b", 1, 1 }, { "a", 1, 1 }))
  end)
end)
