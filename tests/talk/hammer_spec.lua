-- Sixty-four connections hammer with a key. What ends it is answered; from then on no request
-- that begins is let in. The same for all that can end a key, over kill -9, and on a full disk.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local socket = require("socket")

local P = "/api/platform/v1"
local TIMES = tonumber(os.getenv("KORDLESS_TORTURE")) or 1
local CROWD = 64

local no_limits = { ["quota.lua"] = [[
return { limits = function()
  return { per_minute = 1000000, per_hour = 1000000, per_day = 1000000 }
end }
]] }

-- What ends a key, and what makes its organization whole again.
local ends = {
  revoke = function(k) return { method = "POST", path = P .. "/api-keys/" .. k.id .. "/revoke" } end,
  expire = function(k)
    return { method = "PATCH", path = P .. "/api-keys/" .. k.id,
      body = { expires_at = "2001-01-01T00:00:00Z" } }
  end,
  rotate = function(k) return { method = "POST", path = P .. "/api-keys/" .. k.id .. "/rotate" } end,
  suspend = function(_, org)
    return { method = "PATCH", path = P .. "/organizations/" .. org.id, body = { suspended = true } }
  end,
}

local function make(admin, org)
  local r = admin:post(P .. "/organizations/" .. org.id .. "/api-keys", { label = "x" })
  assert.equal(201, r.status, r.body)
  return r:json().api_key
end

local function resume(admin, org)
  local r = admin:patch(P .. "/organizations/" .. org.id, { suspended = false })
  assert.equal(200, r.status, r.body)
end

describe("a key that ends under a hammer", function()
  local s, admin, org, crowd
  setup(function()
    s = server.start({ scripts = no_limits })
    admin = client.admin(s)
    org = s:organization("acme")
    crowd = {}
    for i = 1, CROWD do crowd[i] = { conn = http.connect(s.address) } end
  end)
  teardown(function()
    for _, one in ipairs(crowd) do one.conn:close() end
    s:stop()
  end)

  -- One round: all ask with the key, again and again; in the midst of it `how` is asked for.
  -- Returns how many were let in before, and asserts that none was that began after.
  local function round(how)
    local k = make(admin, org)
    local bytes = s:client({ ["x-kordless-key"] = k.key }):bytes({ path = book.public .. "/org/none" })
    local socks, by_sock, let_in, left, told = { admin.conn.sock }, {}, 0, CROWD, false
    local function ask(one)
      one.late = told
      one.conn:send(bytes)
    end
    for i, one in ipairs(crowd) do
      socks[#socks + 1], by_sock[one.conn.sock] = one.conn.sock, one
      if i <= CROWD then ask(one) end
    end
    admin.conn:send(admin:bytes(how(k, org)))
    while left > 0 do
      local ready = socket.select(socks, nil, http.patience)
      assert(#ready > 0, "the server is silent")
      for _, sock in ipairs(ready) do
        local one = by_sock[sock]
        if one then
          local status = assert(one.conn:receive("GET")).status
          local good = status ~= 401 and status ~= 403 and status ~= 429
          assert.is_false(one.late and good, "let in after the answer: " .. status)
          let_in = let_in + (good and 1 or 0)
          if one.late then left = left - 1 else ask(one) end
        else
          local status = assert(admin.conn:receive("POST")).status
          assert.is_true(status == 200 or status == 201, tostring(status))
          told = true
        end
      end
    end
    return let_in
  end

  local function hammer(name, rounds)
    it(("by %s is let in no more"):format(name), function()
      local let_in = 0
      for _ = 1, rounds * TIMES do
        let_in = let_in + round(ends[name])
        if name == "suspend" then resume(admin, org) end
      end
      assert.is_true(let_in >= rounds, "it was hardly let in before") -- or nothing was shown
    end)
  end
  hammer("revoke", 1000)
  hammer("expire", 100)
  hammer("rotate", 100)
  hammer("suspend", 100)
end)

describe("an end that was answered", function()
  for name, how in pairs(ends) do
    it(("by %s stands after kill -9"):format(name), function()
      local s = server.start({ scripts = no_limits })
      finally(function() s:stop() end)
      local org = s:organization("acme")
      for _ = 1, 3 * TIMES do
        local admin = client.admin(s)
        local k = make(admin, org)
        local before = s:client({ ["x-kordless-key"] = k.key })
        assert.equal(404, before:get(book.public .. "/org/none").status)
        assert.is_true(admin:request(how(k, org)).status < 300)
        s:crash()
        s:spawn()
        local r = s:client({ ["x-kordless-key"] = k.key }):get(book.public .. "/org/none")
        assert.equal(name == "suspend" and 403 or 401, r.status)
        if name == "suspend" then resume(client.admin(s), org) end
      end
    end)
  end
end)

describe("on a disk that takes no more", function()
  local s, org
  before_each(function()
    s = server.start({ scripts = no_limits })
    org = s:organization("acme")
  end)
  after_each(function() s:stop() end)

  -- No file may grow beyond what the log has: the next commit does not fit.
  local function fill()
    local size = #shell.read(s.data .. "/kordless.db-wal")
    assert.equal(0, (shell.run({ "prlimit", "--pid", tostring(s.pid), "--fsize=" .. size .. ":" })))
  end
  local function empty()
    assert.equal(0, (shell.run({ "prlimit", "--pid", tostring(s.pid), "--fsize=unlimited:" })))
  end
  local function status(k)
    local r = s:client({ ["x-kordless-key"] = k.key }):get(book.public .. "/org/none")
    return r:json().code
  end

  it("a revocation is answered 500, and the key is refused all the same", function()
    local admin = client.admin(s)
    local k = make(admin, org)
    fill()
    local r = admin:request(ends.revoke(k))
    assert.same({ 500, "revocation_not_durable" }, { r.status, r:json().code })
    assert.equal("revoked_api_key", status(k))
    assert.equal("revoked", admin:get(P .. "/api-keys/" .. k.id):json().api_key.status)
    empty()
    assert.equal("key_ended", admin:request(ends.rotate(k)):json().code) -- no way round it
    assert.equal(200, admin:request(ends.revoke(k)).status)
    s:crash()
    s:spawn()
    assert.equal("revoked_api_key", status(k))
  end)

  it("a suspension is answered 500, and its keys are refused all the same", function()
    local admin = client.admin(s)
    local k = make(admin, org)
    fill()
    local r = admin:request(ends.suspend(k, org))
    assert.same({ 500, "suspension_not_durable" }, { r.status, r:json().code })
    assert.equal("organization_suspended", status(k))
    empty()
    local renamed = admin:patch(P .. "/organizations/" .. org.id, { name = "Other" }):json()
    assert.is_true(renamed.organization.suspended) -- what it is called has nothing to do with it
    assert.equal("organization_suspended", status(k))
    resume(admin, org)
    assert.equal("not_found", status(k))
  end)

  it("a token and a session end all the same, and no answer says that nothing changed", function()
    local admin = client.admin(s)
    local token = admin:post(P .. "/tokens", { label = "ci" }):json().token
    local member = people.member(s, admin, org.id, "ada@example.com", "owner")
    local by = s:client({ Authorization = "Bearer " .. token.token })
    local path = P .. "/tokens/" .. token.id .. "/revoke"
    fill()
    local r = admin:post(path)
    assert.same({ 500, "revocation_not_durable" }, { r.status, r:json().code })
    assert.equal(401, by:get(P .. "/session").status)
    r = member:delete(P .. "/session")
    assert.same({ 500, "sign_out_not_durable" }, { r.status, r:json().code })
    assert.equal(401, member:get(P .. "/session").status)
    empty()
    assert.equal(200, admin:post(path).status)
    s:crash()
    s:spawn()
    assert.equal(401, by:with({}):get(P .. "/session").status)
  end)

  it("a change and a rotation are answered 503, and nothing changed", function()
    local admin = client.admin(s)
    local k = make(admin, org)
    local before = admin:get(P .. "/api-keys/" .. k.id):json()
    fill()
    for _, how in ipairs({ ends.expire, ends.rotate }) do
      local r = admin:request(how(k, org))
      assert.same({ 503, "storage_unavailable" }, { r.status, r:json().code })
    end
    assert.equal("not_found", status(k))
    empty()
    before.api_key.last_used_at, before.api_key.last_used_ip = nil, nil
    local after = admin:get(P .. "/api-keys/" .. k.id):json()
    after.api_key.last_used_at, after.api_key.last_used_ip = nil, nil
    assert.same(before, after)
    assert.equal(1 + 1, #admin:get(P .. "/organizations/" .. org.id .. "/api-keys"):json().api_keys)
  end)
end)
