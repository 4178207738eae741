-- A handler that waits, and whoever asked ends meanwhile, in each of the ways there are: what
-- it would have answered is not told, whatever it catches; its neighbours hear all.

local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")
local socket = require("socket")

local P = people.prefix

describe("a handler that waits", function()
  local s, admin, n
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/rails" } })
    admin, n = client.admin(s), 0
  end)
  teardown(function() s:stop() end)

  local function good(r)
    assert.is_true(r.status < 300, tostring(r))
    return r
  end

  -- Asks, and returns when the handler runs; until="…" is a row that lets it go.
  local function wait_as(c, method, path)
    n = n + 1
    local conn, tag = http.connect(s), "tag-" .. n .. "-"
    conn:send(c:bytes({ method = method, path = path .. "?until=done-" .. n .. "&tag=" .. tag }))
    local deadline = socket.gettime() + http.patience
    while not s:log():find(tag, 1, true) do
      assert.is_true(socket.gettime() < deadline, "it does not run")
      socket.sleep(0.01)
    end
    return conn, function() good(s:client():get("/rails/tx/add?id=done-" .. n)) end
  end

  -- Two of a kind wait; `ending` ends the first; then both are let go.
  local function ends(status, code, first, second, method, path, ending)
    local lost = wait_as(first, method, path)
    local kept, let_go = wait_as(second, method, path)
    good(ending())
    local r = lost:receive()
    assert.same({ status, code }, { r.status, r:json().code }, r.body)
    let_go()
    assert.equal(200, kept:receive().status)
    lost:close()
    kept:close()
    return r
  end

  local function organization()
    n = n + 1
    return s:organization("acme-" .. n)
  end

  local keys = {
    { "revoked", 401, "revoked_api_key", function(o)
      return admin:post(P .. "/api-keys/" .. o.key_id .. "/revoke") end },
    { "rotated", 401, "expired_api_key", function(o)
      return admin:post(P .. "/api-keys/" .. o.key_id .. "/rotate") end },
    { "made to expire", 401, "expired_api_key", function(o)
      return admin:patch(P .. "/api-keys/" .. o.key_id, { expires_at = "2001-01-01T00:00:00Z" }) end },
    { "suspended with its organization", 403, "organization_suspended", function(o)
      return admin:patch(P .. "/organizations/" .. o.id, { suspended = true }) end },
  }
  for _, one in ipairs(keys) do
    it("says nothing to a key that is " .. one[1], function()
      local org, other = organization(), organization()
      local r = ends(one[2], one[3], org.client, other.client, "GET", "/rails/doze",
        function() return one[4](org) end)
      assert.truthy(r.headers["x-ratelimit-limit"]) -- it had been let in
      assert.equal(one[2] == 401 and 'ApiKey realm="kordless"' or nil, r.headers["www-authenticate"])
    end)
  end

  local members = {
    { "signs out", 401, "session_ended", function(c) return c:delete(P .. "/session") end },
    { "is removed", 401, "session_ended", function(c)
      return admin:delete(P .. "/members/" .. c.member.id) end },
    { "may do less", 401, "session_ended", function(c)
      return admin:patch(P .. "/members/" .. c.member.id, { role = "viewer" }) end },
    { "is signed out of everything", 401, "session_ended", function(c)
      return admin:delete(P .. "/members/" .. c.member.id .. "/sessions") end },
    { "is suspended with the organization", 403, "organization_suspended", function(_, o)
      return admin:patch(P .. "/organizations/" .. o.id, { suspended = true }) end },
  }
  for _, one in ipairs(members) do
    it("says nothing to a member who " .. one[1], function()
      local org, other = organization(), organization()
      local function admin_of(o)
        return people.member(s, admin, o.id, "admin@" .. o.slug .. ".example.com", "admin")
          :with({ ["x-organization-id"] = o.id })
      end
      local c = people.member(s, admin, org.id, "admin@" .. org.slug .. ".example.com", "admin")
      local mine = c:with({ ["x-organization-id"] = org.id })
      ends(one[2], one[3], mine, admin_of(other), "POST", "/rails/desk",
        function() return one[4](c, org) end)
    end)
  end
end)
