-- Keys: what is said to one that will not do, and how fast a revoked one is out.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")

describe("a key", function()
  local s, org, path
  setup(function()
    s = server.start()
    s:freeze(book.monday)
    org = s:organization("acme")
    path = book.public .. "/org/acme"
  end)
  before_each(function() s:advance(60) end)
  teardown(function() s:stop() end)

  local function get(key, more) return s:client({ ["x-kordless-key"] = key }):get(path .. (more or "")) end

  local function refused(code, r)
    assert.same({ 401, "authentication_error", code }, { r.status, r:json().type, r:json().code })
    assert.equal('ApiKey realm="kordless"', r.headers["www-authenticate"])
    return r:json().detail
  end

  it("opens its organization", function()
    local r = get(org.key)
    assert.same({ 200, org.id }, { r.status, r:json().organization.id })
    assert.truthy(org.key:find("^kord_live_%w+$"))
    assert.equal(48, #org.key)
    local test = s:key("acme", "laptop", "--environment", "development")
    assert.truthy(test.key:find("^kord_test_"))
    assert.equal(200, get(test.key).status)
  end)

  it("that is missing, mistyped or unknown is told so", function()
    refused("missing_api_key", s:client():get(path))
    refused("malformed_api_key", get("hello"))
    refused("malformed_api_key", get(org.key:sub(1, -2)))
    local last = org.key:sub(-1)
    refused("malformed_api_key", get(org.key:sub(1, -2) .. (last == "x" and "y" or "x")))
    local detail = refused("unknown_api_key", get("kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"))
    assert.is_nil(detail:find("0123456789", 1, true))
  end)

  it("may be said twice, but not two of them", function()
    local conn = require("tests.talk.support.http").connect(s)
    local function say(second)
      conn:send("GET " .. path .. " HTTP/1.1\r\nHost: x\r\nX-Kordless-Key: " .. org.key
        .. "\r\nx-kordless-key: " .. second .. "\r\n\r\n")
      return conn:receive().status
    end
    assert.equal(200, say(org.key))
    assert.equal(400, say("kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"))
  end)

  it("does not belong in the address, not even beside a good header", function()
    assert.equal(401, get(nil, "?x-kordless-key=" .. org.key).status)
    assert.equal(401, get(org.key, "?api_key=hello").status)
    assert.equal(401, get(org.key, "?note=" .. org.key).status)
    assert.is_nil(s:log():find(org.key, 1, true))
  end)

  it("is out the moment its revocation is answered, and stays out", function()
    local made = s:key("acme", "lost phone")
    assert.equal(200, get(made.key).status)
    local code, _, err = s:cli("key", "revoke", made.last4, "--org", "acme", "--yes")
    assert.equal(0, code, err)
    for _ = 1, 10 do
      local detail = refused("revoked_api_key", get(made.key))
      assert.truthy(detail:find("lost phone", 1, true))
      assert.truthy(detail:find(made.last4, 1, true))
    end
    assert.equal(0, (s:cli("key", "revoke", made.id, "--org", "acme", "--yes"))) -- twice is fine
    s:restart("KILL")
    s:freeze(book.monday)
    refused("revoked_api_key", get(made.key))
    assert.equal(200, get(org.key).status)
  end)

  it("that is wrong sixty times a minute is not looked at again, a good one is", function()
    for _ = 1, 60 do assert.equal(401, get("bad").status) end
    local r = get("bad")
    assert.same({ 429, "rate_limit_error" }, { r.status, r:json().type })
    assert.is_true(tonumber(r.headers["retry-after"]) >= 1)
    assert.equal(200, get(org.key).status)
    local operators = s:client():get("/api/platform/v1/status") -- guesses there count alike
    assert.same({ 429, "rate_limited" }, { operators.status, operators:json().code })
    s:advance(tonumber(r.headers["retry-after"]))
    assert.equal('Bearer realm="kordless"',
      s:client():get("/api/platform/v1/status").headers["www-authenticate"])
    assert.equal(401, get("bad").status)
  end)
end)
