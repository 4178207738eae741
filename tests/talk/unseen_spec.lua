-- Organization B asks with every id of A's, in every path and every body that takes one, by
-- key and by session: it hears, to the byte, what it hears of an id that never was, and
-- nothing changes. The routes are those of /openapi.json.

local book = require("tests.talk.support.book")
local rivals = require("tests.talk.support.rivals")
local server = require("tests.talk.support.server")

describe("what is another organization's", function()
  local two, b
  setup(function()
    two = rivals.begin(server)
    b = two.b
  end)
  before_each(function() two.s:advance(60) end)
  teardown(function() two.s:stop() end)

  -- The names in a path that are ids, of which one may be another's.
  local function holes(route)
    local found = {}
    for name in route.path:gmatch("{([%w_]+)}") do
      if name:find("id$") or name == "service" or name == "service_slug" then
        found[#found + 1] = name
      end
    end
    return found
  end

  local function with_path(route, name, id)
    local r = two:request(route)
    local own = b.values[name]
    if name == "id" then own = b.ids[route.name] or b.ids[route.path:match("([^/]+)/{id}")] end
    local at, to = r.path:find("/" .. own, 1, true)
    r.path = r.path:sub(1, at) .. id .. r.path:sub(to + 1)
    return r
  end

  local function refused(what, got)
    assert.is_true(got.status >= 400 and got.status < 500, what .. ": " .. tostring(got))
  end

  it("is in a path what never was", function()
    local before, n = two:dump(), two.asked
    for _, route in ipairs(two.list) do
      for _, name in ipairs(holes(route)) do
        for who, c in pairs(two:by(route)) do
          for _, id in ipairs(two.ids) do
            local what = who .. " at " .. route.name
            refused(what, two:same(c, what, id, function(x) return with_path(route, name, x) end))
          end
        end
      end
    end
    assert.is_true(two.asked - n > 700, two.asked - n)
    assert.equal(before, two:dump())
  end)

  it("has no hours, whoever they would be of", function()
    local before = two:dump()
    for _, owner in ipairs({ "organization", "team", "host", "service" }) do
      for _, method in ipairs({ "GET", "PUT", "DELETE" }) do
        for _, id in ipairs(two.ids) do
          local what = method .. " schedules of a " .. owner
          refused(what, two:same(b.desk, what, id, function(x)
            return { method = method, path = ("%s/schedules/%s/%s"):format(book.prefix, owner, x),
              body = method == "PUT" and { timezone = "UTC", weekly = b.values.weekly } or nil }
          end))
        end
      end
    end
    assert.equal(before, two:dump())
  end)

  -- The members of a route's body that name something.
  local function members(route)
    local found = {}
    for name in pairs(route.body and route.body.properties or {}) do
      if name:find("_ids?$") or name == "service_slug" or name == "members" then
        found[#found + 1] = name
      end
    end
    return found
  end

  local function with_member(route, name, value)
    local r = two:request(route)
    r.body = r.body or {}
    if name == "team_id" and r.body.service_slug then r.body.service_slug = "group-class" end
    r.body[name] = value
    return r
  end

  local function wrap(name, id)
    if name == "members" then return { { host_id = id } } end
    return name:find("_ids$") and { id } or id
  end

  it("is in a body what never was, and refused", function()
    local before, n = two:dump(), two.asked
    for _, route in ipairs(two.list) do
      for _, name in ipairs(members(route)) do
        for who, c in pairs(two:by(route)) do
          for _, id in ipairs(two.ids) do
            local what = ("%s of %s at %s"):format(name, who, route.name)
            refused(what, two:same(c, what, id, function(x)
              return with_member(route, name, wrap(name, x))
            end))
          end
        end
      end
    end
    assert.is_true(two.asked - n > 300, two.asked - n)
    assert.equal(before, two:dump())
  end)

  local function keep() -- a hold of B's own
    local slot = book.slots(b.client, b, "consultation", book.day(13), book.day(16))[1]
    return b.desk:post(book.prefix .. "/holds", { service_slug = "consultation",
      starts_at = slot.startsAt, ends_at = slot.endsAt, host_id = slot.hostId }):json().hold.id
  end

  it("is told apart from one's own", function() -- or the above would prove nothing
    local class = b.desk:get(book.prefix .. "/services/group-class"):json().service
    local own = { host_id = b.values.host_id, team_id = class.team_id,
      host_ids = { b.values.host_id }, members = b.values.members, service_slug = "consultation" }
    local n = 0
    for _, route in ipairs(two.list) do
      for _, name in ipairs(members(route)) do
        local function ask(value)
          local r = with_member(route, name, value)
          r.body.slug = r.body.slug and "new-" .. n
          return (rivals.answer(two:by(route).key, r))
        end
        local mine = ask(own[name] or assert(name == "hold_id", name) and keep())
        local never = ask(wrap(name, rivals.twin(b.values.host_id)))
        assert.is_false(mine == never, name .. " at " .. route.name)
        n = n + 1
      end
    end
    assert.is_true(n >= 12, n)
  end)
end)
