-- Callers without a key that holds: how often they may fail, whom that never touches, and
-- what the log says of it. The addresses are what a trusted proxy tells.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")
local socket = require("socket")

describe("a stranger", function()
  local s, org
  setup(function()
    s = server.start({ scripts = {
      ["kordless.lua"] = server.settings('trusted_proxies = { "127.0.0.1" }'),
    } })
    s:freeze(book.monday)
    org = s:demo()
  end)
  before_each(function() s:advance(60) end) -- each test has its minute
  teardown(function() s:stop() end)

  local path = book.public .. "/org/acme-salon"
  local function from(address, more)
    local headers = { ["X-Forwarded-For"] = address }
    for name, value in pairs(more or {}) do headers[name] = value end
    return s:client(headers)
  end
  local function good(address) return from(address, { ["x-kordless-key"] = org.key }) end
  local unknown = "kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"
  local ways = { {}, { ["x-kordless-key"] = "kord_live_nonsense" }, { ["x-kordless-key"] = unknown } }

  it("may fail sixty times a minute; a valid key behind it is never refused", function()
    for i = 1, 60 do
      assert.equal(401, from("203.0.113.7", ways[i % 3 + 1]):get(path).status)
      if i % 20 == 0 then assert.equal(200, good("203.0.113.7"):get(path).status) end
    end
    local r = from("203.0.113.7"):get(path)
    assert.same({ 429, "60", "rate_limited" }, { r.status, r.headers["retry-after"], r:json().code })
    assert.equal(429, from("203.0.113.7", ways[3]):get(path .. "?api_key=x").status)
    for _ = 1, 10 do assert.equal(200, good("203.0.113.7"):get(path).status) end
    assert.equal(200, from("203.0.113.7"):get("/healthz").status)
    assert.equal(401, from("203.0.113.8"):get(path).status) -- the neighbour
    s:advance(59)
    assert.equal(429, from("203.0.113.7"):get(path).status)
    s:advance(1)
    assert.equal(401, from("203.0.113.7"):get(path).status) -- what was refused counted nothing
  end)

  it("takes nothing from people who are signed in, or operators' programs, behind it", function()
    local c = people.member(s, client.admin(s), org.id, "ada@example.com", "owner")
    local token = client.admin(s):post(people.prefix .. "/tokens"):json().token.token
    local function all(address)
      local mine = { ["X-Forwarded-For"] = address, ["x-organization-id"] = org.id }
      local tool = from(address, { Authorization = "Bearer " .. token })
      return { c:with(mine):get(people.prefix .. "/session").status,
        c:with(mine):get(book.prefix .. "/bookings").status, tool:get(people.prefix .. "/status").status,
        from(address, { Authorization = "Bearer x" }):get(people.prefix .. "/status").status,
        from(address, { Cookie = "kordless_session=x" }):get(people.prefix .. "/session").status }
    end
    for _ = 1, 60 do from("203.0.113.9", ways[3]):get(path) end
    assert.same({ 200, 200, 200, 429, 429 }, all("203.0.113.9"))
    assert.same({ 200, 200, 200, 401, 401 }, all("203.0.113.10"))
  end)

  it("is a whole /64 when it comes by IPv6", function()
    for i = 1, 60 do
      assert.equal(401, from(("2001:db8:1:2:%x::%x"):format(i, i)):get(path).status)
    end
    assert.equal(429, from("2001:db8:1:2:ffff::1"):get(path).status)
    assert.equal(200, good("2001:db8:1:2:ffff::1"):get(path).status)
    assert.equal(401, from("2001:db8:1:3::1"):get(path).status)
  end)

  it("may ask for a booking 120 times and guess ten times a minute; a key pays itself", function()
    local slots = book.slots(org.client, org, "consultation", book.day(3), book.day(4))
    local made = book.create(org.client, org, "consultation", slots[1]):json().booking
    local mine = book.confirmation(made.confirmation_number)
    for _ = 1, 120 do assert.equal(200, from("198.51.100.1"):get(mine).status) end
    assert.equal(429, from("198.51.100.1"):get(mine).status)
    local r = good("198.51.100.1"):get(mine)
    assert.same({ 200, "100" }, { r.status, r.headers["x-ratelimit-limit"] })
    local left = tonumber(r.headers["x-ratelimit-remaining"])
    assert.equal(tostring(left - 1), good("198.51.100.1"):get(mine).headers["x-ratelimit-remaining"])
    for i = 1, 10 do
      local other = book.confirmation("book_" .. i)
      assert.equal(404, from("198.51.100.2"):get(other).status)
    end
    assert.equal(429, from("198.51.100.2"):get(mine).status)
    assert.equal(200, from("198.51.100.3"):get(mine).status)
    for i = 1, 10 do -- one number, from ten addresses
      local wrong = book.confirmation(made.confirmation_number, nil, i .. "@x")
      assert.equal(403, from("198.51.100." .. 10 + i):get(wrong).status)
    end
    assert.equal(429, from("198.51.100.40"):get(mine).status)
    assert.equal(200, good("198.51.100.40"):get(mine).status)
  end)

  it("is told of in one line an address and minute, with all that was refused", function()
    for i = 1, 90 do from("192.0.2.1", ways[i % 2 + 1]):get(path) end
    for _ = 1, 3 do from("2001:db8:9:9::1", ways[3]):get(path) end
    for i = 1, 300 do from(("192.0.3.%d"):format(i % 250), ways[3]):get(path) end
    local function lines(address)
      local found = {}
      for line in s:log():gmatch("[^\n]+") do
        if line:find("event=refused address=" .. address, 1, true) then found[#found + 1] = line end
      end
      return found
    end
    assert.same({}, lines("192.0.2.1"))
    s:advance(60)
    local deadline = socket.gettime() + 20
    while #lines("192.0.3.249") == 0 do
      assert.is_true(socket.gettime() < deadline, "no line in the log")
      socket.sleep(0.05)
    end
    local told = lines("192.0.2.1 ")
    assert.equal(1, #told)
    local codes = "malformed_api_key:30,missing_api_key:30,rate_limited:30"
    assert.truthy(told[1]:find("count=90 codes=" .. codes, 1, true))
    told = lines("2001:db8:9:9::/64")
    assert.equal(1, #told)
    assert.truthy(told[1]:find("count=3 codes=unknown_api_key:3", 1, true))
    assert.equal(250, #lines("192.0.3."))
    assert.equal(2, tonumber(lines("192.0.3.7 ")[1]:match("count=(%d+)")))
    assert.is_nil(s:log():find(unknown, 1, true))
  end)

  it("who was refused in the last minute is told of when the server stops", function()
    from("192.0.2.77"):get(path)
    s:restart()
    s:freeze(book.day(1))
    local line = "event=refused address=192.0.2.77 count=1 codes=missing_api_key:1"
    assert.truthy(s:log():find(line, 1, true))
  end)
end)
