-- Every parameter of the routes that are asked by query, and the platform's fields: what does
-- not belong there is 400 and named, all of it at once, in the order of the reference.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")

local slugs = { "", " ", "A", "-a", "a b", "ä", ("a"):rep(64), "null" .. "'", "a/b", "%" }
local times = { "", "now", "0", "2031-06-05", "2031-06-05T13:00:00", "2031-06-05T13:00:60Z",
  "2031-06-05T13:00:00 4:00", "2031-06-05 13:00:00Z", "0000-01-01T00:00:00Z", ("9"):rep(2000) }
local zones = { "", "Mars/Olympus", "../etc/passwd", "america/new_york", "America", "UTC ", "zone.tab" }
local counts = { "", "0", "-1", "1.0", "1e2", "0x10", " 1", "1000001", "9999999999", "null", "１" }
local contacts = { "", " ", "12345", "phone", "1234567890123456", ("a"):rep(253) .. "@b",
  ("1 "):rep(200), "@" .. (" "):rep(2000) }

-- name, a good value, wrong ones; in the order in which faults are told
local routes = {
  slots = { { "org_slug", "acme-salon", slugs }, { "service_slug", "consultation", slugs },
    { "from", "2031-06-05T00:00:00Z", times }, { "to", "2031-06-06T00:00:00Z", times },
    { "partySize", "1", counts }, { "timezone", "UTC", zones } },
  moves = { { "contact", "ada@example.com", contacts }, { "from", "2031-06-05T00:00:00Z", times },
    { "to", "2031-06-06T00:00:00Z", times }, { "timezone", "UTC", zones } },
  list = { { "from", "2031-06-05T00:00:00Z", times }, { "to", "2031-06-06T00:00:00Z", times },
    { "status", "canceled", { "", "Canceled", "cancelled", "confirmed,pending" } },
    { "service_slug", "consultation", slugs },
    { "host_id", "host_x", { "", "a b", "ä", ("a"):rep(41), "'" } },
    { "contact", "123456", contacts }, { "updated_since", "2031-06-01T00:00:00Z", times },
    { "limit", "5", { "", "0", "-1", "101", "5.0", "1e1", " 5", "9999999999", "all" } } },
}
local required = { slots = 4, moves = 3, list = 0 }

describe("a question", function()
  local s, c, paths, admin
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    local org = s:demo()
    c = org.client:with({ ["x-organization-id"] = org.id })
    local slot = book.slots(c, org, "consultation", book.day(4), book.day(6))[1]
    local made = book.create(c, org, "consultation", slot):json().booking
    paths = { slots = book.public .. "/availability", list = book.prefix .. "/bookings",
      moves = book.public .. "/bookings/confirmation/" .. made.id .. "/availability" }
    admin = client.admin(s)
  end)
  teardown(function() s:stop() end)

  local function ask(route, change, more)
    local values = {}
    for _, parameter in ipairs(routes[route]) do values[parameter[1]] = parameter[2] end
    for name, value in pairs(change) do values[name] = value or nil end
    return c:get(paths[route] .. http.query(values) .. (more or ""))
  end

  local function refused(r, ...)
    local shown = table.concat({ ... }, " ") .. "\n" .. r.body
    assert.same({ 400, "validation_error" }, { r.status, r:json().type }, shown)
    local at = 1
    for _, name in ipairs({ ... }) do
      at = r:json().detail:find(name, at, true)
      assert.is_truthy(at, shown)
    end
  end

  for route, parameters in pairs(routes) do
    it("about " .. route .. " is refused by the name of what is wrong", function()
      assert.equal(200, ask(route, {}).status)
      for i, parameter in ipairs(parameters) do
        local name = parameter[1]
        for _, value in ipairs(parameter[3]) do refused(ask(route, { [name] = value }), name) end
        if i <= required[route] then
          refused(ask(route, { [name] = false }), name .. " is required")
        end
        refused(ask(route, {}, "&" .. name .. "=" .. http.escape(parameter[2])), name, "twice")
        refused(ask(route, { [name] = false }, "&" .. name .. "=%00"), "NUL")
        refused(ask(route, { [name] = false }, "&" .. name .. "=%ED%A0%80"), "UTF-8")
        refused(ask(route, { [name] = false }, "&" .. name .. "=%4"), "escape")
      end
    end)

    it("about " .. route .. " is told all that is wrong, in order", function()
      local change, names = {}, {}
      for i, parameter in ipairs(parameters) do
        change[parameter[1]], names[i] = parameter[3][1], parameter[1] .. " must"
      end
      refused(ask(route, change), table.unpack(names))
    end)
  end

  it("with what nobody knows is answered as if it were not there", function()
    assert.equal(ask("slots", {}).body, ask("slots", { party_size = "0", org_Slug = "B", [""] = "x" }).body)
    local crowd = {}
    for i = 1, 65 do crowd[i] = "&x" .. i .. "=" end
    refused(ask("slots", {}, table.concat(crowd)), "64 parameters")
  end)

  it("of the platform is held to its fields too", function()
    local P = "/api/platform/v1"
    local org = admin:get(P .. "/organizations/acme-salon"):json().organization
    local keys = P .. "/organizations/" .. org.id .. "/api-keys"
    local cases = {
      { P .. "/organizations", { x = 1 }, "slug is required", "name is required" },
      { P .. "/organizations", { slug = "A b", name = "x" }, "slug" },
      { P .. "/organizations", { slug = ("a"):rep(64), name = ("ü"):rep(201), plan = 1 },
        "slug", "name", "plan" },
      { P .. "/organizations", { slug = { 1 }, name = { "x" }, plan = true }, "slug", "name" },
      { P .. "/organizations", http.json.decode("[1]"), "object" },
      { keys, { x = 1 }, "label is required" },
      { keys, { label = ("ü"):rep(81) }, "label" },
      { keys, { label = "", environment = "staging", scopes = { "root" }, not_before = "x", expires_at = 1 },
        "label", "environment", "scopes", "not_before", "expires_at" },
      { keys, { label = "x", scopes = { a = 1 } }, "scopes" },
      { keys, { label = "x", scopes = { { "bookings:read" } } }, "scopes" },
    }
    for _, case in ipairs(cases) do
      refused(admin:post(case[1], case[2]), table.unpack(case, 3))
    end
    assert.equal(1, #admin:get(keys):json().api_keys)
    for _, limit in ipairs({ "", "0", "101", "x", "1.5" }) do
      refused(admin:get(keys .. "?limit=" .. limit), "limit")
    end
    local id = admin:get(keys):json().api_keys[1].id
    assert.equal(201, admin:post(keys, { label = "second" }).status)
    local cursor = admin:get(keys .. "?limit=1"):json().next_cursor
    assert.equal(200, admin:get(keys .. "?cursor=" .. cursor).status)
    for _, wrong in ipairs({ "", "x", "key_", id, cursor .. "&q=a", cursor .. "0",
      "org_" .. cursor:sub(5) }) do
      refused(admin:get(keys .. "?cursor=" .. wrong), "cursor")
    end
    for _, reason in ipairs({ 1, true, { "x" }, ("ü"):rep(201) }) do
      refused(admin:post(P .. "/api-keys/" .. id .. "/revoke", { reason = reason }), "reason")
    end
    assert.equal("active", admin:get(keys):json().api_keys[1].status)
    assert.equal(404, admin:post(P .. "/api-keys/key_x/revoke", { reason = "x" }).status)
    assert.equal(404, admin:get(P .. "/organizations/org_x/api-keys").status)
    assert.equal(404, admin:get(P .. "/organizations/none").status)
    assert.equal(401, c:get(P .. "/organizations/acme-salon").status)
  end)
end)
