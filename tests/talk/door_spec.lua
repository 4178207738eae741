-- A crowd at the door: passwords are hashed by two threads behind a queue of sixteen, never by
-- a worker; who does not fit is told to come again, and that was no failure. Failures count by
-- account and by address, and of many with one link one comes in.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")
local socket = require("socket")

local P = people.prefix
local CROWD, QUEUE = 120, 16

describe("a crowd that signs in", function()
  local s, org
  setup(function()
    s = server.start({ workers = 1, scripts = {
      ["kordless.lua"] = server.settings('trusted_proxies = { "127.0.0.1" }') } })
    s:freeze(book.monday)
    org = s:organization("acme")
    for i = 1, 2 do people.member(s, client.admin(s), org.id, i .. "@acme.example.com", "viewer") end
  end)
  before_each(function() s:advance(60) end)
  teardown(function() s:stop() end)

  -- Each of them is somebody else, from elsewhere.
  local function guess(i, password)
    return http.bytes({ method = "POST", path = P .. "/session",
      headers = { ["X-Forwarded-For"] = "203.0.113." .. i },
      body = { email = i .. "@example.com", password = password or "a wrong password" } })
  end

  it("is answered 401 or 503, and 503 was no failure", function()
    local list, busy, statuses = {}, nil, {}
    for i = 1, CROWD do list[i] = guess(i) end
    for i, r in ipairs(client.many(s, list)) do
      statuses[r.status] = (statuses[r.status] or 0) + 1
      if r.status == 503 then
        busy = i
        assert.same({ "busy", "1" }, { r:json().code, r.headers["retry-after"] })
      end
    end
    assert.equal(CROWD, (statuses[401] or 0) + (statuses[503] or 0))
    -- The queue's sixteen: whether the two threads took theirs before all had come is chance.
    assert.is_true(statuses[401] >= QUEUE and statuses[503] >= 1, http.json.encode(statuses))
    for i = 1, 6 do
      local r = client.many(s, { guess(busy) })[1]
      assert.equal(i <= 5 and 401 or 429, r.status)
    end
  end)

  it("does not stand before others: the one worker answers them meanwhile", function()
    local overtaken = 0
    for _ = 1, 10 do
      local conns = {}
      for i = 1, 16 do
        conns[i] = http.connect(s)
        conns[i]:send(guess(i))
      end
      assert.equal(200, s:client():get("/healthz").status)
      for _, conn in ipairs(conns) do
        if #socket.select({ conn.sock }, nil, 0) == 0 then overtaken = overtaken + 1 end
      end
      for _, conn in ipairs(conns) do
        assert(conn:receive())
        conn:close()
      end
      if overtaken > 0 then break end
      s:advance(60)
    end
    assert.is_true(overtaken > 0)
  end)

  local function sign_in(address, account, password)
    return s:client({ ["X-Forwarded-For"] = address }):post(P .. "/session",
      { email = account .. "@acme.example.com", password = password or people.password }).status
  end

  it("is held up by account, wherever it comes from", function()
    for i = 1, 5 do assert.equal(401, sign_in("198.51.100." .. i, 1, "a wrong password")) end
    assert.equal(429, sign_in("198.51.100.6", 1))
    assert.equal(200, sign_in("198.51.100.1", 2)) -- another account, from where one was wrong
    s:advance(60)
    assert.equal(200, sign_in("198.51.100.6", 1))
  end)

  it("is held up by address, whoever it says it is", function()
    for i = 1, 5 do assert.equal(401, sign_in("198.51.100.9", "nobody" .. i, "a wrong password")) end
    assert.equal(429, sign_in("198.51.100.9", 1))
    assert.equal(200, sign_in("198.51.100.10", 1))
    s:advance(60)
    assert.equal(200, sign_in("198.51.100.9", 1))
  end)

  it("comes in by one link once", function()
    local link = people.invite(client.admin(s), org.id, "once@acme.example.com", "viewer").link
    local list, entered = {}, 0
    for i = 1, 12 do
      list[i] = http.bytes({ method = "POST", path = P .. "/session/setup",
        headers = { ["X-Forwarded-For"] = "192.0.2." .. i },
        body = { token = link, password = "a password of " .. i } })
    end
    for _, r in ipairs(client.many(s, list)) do
      entered = entered + (r.status == 200 and 1 or 0)
      assert.is_true(r.status == 200 or r.status == 401 or r.status == 503, tostring(r))
    end
    assert.equal(1, entered)
  end)
end)
