-- A hundred a minute means a hundred a minute; the clock stands still to prove it.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local client = require("tests.talk.support.client")
local shell = require("tests.talk.support.shell")
local socket = require("socket")

describe("the limits", function()
  local s, n
  setup(function()
    s = server.start()
    n = 0
    s:freeze(book.monday)
  end)
  teardown(function() s:stop() end)

  local function newcomer() -- an organization of its own for each test
    n = n + 1
    local org = s:organization("org-" .. n)
    org.path = book.public .. "/org/" .. org.slug
    return org, function() return org.client:get(org.path) end
  end

  it("admit a hundred and refuse the next, with all three windows told", function()
    local org, get = newcomer()
    for i = 1, 100 do
      local r = get()
      assert.same({ 200, "100", tostring(100 - i) },
        { r.status, r.headers["x-ratelimit-limit"], r.headers["x-ratelimit-remaining"] })
      assert.equal('"key-minute";q=100;w=60, "key-hour";q=1000;w=3600, "org-day";q=10000;w=86400',
        r.headers["ratelimit-policy"])
    end
    local r = get()
    assert.same({ 429, "60" }, { r.status, r.headers["retry-after"] })
    local body = r:json()
    assert.same({ "rate_limit_error", "rate_limited" }, { body.type, body.code })
    assert.truthy(body.detail:find("front desk", 1, true))
    assert.truthy(body.detail:find(org.key:sub(-4), 1, true))
    for i, window in ipairs({ { "key-minute", 100, 60 }, { "key-hour", 1000, 0 },
      { "org-day", 10000, 0 } }) do
      local told = body.limits[i]
      assert.same(window, { told.name, told.limit, told.retry_after })
      assert.equal(100, told.used)
    end
    s:advance(59)
    assert.same({ 429, "1" }, { get().status, get().headers["retry-after"] })
    s:advance(1)
    assert.equal(200, get().status) -- Retry-After was true, and refusals consumed nothing
  end)

  it("slide: what was used late comes back late", function()
    local _, get = newcomer()
    for _ = 1, 40 do get() end
    s:advance(30)
    for _ = 1, 60 do assert.equal(200, get().status) end
    assert.equal("30", get().headers["retry-after"])
    s:advance(30)
    for _ = 1, 40 do assert.equal(200, get().status) end
    assert.equal("30", get().headers["retry-after"])
  end)

  it("are exact under a crowd", function()
    local org = newcomer()
    local list, admitted = {}, 0
    for i = 1, 160 do list[i] = org.client:bytes({ path = org.path }) end
    for _, r in ipairs(client.many(s, list)) do
      admitted = admitted + (r.status == 200 and 1 or 0)
      assert.is_true(r.status == 200 or r.status == 429)
    end
    assert.equal(100, admitted)
  end)

  it("count per key, and per organization over all its keys", function()
    local org, get = newcomer()
    for _ = 1, 100 do get() end
    local second = s:key(org.slug, "second")
    local r = s:client({ ["x-kordless-key"] = second.key }):get(org.path)
    assert.equal(200, r.status)
    assert.truthy(r.headers.ratelimit:find('"org-day";r=9899', 1, true))
  end)

  it("charge what failed after the key, but not OPTIONS", function()
    local org, get = newcomer()
    org.client:options(org.path)
    assert.equal("99", get().headers["x-ratelimit-remaining"])
    org.client:head(org.path)
    org.client:get(book.public .. "/org/nobody")
    assert.equal("96", get().headers["x-ratelimit-remaining"])
    s:client():get(org.path)
    assert.equal("95", get().headers["x-ratelimit-remaining"])
  end)

  it("hand nothing back after kill -9", function()
    -- A server of its own, stopped at the real time: for a new process what stands in the
    -- file must not lie in the future.
    local mortal = server.start()
    finally(function() mortal:stop() end)
    mortal:advance(0)
    local org = mortal:organization("acme")
    local function admitted(most)
      local got = 0
      for _ = 1, most do
        if org.client:get(book.public .. "/org/acme").status == 200 then got = got + 1 end
      end
      return got
    end
    assert.equal(60, admitted(60))
    mortal:restart("KILL")
    mortal:advance(0)
    assert.equal(40, admitted(60))
    mortal:restart("KILL")
    mortal:advance(0)
    assert.equal(0, admitted(5))
  end)

  it("change on SIGHUP by what quota.lua says, for keys in use as well", function()
    local _, get = newcomer()
    local probe = newcomer()
    for _ = 1, 4 do get() end
    local text, changed = shell.read("scripts/quota.lua"):gsub("per_minute = 100,", "per_minute = 5,")
    assert.equal(1, changed)
    s:write_script("quota.lua", text)
    s:kill("HUP")
    local deadline = socket.gettime() + 20
    repeat
      socket.sleep(0.05)
      local limit = probe.client:get(probe.path).headers["x-ratelimit-limit"]
    until limit == "5" or socket.gettime() > deadline
    local r = get()
    assert.same({ 200, "5", "0" },
      { r.status, r.headers["x-ratelimit-limit"], r.headers["x-ratelimit-remaining"] })
    assert.equal(429, get().status)
  end)

  it("stay as they were when quota.lua is broken, and the log says where", function()
    s:write_script("quota.lua", "return {\n  limits = function( return end\n}")
    s:kill("HUP")
    local deadline = socket.gettime() + 20
    while not s:log():find("quota.lua:2", 1, true) do
      assert.is_true(socket.gettime() < deadline, "no word of quota.lua:2 in the log")
      socket.sleep(0.05)
    end
    local _, get = newcomer()
    for _ = 1, 5 do assert.equal(200, get().status) end
    assert.equal(429, get().status)
  end)
end)
