-- Every request with a key is counted once, by how it ended: the store's sums are what the
-- clients counted themselves.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local socket = require("socket")

describe("usage", function()
  local s
  setup(function() s = server.start() end)
  teardown(function() s:stop() end)

  -- What the store has of a key at each step: { ["2"] = 7, ["0"] = 3 } for 2xx and refused.
  local function stored(key_id, step)
    local sums = {}
    for line in sql.read(s, ([[SELECT outcome, sum(n) FROM usage JOIN usage_name
      ON number = key WHERE name = '%s' AND step = %d GROUP BY 1]]):format(key_id, step))
      :gmatch("[^\n]+") do
      local outcome, n = line:match("^(%d)|(%d+)$")
      sums[outcome] = tonumber(n)
    end
    return sums
  end
  local function total(key_id)
    local n = 0
    for _, sum in pairs(stored(key_id, 1)) do n = n + sum end
    return n
  end
  local function wait_for(key_id, n)
    local deadline = socket.gettime() + 20
    while total(key_id) ~= n do
      assert.is_true(socket.gettime() < deadline, "not all was written: " .. total(key_id))
      socket.sleep(0.1)
    end
  end

  -- One turn of everything that may come of a request, over 16 connections at once.
  local function load(callers, paths, most)
    local counted, asked = {}, 0
    local sent = {}
    client.crowd(s, 16, function(i)
      if asked == most then return nil end
      asked = asked + 1
      local who = callers[asked % #callers + 1]
      sent[i] = who.id
      return who.client:bytes({ path = paths[asked // #callers % #paths + 1] })
    end, function(i, response)
      local sums = counted[sent[i]] or {}
      counted[sent[i]] = sums
      local refused = response.status == 429 or response.status == 401
      local outcome = refused and "0" or tostring(response.status):sub(1, 1)
      sums[outcome] = (sums[outcome] or 0) + 1
    end)
    return counted
  end

  local function caller(org, label, scopes)
    local made = client.admin(s):post(("/api/platform/v1/organizations/%s/api-keys"):format(org.id),
      { label = label, scopes = scopes }):json().api_key
    return { id = made.id, client = s:client({ ["x-kordless-key"] = made.key }) }
  end

  it("is what the clients counted, over a restart", function()
    local org = s:organization("acme")
    local callers = { caller(org, "one"), caller(org, "two"),
      caller(org, "narrow", { "services:read" }), caller(org, "gone") }
    local revoke = "/api/platform/v1/api-keys/" .. callers[4].id .. "/revoke"
    assert.equal(200, client.admin(s):post(revoke).status)
    local paths = { book.public .. "/org/acme", book.public .. "/org/nobody",
      book.prefix .. "/rate-limit", book.prefix .. "/bookings" }
    local counted = {}
    for round, signal in ipairs({ "TERM", "TERM" }) do
      for id, sums in pairs(load(callers, paths, 700)) do
        local all = counted[id] or {}
        counted[id] = all
        for outcome, n in pairs(sums) do all[outcome] = (all[outcome] or 0) + n end
      end
      s:restart(signal)
      for _, who in ipairs(callers) do
        for step = 1, 3 do
          assert.same(counted[who.id], stored(who.id, step), round .. ", step " .. step)
        end
        who.client.conn = nil
      end
    end
    for _, outcome in ipairs({ "0", "2", "4" }) do
      assert.is_true(counted[callers[1].id][outcome] > 0, outcome)
    end
    assert.same({ ["0"] = 350 }, counted[callers[4].id])
  end)

  it("takes from the limits what was charged", function()
    local org = s:organization("charged")
    local get = function(path) return org.client:get(path).status end
    for _ = 1, 104 do get(book.public .. "/org/charged") end
    org.client:options(book.public .. "/org/charged")
    org.client:with({ ["x-organization-id"] = org.id }):get(book.prefix .. "/rate-limit")
    s:client():get(book.public .. "/org/charged")
    wait_for(org.key_id, 105)
    assert.equal("100\n", sql.read(s, ([[SELECT sum(cost) FROM usage JOIN usage_name
      ON number = key WHERE name = '%s' AND step = 3]]):format(org.key_id)))
    assert.same({ ["0"] = 4, ["2"] = 101 }, stored(org.key_id, 2))
  end)

  it("loses by kill -9 what was not written yet, and nothing else", function()
    local org = s:organization("mortal")
    for round = 1, 3 do
      local before = total(org.key_id)
      for _ = 1, 10 do org.client:get(book.public .. "/org/mortal") end
      wait_for(org.key_id, before + 10)
      for _ = 1, 5 do org.client:get(book.public .. "/org/mortal") end
      s:restart("KILL")
      org.client.conn = nil
      local after = total(org.key_id)
      assert.is_true(after >= before + 10 and after <= before + 15, ("round %d: %d"):format(round, after))
    end
  end)
end)
