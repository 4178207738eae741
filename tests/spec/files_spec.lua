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
