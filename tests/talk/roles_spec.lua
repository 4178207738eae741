-- Roles, where it is not the route alone that decides (matrix_spec has all routes): whose
-- keys one sees, what of a thing one may change, and who is said to have done it.

local book = require("tests.talk.support.book")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")

local P = people.prefix

describe("a role", function()
  local s, org, other, callers
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    local operator = people.admin(s)
    org, other = s:organization("acme"), s:organization("other")
    callers = { operator = people.member(s, operator, nil, "operator@example.com") }
    for _, role in ipairs({ "viewer", "admin", "owner" }) do
      callers[role] = people.member(s, operator, org.id, role .. "@example.com", role)
    end
    s:advance(60)
  end)
  teardown(function() s:stop() end)

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
