-- Roles: every route that people reach, as each of them, from what /openapi.json says is
-- served. What is refused is refused before anything is looked at; what is not refused may
-- still find nothing.

local book = require("tests.talk.support.book")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")

local P = people.prefix
local rank = { none = 0, viewer = 1, admin = 2, owner = 3, operator = 4 }

describe("a role", function()
  local s, org, other, callers, platform, organization
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    local operator = people.admin(s)
    org, other = s:organization("acme"), s:organization("other")
    callers = { operator = people.member(s, operator, nil, "operator@example.com") }
    for _, role in ipairs({ "viewer", "admin", "owner" }) do
      callers[role] = people.member(s, operator, org.id, role .. "@example.com", role)
    end
    platform, organization = {}, {}
    for path, methods in pairs(s:client():get("/openapi.json"):json().paths) do
      for method, operation in pairs(methods) do
        local route = { name = method:upper() .. " " .. path, method = method:upper(), path = path,
          role = operation["x-role"], description = operation.description }
        if path == "/metrics" then route.role = nil end -- whoever asks from this machine
        for _, way in ipairs(operation.security) do
          if way.session and route.role then platform[#platform + 1] = route end
          if way.session and not operation["x-role"] then organization[#organization + 1] = route end
        end
      end
    end
    s:advance(60)
  end)
  teardown(function() s:stop() end)

  -- Nothing of that name is there, so that nothing is changed by asking.
  local function ask(c, route, headers)
    local path = route.path:gsub("/organizations/{id}", "/organizations/" .. org.id)
      :gsub("{[^}]*}", "nothing-of-that-name")
    local body = route.method ~= "GET" and route.method ~= "DELETE" and { slug = 1 } or nil
    return c:request({ method = route.method, path = path, body = body, headers = headers })
  end

  local own_session = { ["DELETE /api/platform/v1/session"] = true }
  local ends = { ["POST /api/platform/v1/reload"] = true, ["POST /api/platform/v1/rollback"] = true }

  it("decides who may on every route of the platform", function()
    assert.is_true(#platform >= 25, #platform)
    local seen = { allowed = 0, refused = 0 }
    for _, route in ipairs(platform) do
      for role, c in pairs(callers) do
        local may = rank[role] >= rank[route.role]
        if not own_session[route.name] and not (may and ends[route.name]) then
          local r = ask(c, route)
          local refused = r.status == 403 and r:json().code == "insufficient_role"
          assert.equal(may, not refused, role .. " at " .. route.name .. ": " .. tostring(r))
          seen[may and "allowed" or "refused"] = seen[may and "allowed" or "refused"] + 1
        end
      end
      local nobody = ask(s:client(), route)
      assert.truthy(nobody.status == 401 or nobody.status == 429, route.name)
      local with_key = ask(org.client, route) -- an API key is nothing here
      assert.truthy(with_key.status == 401 or with_key.status == 429, route.name)
    end
    assert.is_true(seen.allowed > 40 and seen.refused > 40)
    s:advance(60)
  end)

  it("reads or does everything on the organization's routes", function()
    local mine = { ["x-organization-id"] = org.id }
    assert.is_true(#organization >= 3, #organization)
    for _, route in ipairs(organization) do
      local scope = route.description:match("scope ([%w:]+)")
      for role, c in pairs(callers) do
        local may = role ~= "viewer" or not scope or scope:find(":read$") ~= nil
        local r = ask(c, route, mine)
        local refused = r.status == 401 or r.status == 403
        assert.equal(may, not refused, role .. " at " .. route.name .. ": " .. tostring(r))
      end
      s:advance(1)
    end
  end)

  it("reaches no other organization but an operator's", function()
    local theirs = { ["x-organization-id"] = other.id }
    for _, route in ipairs(organization) do
      for role, c in pairs(callers) do
        local r = ask(c, route, theirs)
        assert.equal(role ~= "operator", r.status == 403, role .. " at " .. route.name)
      end
    end
    local r = callers.operator:get(book.prefix .. "/bookings", nil,
      { ["x-organization-id"] = "org_" .. ("0"):rep(26) })
    assert.same({ 403, "wrong_organization" }, { r.status, r:json().code })
  end)

  it("below operator sees no key of another organization", function()
    for _, role in ipairs({ "admin", "owner" }) do
      local c, at = callers[role], P .. "/api-keys/" .. other.key_id
      assert.equal(404, c:get(at).status)
      assert.equal(404, c:patch(at, { label = "mine now" }).status)
      assert.equal(404, c:post(at .. "/revoke").status)
      assert.equal(404, c:post(at .. "/rotate").status)
      assert.equal(200, c:get(P .. "/api-keys/" .. org.key_id).status)
    end
    assert.equal(200, other.client:get(book.public .. "/org/other").status)
  end)

  it("below operator raises no limit of its own", function()
    local at = P .. "/api-keys/" .. org.key_id
    local r = callers.owner:patch(at, { limits = { per_minute = 1000000, reason = "mine" } })
    assert.same({ 403, "operator_only" }, { r.status, r:json().code })
    assert.equal(200, callers.owner:patch(at, { label = "mine" }).status)
    assert.equal(200, callers.operator:patch(at, { limits = { per_minute = 100, reason = "ok" } }).status)
  end)

  it("is named in who made a key", function()
    local r = callers.admin:post(P .. "/organizations/" .. org.id .. "/api-keys", { label = "by ada" })
    assert.same({ 201, "admin@example.com" }, { r.status, r:json().api_key.created_by })
  end)
end)
