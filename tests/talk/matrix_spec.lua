-- Every route that is served, as everybody who may knock: one table says what each is told,
-- the routes are those of /openapi.json, and what is refused is a request that would have
-- worked. What is refused changes nothing.

local book = require("tests.talk.support.book")
local callers = require("tests.talk.support.callers")
local client = require("tests.talk.support.client")
local people = require("tests.talk.support.people")
local rights = require("tests.talk.support.rights")
local routes = require("tests.talk.support.routes")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local world = require("tests.talk.support.world")

local P = people.prefix

describe("of all routes", function()
  local s, a, all, list, extra, cells
  setup(function()
    s = server.start({ load = { "examples/hello", "examples/notes", "tests/talk/plugins/vaulted" },
      scripts = { ["quota.lua"] = book.no_limits["quota.lua"],
        ["kordless.lua"] = server.settings('trusted_proxies = { "127.0.0.1" }') } })
    s:freeze(book.day(-1))
    local operator = client.admin(s)
    local early = callers.early(s, operator)
    local old = s:organization("old")
    old.expired = s:key("old", "x", "--expires-at", book.day(-1, "2031-06-02T14:00:00Z"))
    s:freeze(book.monday)
    a = world.make(s, "acme")
    local b, c = world.make(s, "rival"), s:organization("paused")
    a.expired, a.revoked = old.expired, s:key("acme", "lost")
    operator:post(P .. "/api-keys/" .. a.revoked.id .. "/revoke")
    operator:put(P .. "/secrets/vaulted.token", { value = "a secret of a plugin" })
    all, a.ids.tokens = callers.of(s, operator, early, a, b, c)
    operator:patch(P .. "/organizations/" .. c.id, { suspended = true })
    a.ids.plugins, a.ids.secrets, a.ids.hello, a.ids.vaulted = "notes", "vaulted.token", "ada", "token"
    list = routes.of(s)
    extra, cells = 0, 0
    s:advance(60)
  end)
  teardown(function() s:stop() end)

  -- Each from an address of its own: nobody is refused for what others did.
  local function ask(name, route, r, method)
    extra = extra + 1
    local path = r.path
    if name == "key_in_query" then
      path = path .. (path:find("?", 1, true) and "&" or "?") .. "api_key=" .. a.key
    end
    local from = ("10.%d.%d.%d"):format(extra // 65536, extra // 256 % 256, extra % 256)
    local c = s:client(all[name]):with({ ["X-Forwarded-For"] = from })
    cells = cells + 1
    return c:request({ method = method or route.method, path = path, body = r.body })
  end
  local function each(run)
    for _, route in ipairs(list) do
      for name in pairs(all) do run(name, route, rights.told(name, route)) end
    end
    s:advance(60)
  end

  it("there is a rule for each kind and everybody", function()
    for name in pairs(all) do assert.equal(4, #(rights.rules[name] or {}), name) end
    for name in pairs(rights.rules) do assert.truthy(all[name], name) end
    local kinds = {}
    for _, route in ipairs(list) do kinds[route.kind] = (kinds[route.kind] or 0) + 1 end
    assert.is_true(#list > 80 and kinds.key >= 6 and kinds.organization >= 38 and kinds.contact == 4
      and kinds.platform >= 40 and kinds.open >= 8, #list)
  end)

  -- The last line that fits says the least role; what fits none is the operator's.
  local least = { { "^%u+ /session", "viewer" }, { "^GET /organizations/{id}$", "viewer" },
    { "^PATCH /organizations/{id}$", "owner" }, { "{id}/members", "owner" }, { "/members/{id}", "owner" },
    { "^GET /organizations/{id}/", "admin" }, { "/api%-keys", "admin" }, { "/quota$", "operator" } }
  local any = { ["GET /api/calendar/v1/rate-limit"] = true, ["GET /hello/{name}"] = true,
    ["GET /notes"] = true, ["POST /notes"] = true } -- a key of any scope may

  it("each names the scope or the role it should", function()
    for _, route in ipairs(list) do
      if route.kind == "platform" and route.name ~= "GET /metrics" then
        local short, role = route.name:gsub(P, ""), "operator"
        for _, line in ipairs(least) do role = short:find(line[1]) and line[2] or role end
        assert.equal(role, route.role, route.name)
      elseif route.kind == "key" or route.kind == "organization" then
        local way = (route.scope or "none"):match("[^:]+$")
        local right = any[route.name] and "none" or route.method == "GET" and "read" or "write"
        assert.equal(right, way, route.name)
      end
    end
  end)

  -- All rows that last: sessions that are over are swept, whoever asks.
  local lasting = setmetatable({ session = true }, { __index = sql.noted })
  local function kept()
    return sql.dump(s, lasting) .. sql.read(s, "SELECT quote(digest), member_id FROM session"
      .. " WHERE created_at >= unixepoch('" .. book.monday .. "') * 1000 ORDER BY 1")
  end

  it("those that refuse say why, and change nothing", function()
    local before = kept()
    each(function(name, route, code, status)
      if not code then return end
      local r = ask(name, route, routes.request(route, a.ids, a.values))
      assert.same({ status, code }, { r.status, r:json().code },
        name .. " at " .. route.name .. ": " .. tostring(r))
      if route.method == "GET" then
        local head = ask(name, route, routes.request(route, a.ids, a.values), "HEAD")
        assert.equal(r.status, head.status)
      end
    end)
    assert.is_true(cells > 2000, cells)
    assert.equal(before, kept())
  end)

  -- Nothing of that name is there to be changed, and the bodies are none.
  local nobody = setmetatable({}, { __index = function(_, name)
    return ({ organizations = a.id, services = "none", hello = "ada", vaulted = "token" })[name] or "none"
  end })
  local own = { ["DELETE /api/platform/v1/session"] = true, ["POST /api/platform/v1/rollback"] = true,
    ["POST /api/platform/v1/organizations/{id}/demo"] = true }

  it("those that do not refuse look at what is asked", function()
    local let_in = 0
    each(function(name, route, code)
      if code or own[route.name] then return end
      local reads = route.method == "GET"
      local r = reads and routes.request(route, a.ids, a.values)
        or { path = routes.path(route, nobody, nobody), body = route.body and { slug = 1, name = 1 } }
      local answer = ask(name, route, r)
      local what = name .. " at " .. route.name .. ": " .. tostring(answer)
      let_in = let_in + 1
      if reads then assert.equal(200, answer.status, what) end
      assert.is_true(answer.status < 500 and answer.status ~= 403 and answer.status ~= 429, what)
      assert.is_true(answer.status ~= 401 or route.kind == "open", what)
    end)
    assert.is_true(let_in > 800, let_in)
  end)

  -- Two of one time or name would be in each other's way.
  local function vary(n, at)
    a.values.starts_at, a.values.ends_at = at.startsAt, at.endsAt
    a.values.start_at, a.values.end_at = at.startsAt, at.endsAt
    a.values.email = n .. "@new.example.com"
  end
  local function times()
    local found, seen = {}, {} -- on the hour: none is in another's way, whatever the buffer
    for _, slot in ipairs(book.slots(a.client, a, "consultation", book.day(9), book.day(30))) do
      local on_hour = slot.startsAt:find(":00:00Z", 1, true)
      if on_hour and not seen[slot.startsAt] then found[#found + 1] = slot end
      seen[slot.startsAt] = true
    end
    return found
  end

  -- What takes something away comes last.
  local function order(route)
    local n = ({ GET = 1, PUT = 2, PATCH = 3, POST = 4, DELETE = 6 })[route.method]
    local ends = route.name:find("/cancel$") or route.name:find("/revoke$")
    return n + (ends and 1 or 0)
  end
  local function before(x, y)
    if order(x) ~= order(y) then return order(x) < order(y) end
    if x.method == "DELETE" then return x.name > y.name end -- the inner before the outer
    return x.name < y.name
  end

  local excused = { -- what is asked is right, and the answer is no for a reason of its own
    ["POST /api/platform/v1/organizations/{id}/demo"] = "has_services",
    ["POST /api/platform/v1/rollback"] = "reload_refused",
    ["POST /api/platform/v1/session"] = "wrong_credentials",
    ["POST /api/platform/v1/session/setup"] = "setup_link_invalid",
    ["POST /api/platform/v1/session/password"] = "no_session",
    ["DELETE /api/platform/v1/session"] = "no_session",
  }

  -- Changes of the platform, of which there is no word in the audit, and why not.
  local silent = { ["POST /api/platform/v1/quota/diff"] = true, -- changes nothing
    ["POST /api/platform/v1/plugins/{name}/resume"] = true } -- nothing was quarantined

  it("what was refused would have worked, and stands in the audit", function()
    local free = times()
    table.sort(list, before)
    local was
    for n, route in ipairs(list) do
      vary(n, free[n])
      local r = ask(route.kind == "platform" and "good_token" or "good_key", route,
        routes.request(route, a.ids, a.values))
      local code = r.status >= 300 and r:json().code or nil
      assert.equal(excused[route.name], code, route.name .. ": " .. tostring(r))
      local rows = sql.read(s, "SELECT COUNT(*) FROM audit")
      local changed = route.kind == "platform" and route.method ~= "GET" and not code
      if changed and not silent[route.name] then assert.is_false(rows == was, route.name) end
      was = rows
    end
  end)
end)
