-- Every route of the calendar and each of its errors: a table says what it refuses by its own
-- rules, and what all have in common (400, 404, 412, 415) is made from /openapi.json. What is
-- refused changes nothing.

local book = require("tests.talk.support.book")
local desk = require("tests.talk.support.desk")
local refusals = require("tests.talk.support.refusals")
local routes = require("tests.talk.support.routes")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local world = require("tests.talk.support.world")

local P = "/api/calendar/v1"

local rules = [[
return { offer = function(request)
  local refused = {}
  for i = 1, request.n do
    if request.minutes[i] == 18 * 60 then refused[i] = { code = "x_late", message = "Too late." } end
    if request.minutes[i] == 18 * 60 + 30 then refused[i] = "Not that late." end
  end
  return refused
end }
]]

describe("the calendar", function()
  local s, a, b, list, env
  setup(function()
    s = server.start({ scripts = { ["quota.lua"] = book.no_limits["quota.lua"],
      ["booking.lua"] = rules } })
    s:freeze(book.monday)
    a, b = world.make(s, "acme"), world.make(s, "rival")
    list = {}
    for _, route in ipairs(routes.of(s)) do
      if route.path:find(P, 1, true) == 1 then
        route.short = route.name:gsub(P, "")
        list[#list + 1] = route
      end
    end
    desk.of(a):patch("/services/consultation", { minimum_notice_minutes = 600 })
    env = { s = s, a = a, b = b, d = a.desk, host = a.values.host_id }
    function env.patch(path, body) return desk.of(a):patch(path, body) end
    local counts = {}
    function env.count(_, what) -- 0, 1, …
      counts[what] = (counts[what] or -1) + 1
      return counts[what]
    end
    function env:next() -- another Monday to Saturday, so that none is in another's way
      local n = self:count("days")
      return n // 6 * 7 + n % 6
    end
    function env:leave(from, to)
      return desk.of(self.a):post("/hosts/" .. self.host .. "/time-off", { start_at = from, end_at = to })
    end
    function env:soon() -- a booking of tomorrow morning, within its notice
      local slots = book.slots(self.a.client, self.a, "consultation", book.monday,
        book.day(1, "2031-06-02T13:01:00Z"))
      local r = book.create(self.a.client, self.a, "consultation", slots[#slots])
      assert.equal(201, r.status, r.body)
      return r:json().booking
    end
  end)
  teardown(function() s:stop() end)
  before_each(function() s:advance(60) end)

  local function ask(route, change, headers)
    local r = routes.request(route, a.ids, a.values)
    change(r)
    local caller = route.kind == "contact" and s:client() or route.kind == "key" and a.client or a.desk
    return caller:request({ method = r.method, path = r.path, body = r.body, headers = headers }), r
  end
  local function refused(status, code, route, r)
    assert.same({ status, code }, { r.status, r:json().code or r:json().type },
      route.name .. ": " .. tostring(r))
    assert.is_string(r:json().detail)
  end
  local function query(path, more) return path .. (path:find("?", 1, true) and "&" or "?") .. more end

  it("has no route that the table does not know, and none too few", function()
    local known = {}
    for name in pairs(refusals.of) do known[name] = true end
    for _, route in ipairs(list) do
      assert.is_true(known[route.short], route.short)
      known[route.short] = nil
    end
    assert.is_nil(next(known))
  end)

  it("says in the reference what it may answer", function()
    for _, route in ipairs(list) do
      local told = route.doc.paths[route.path][route.method:lower()].responses
      for _, case in ipairs(refusals.of[route.short]) do
        assert.is_table(told[tostring(case[1])], route.name .. ": " .. case[1])
      end
      if route.body then assert.is_table(told["415"], route.name) end
    end
  end)

  it("answers 400 to what makes no sense: a parameter twice, one that is missing, no JSON", function()
    local before, n = sql.dump(s, sql.noted), 0
    for _, route in ipairs(list) do
      local r = ask(route, function(one) one.path = query(one.path, "twice=1&twice=2") end)
      refused(400, "validation_error", route, r)
      for name, parameter in pairs(route.query) do
        if parameter.required then
          r = ask(route, function(one)
            one.path = one.path:gsub(name .. "=[^&]*", "none=1")
          end)
          refused(400, "validation_error", route, r)
          assert.truthy(r:json().detail:find(name .. " is required", 1, true), r.body)
          n = n + 1
        end
      end
      for _, text in ipairs(route.body and { "{", "[1]", '"x"', "7" } or {}) do
        r = ask(route, function(one) one.body = text end, { ["Content-Type"] = "application/json" })
        refused(400, text == "{" and "invalid_json" or "validation_error", route, r)
        n = n + 1
      end
    end
    assert.is_true(n > 60, n)
    assert.equal(before, sql.dump(s, sql.noted))
  end)

  it("answers 415 to a body that is not JSON, where one is read", function()
    local n = 0
    for _, route in ipairs(list) do
      if route.body then
        n = n + 1
        refused(415, "unsupported_media_type", route,
          (ask(route, function() end, { ["Content-Type"] = "text/plain" })))
      end
    end
    assert.is_true(n >= 17, n)
  end)

  -- The id, slug or number of nobody in place of one in the path.
  local function nobody(name, value)
    local lead = value:match("^%l+_") or value:match("^BOOK_")
    return lead and lead .. ("0"):rep(26) or name == "owner" and "room" or "nobody"
  end

  it("answers 404 to what is not there, and to what is another's", function()
    local before, n = sql.dump(s, sql.noted), 0
    for _, route in ipairs(list) do
      local ids = setmetatable({}, { __index = function(_, name)
        local value = a.ids[name] or a.values[name]
        return value and nobody(name, value)
      end })
      local mine, foreign = routes.path(route, a.ids, a.values), nil
      local values = setmetatable({}, { __index = ids })
      local path = routes.path(route, ids, values)
      if path ~= mine then
        local r = ask(route, function(one) one.path = one.path:gsub("^[^?]*", path) end)
        refused(404, "not_found", route, r)
        foreign = routes.path(route, b.ids, setmetatable({ service_slug = "consultation" },
          { __index = b.values }))
        n = n + 1
      end
      if foreign and route.kind == "organization" then
        local r = ask(route, function(one) one.path = one.path:gsub("^[^?]*", foreign) end)
        refused(404, "not_found", route, r)
        n = n + 1
      end
      for _, member in ipairs({ "org_slug", "service_slug" }) do
        if route.query[member] or (route.body and route.body.properties[member]) then
          local function name(value)
            return (ask(route, function(one)
              one.path = one.path:gsub(member .. "=[^&]*", member .. "=" .. value)
              if one.body and one.body[member] then one.body[member] = value end
            end))
          end
          local listed = route.short == "GET /bookings" -- where it is a filter
          if not listed then refused(404, "not_found", route, name("nobody")) end
          if member == "org_slug" then refused(403, "wrong_organization", route, name("rival")) end
          n = n + 1
        end
      end
    end
    assert.is_true(n > 60, n)
    assert.equal(before, sql.dump(s, sql.noted))
  end)

  it("answers 412 to who means another version, and 400 to what is no version", function()
    local n, before = 0, sql.dump(s, sql.noted)
    for _, route in ipairs(list) do
      local takes = route.name:find("/v1/bookings/{id}", 1, true) and route.method ~= "GET"
      if takes then
        n = n + 1
        refused(412, "precondition_failed", route,
          (ask(route, function() end, { ["If-Match"] = '"99", W/"1"' })))
        refused(400, "validation_error", route, (ask(route, function() end, { ["If-Match"] = "one" })))
      end
    end
    assert.equal(4, n)
    assert.equal(before, sql.dump(s, sql.noted))
  end)

  local tried = {}
  for name, cases in pairs(refusals.of) do
    for i, case in ipairs(cases) do
      tried[#tried + 1] = { name = name, i = i, status = case[1], word = case[2], run = case[3] }
    end
  end
  table.sort(tried, function(x, y) return x.name < y.name or x.name == y.name and x.i < y.i end)
  for _, case in ipairs(tried) do
    it(("%s: %d %s (%d)"):format(case.name, case.status, case.word or "", case.i), function()
      local r = case.run(env)
      local answer = r:json()
      local told = answer.violations or { answer }
      local words = {}
      for _, one in ipairs(told or {}) do words[one.code or 1] = true end
      assert.equal(case.status, r.status, tostring(r))
      assert.is_true(not case.word or words[case.word], tostring(r))
    end)
  end
end)
