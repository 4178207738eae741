-- A key that is revoked while its write waits: the write is not made.

local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

local AHEAD, ATTEMPTS = 60, 20

describe("a revoked key", function()
  local s
  setup(function() s = server.start({ load = { "tests/talk/plugins/queue" } }) end)
  teardown(function() s:stop() end)

  -- Fills the writer's queue, puts one write of the key behind, and revokes the key. The
  -- answer to the write: 200 when it came before the revocation was asked for, 401 without
  -- limits when it was never let in, 401 with them when it was let in and not committed.
  local function attempt(n)
    local org = s:organization("org-" .. n)
    local admin = client.admin(s)
    local ahead, mine = {}, http.connect(s.address)
    for i = 1, AHEAD do
      ahead[i] = http.connect(s.address)
      ahead[i]:send(org.client:bytes({ method = "POST", path = ("/queue/slow/%d-%d"):format(n, i) }))
    end
    mine:send(org.client:bytes({ method = "POST", path = "/queue/quick/mine-" .. n }))
    assert.equal(200, s:client():get("/healthz").status) -- so much later is it now
    assert.equal(200, admin:post("/api/platform/v1/api-keys/" .. org.key_id .. "/revoke").status)
    local r = mine:receive()
    for i = 1, AHEAD do
      assert.equal(200, ahead[i]:receive().status) -- the neighbours' writes stand
      ahead[i]:close()
    end
    mine:close()
    return r
  end

  it("commits nothing that waited behind others when it was revoked", function()
    local caught = false
    for n = 1, ATTEMPTS do
      local r = attempt(n)
      local made = s:client():get("/queue/rows").body:find('"mine-' .. n .. '"', 1, true)
      if r.status == 200 then
        assert.truthy(made)
      else
        assert.same({ 401, "revoked_api_key" }, { r.status, r:json().code })
        assert.is_nil(made)
        caught = caught or r.headers["x-ratelimit-limit"] ~= nil
      end
      if caught then break end
    end
    assert.is_true(caught, "no write was ever waiting when its key was revoked")
  end)
end)
