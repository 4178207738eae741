-- Every field of every route, with what does not belong there: the documented status, a
-- sentence that names the field as that route spells it, and nothing left behind.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local http = require("tests.talk.support.http")

local json_type = { ["Content-Type"] = "application/json" }

local function quoted(text) return http.json.encode(text) end

-- What is no JSON at all, wherever it stands: the sentence then says where.
local broken = { '"a\\u0000"', '"\\ud800"', '"\\udc00x"', '"\255"', '"\192\128"', "1e999", "NaN",
  "-Infinity", "01", "+1", "'a'", "undefined", "[1,]", ("["):rep(70) .. ("]"):rep(70) }

-- Values of the wrong type for text, and for whole numbers.
local no_text = { "0", "-1", "1.5", "99999999999999999999", "true", "false", "[]", "{}", "[[{}]]" }
local no_number = { "0", "-1", "1.5", "1000001", "99999999999999999999", "1e30", "true", '""',
  '"2"', "[]", "{}", "[1]" }

local function with(list, more)
  return table.move(more, 1, #more, #list + 1, table.move(list, 1, #list, 1, {}))
end

local slugs = with(no_text, { '""', '" "', '"A"', '"-a"', '"a b"', '"ä"', quoted(("a"):rep(64)) })
local times = with(no_text, { '""', '" "', '"now"', '"2031-06-05"', '"2031-06-05T13:00Z"',
  '"2031-06-05T13:00:00"', '"2031-06-05T13:00:60Z"', '"2031-06-05T24:00:00Z"',
  '"2031-02-29T13:00:00Z"', '"2031-06-05T13:00:00 04:00"', '"2031-06-05T13:00:00+24:00"',
  '"0000-01-01T00:00:00Z"', '"10000-01-01T00:00:00Z"', '"9999-12-31T23:59:59-00:01"',
  '"2031-06-05T13:00:00.Z"', '"2031-06-05 13:00:00Z"', quoted(("9"):rep(4000)) })
local zones = with(no_text, { '""', '"Mars/Olympus"', '"../etc/passwd"', '"/etc/localtime"',
  '"america/new_york"', '"America"', '"zone.tab"', '"America/New_York "', quoted(("A/"):rep(500)) })
local ids = with(no_text, { '""', '" "', '"a b"', '"ä"', '"%"', quoted(("a"):rep(41)) })

local function text(max)
  return with(no_text, { quoted(("ü"):rep(max + 1)) })
end

-- The members of a body in order: name, a good value, what is wrong for it, required.
local person = { "contact", '{"name":"Ada","email":"ada@example.com"}',
  with({ "0", "true", '"ada"', "[]", '[{"name":"Ada"}]' }, { '{"name":"Ada"}' }), true }
local routes = {
  create = { { "org_slug", '"acme-salon"', slugs, true },
    { "service_slug", '"consultation"', slugs, true }, { "starts_at", '"2031-06-05T13:00:00Z"', times, true },
    { "ends_at", '"2031-06-05T13:30:00Z"', times, true }, { "timezone", '"UTC"', zones, true }, person,
    { "party_size", "1", no_number }, { "host_id", "null", ids }, { "team_id", "null", ids },
    { "notes", '"x"', text(2000) } },
  move = { { "start_at", '"2031-06-05T13:00:00Z"', times, true },
    { "end_at", '"2031-06-05T13:30:00Z"', times, true }, { "timezone", '"UTC"', zones },
    { "notes", '"x"', text(2000) } },
  contact = { { "name", '"Ada"', with(text(200), { '""', '"  "' }), true },
    { "email", '"ada@example.com"', with(text(254), { '"ada"', '"a@"', '"@b"', '"a@b@c"', '"a b@c"',
      '"a@b\\nc"' }) },
    { "phone", '"123456"', with(text(32), { '"12345"', '"abcdefg"', '"1234567890123456"' }) } },
}
routes.own = table.move(routes.create, 2, #routes.create, 1, {})

-- The body with one member replaced; nil leaves it out.
local function body(members, name, value)
  local parts = {}
  for _, member in ipairs(members) do
    local raw = member[2]
    if member[1] == name then raw = value end
    if raw then parts[#parts + 1] = quoted(member[1]) .. ":" .. raw end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

describe("a field", function()
  local s, org, c, desk, made
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    desk = c:with({ ["x-organization-id"] = org.id })
    local slot = book.slots(c, org, "consultation", book.day(4), book.day(6))[1]
    made = book.create(c, org, "consultation", slot):json().booking
  end)
  teardown(function() s:stop() end)

  local function send(route, raw)
    if route == "move" then
      return c:post(book.confirmation(made.confirmation_number, "/reschedule"), raw, json_type)
    elseif route == "own" then
      return desk:post(book.prefix .. "/bookings", raw, json_type)
    elseif route == "contact" then
      raw = body(routes.create, "contact", raw)
    end
    return c:post(book.public .. "/bookings", raw, json_type)
  end

  local function refused(r, why, ...)
    assert.same({ 400, "validation_error" }, { r.status, r:json().type }, why .. "\n" .. r.body)
    local at = 1
    for _, name in ipairs({ ... }) do
      local found = r:json().detail:find(name, at, true)
      assert.is_truthy(found, ("%s: no %s after %d in %s"):format(why, name, at, r:json().detail))
      at = found
    end
  end

  local function rows(what)
    local _, out = shell.run({ "sqlite3", s.data .. "/kordless.db", what })
    return out
  end
  local count = "SELECT (SELECT COUNT(*) FROM booking), (SELECT COUNT(*) FROM claim),"
    .. " (SELECT COUNT(*) FROM subject), (SELECT MAX(version) FROM booking)"

  for route, members in pairs(routes) do
    it("of " .. route .. " is refused by its name, and nothing of it stays", function()
      local before = rows(count)
      for _, member in ipairs(members) do
        local name, _, wrong, required = table.unpack(member)
        local said = route == "contact" and "contact." .. name or name
        if required then
          refused(send(route, body(members, name)), said, said .. " is required")
          refused(send(route, body(members, name, "null")), said, said .. " is required")
        end
        for _, value in ipairs(wrong) do
          refused(send(route, body(members, name, value)), said .. " " .. value:sub(1, 40), said)
        end
        for _, value in ipairs(broken) do
          refused(send(route, body(members, name, value)), name .. " " .. value:sub(1, 40), "at byte")
        end
      end
      assert.equal(before, rows(count))
    end)

    it("of " .. route .. " is one of all that are wrong, in their order", function()
      local parts, names = {}, {}
      for _, member in ipairs(members) do
        parts[#parts + 1] = quoted(member[1]) .. ":false"
        names[#names + 1] = (route == "contact" and "contact." or "") .. member[1] .. " "
      end
      refused(send(route, "{" .. table.concat(parts, ",") .. "}"), route, table.unpack(names))
    end)
  end

  it("may be as long as it may be, in characters", function()
    local contact = { name = ("ü"):rep(200), email = ("ü"):rep(246) .. "@b.co.uk",
      phone = "+1 2 3 4 5 6 7 8 9 0 1 2 3 4 5  " }
    local raw = body(routes.create, "contact", quoted(contact))
    raw = raw:gsub('"notes":"x"', function() return '"notes":' .. quoted(("𝔘"):rep(2000)) end)
    local r = send("create", raw)
    assert.equal(201, r.status, r.body)
    local own = desk:get(book.prefix .. "/bookings/" .. r:json().booking.id):json().booking
    assert.same(contact, own.contact)
    assert.equal(("𝔘"):rep(2000), own.notes)
    assert.equal(200, c:post(book.confirmation(own.confirmation_number, "/cancel", contact.phone)).status)
  end)

  it("that nobody knows is left alone, and of two the last counts", function()
    local raw = body(routes.create):gsub("^{", '{"__proto__":{"a":[1]},"party_size":0,"x":null,')
    local r = send("create", raw)
    assert.equal(201, r.status, r.body)
  end)
end)
