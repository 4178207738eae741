-- Organization B looks for what is A's: by every filter, from A's places in lists, under A's
-- name; and reads all that is its own. Nothing of A's is in any answer.

local http = require("tests.talk.support.http")
local rivals = require("tests.talk.support.rivals")
local routes = require("tests.talk.support.routes")
local server = require("tests.talk.support.server")

describe("another organization", function()
  local two, a, b
  setup(function()
    two = rivals.begin(server)
    a, b = two.a, two.b
  end)
  before_each(function() two.s:advance(60) end)
  teardown(function() two.s:stop() end)

  local plain = {} -- parameters that look for nothing
  for word in ("cursor from to at status limit timezone partySize updated_since action by step include")
    :gmatch("%S+") do plain[word] = true end

  -- What of A's could be found by a parameter; by one that is new, by any id.
  local function finds(name)
    if plain[name] or name == "org_slug" then return {} end -- a slug is public
    if name == "q" then return { "only here", a.only_key.last4, a.slug } end
    if name == "created_by" then return { "owner@acme.example.com" } end
    if name == "contact" then return { rivals.only.email, rivals.only.phone } end
    return two.ids
  end

  local function filtered(route, name, value)
    local r = two:request(route)
    local path = r.path:gsub("([?&])" .. name .. "=[^&]*", "%1")
    r.path = path .. (path:find("?", 1, true) and "&" or "?") .. name .. "=" .. http.escape(value)
    return r
  end

  it("is found by no filter", function()
    local n = two.asked
    for _, route in ipairs(two.list) do
      for name in pairs(route.method == "GET" and route.query or {}) do
        for who, c in pairs(two:by(route)) do
          for _, value in ipairs(finds(name)) do
            local what = ("%s of %s at %s"):format(name, who, route.name)
            two:same(c, what, value, function(x) return filtered(route, name, x) end)
          end
        end
      end
    end
    assert.is_true(two.asked - n > 100, two.asked - n)
  end)

  it("has no place in one's own lists", function()
    local n = 0
    for _, route in ipairs(two.list) do
      local paged = route.method == "GET" and route.query.cursor
      for who, c in pairs(paged and two:by(route) or {}) do
        local theirs = who == "key" and a.desk or a.owner
        local cursor = theirs:get(routes.path(route, a.ids, a.values) .. "?limit=1"):json().next_cursor
        if cursor ~= http.null then
          local path = routes.path(route, b.ids, b.values) .. "?limit=1&cursor="
          local mine, got = rivals.answer(c, { path = path .. cursor }, cursor)
          if got.status == 400 then assert.equal(rivals.answer(c, { path = path .. "nowhere" }), mine) end
          assert.is_nil(two:leak(mine), route.name .. mine)
          n = n + 1
        end
      end
    end
    assert.is_true(n >= 10, n)
  end)

  it("is none that one may name", function()
    for _, route in ipairs(two.list) do
      for who, c in pairs(route.kind ~= "platform" and two:by(route) or {}) do
        local got = two:same(c, who .. " at " .. route.name, a.id, function(x)
          local r = two:request(route)
          r.organization = x
          return r
        end)
        assert.same({ 403, "wrong_organization" }, { got.status, got:json().code })
      end
    end
  end)

  it("stands in no answer about what is one's own", function()
    for _, route in ipairs(two.list) do
      for _, c in pairs(route.method == "GET" and two:by(route) or {}) do
        local text, got = rivals.answer(c, two:request(route))
        assert.equal(200, got.status, route.name)
        assert.is_nil(two:leak(text), route.name)
      end
    end
    local text = rivals.answer(a.owner, { path = "/api/platform/v1/organizations/" .. a.id .. "/audit" })
    assert.truthy(two:leak(text)) -- it would be seen
  end)
end)
