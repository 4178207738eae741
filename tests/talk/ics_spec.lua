-- The calendar file, read as RFC 5545 says and not a character more leniently; and by libical,
-- which must find no fault and read the same.

local book = require("tests.talk.support.book")
local desk = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local sql = require("tests.talk.support.sql")

-- Section 3.1: lines end in CRLF and have at most 75 octets; a line that begins with a blank
-- goes on with the one before. No character is cut in two.
local function unfold(text)
  assert.equal("\r\n", text:sub(-2))
  assert.is_nil(text:gsub("\r\n", ""):find("[\r\n]"), "a bare CR or LF")
  local lines = {}
  for line in text:gmatch("(.-)\r\n") do
    assert.is_true(#line <= 75 and #line > 0, line)
    assert.is_truthy(utf8.len(line), "a character is cut in two: " .. line)
    assert.is_nil(line:find("[%z\1-\8\11-\31\127]"), "a control character")
    if line:sub(1, 1) == " " then
      lines[#lines] = lines[#lines] .. line:sub(2)
    else
      lines[#lines + 1] = line
    end
  end
  return lines
end

-- Section 3.3.11: only \\ \; \, \n \N are escapes, and ; , do not stand alone.
local function plain(value)
  local out = value:gsub("\\(.?)", function(c)
    assert.truthy(c ~= "" and ("\\;,nN"):find(c, 1, true), "no escape: \\" .. c)
    return ({ n = "\1", N = "\1", [";"] = "\2", [","] = "\3", ["\\"] = "\4" })[c]
  end)
  assert.is_nil(out:find("[;,]"), "not escaped: " .. value)
  return (out:gsub("[\1-\4]", { ["\1"] = "\n", ["\2"] = ";", ["\3"] = ",", ["\4"] = "\\" }))
end

local is_text = { SUMMARY = true, DESCRIPTION = true, LOCATION = true, UID = true }

-- {name = value} of the one event, each property once (section 3.6.1).
local function read(text)
  local lines, event = unfold(text), {}
  assert.equal("BEGIN:VCALENDAR", table.remove(lines, 1))
  assert.equal("END:VCALENDAR", table.remove(lines))
  assert.equal("END:VEVENT", table.remove(lines))
  local inside = false
  for _, line in ipairs(lines) do
    local name, value = line:match("^([A-Z-]+):(.*)$")
    assert.is_string(name, line)
    assert.is_nil(event[name], name .. " twice")
    if line == "BEGIN:VEVENT" then
      assert.is_truthy(event.VERSION and event.PRODID)
      inside = true
    else
      event[name] = is_text[name] and plain(value) or value
    end
  end
  assert.is_true(inside)
  for _, name in ipairs({ "DTSTAMP", "DTSTART", "DTEND", "CREATED", "LAST-MODIFIED" }) do
    assert.truthy(event[name]:find("^%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$"), name)
  end
  assert.equal("2.0", event.VERSION)
  assert.truthy(event.UID and event.SEQUENCE:find("^%d+$"))
  return event
end

-- What libical makes of it: {name = value}; or nil and why it will not have it.
local function by_libical(text)
  local code, out, err = shell.run({ (os.getenv("BUILD") or "build") .. "/icalcheck" }, nil, text)
  if code ~= 0 then return nil, err end
  local event, escapes = {}, { ["\\n"] = "\n", ["\\\\"] = "\\" }
  for name, value in out:gmatch("([%u-]+) ([^\n]*)\n") do
    event[name] = value:gsub("\\.", escapes)
  end
  return event
end

describe("a calendar file", function()
  local s, org, c, anyone
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c, anyone = org.client, s:client()
  end)
  teardown(function() s:stop() end)

  local function create(n)
    local slot = book.slots(c, org, "consultation", book.day(3), book.day(6))[n]
    local r = book.create(c, org, "consultation", slot)
    assert.equal(201, r.status, r.body)
    return r:json().booking, r:json().calendar_invite.ics_url:match("^http://[^/]+(/.*)$")
  end
  local function file(path)
    local r = anyone:get(path)
    assert.equal(200, r.status)
    assert.equal("text/calendar; charset=utf-8", r.headers["content-type"])
    assert.equal("no-store", r.headers["cache-control"])
    local event, theirs = read(r.body), assert(by_libical(r.body))
    for name, value in pairs(theirs) do -- which drops blanks at both ends
      assert.equal(event[name]:match("^ *(.-) *$"), value, name)
    end
    assert.truthy(theirs.UID and theirs.DTSTART and theirs.SUMMARY)
    return event, r.body
  end
  local function digits(time) return (time:gsub("[-:]", "")) end

  it("says when, where and which booking", function()
    local made, path = create(1)
    local event = file(path)
    assert.same({ digits(made.start_at), digits(made.end_at), "CONFIRMED", "0" },
      { event.DTSTART, event.DTEND, event.STATUS, event.SEQUENCE })
    assert.truthy(event.UID:find(made.id, 1, true))
    assert.truthy(event.DESCRIPTION:find(made.confirmation_number, 1, true))
    assert.equal(made.location.value, event.LOCATION)
  end)

  it("follows the booking under one UID, counting up", function()
    local made, path = create(1)
    local first = file(path)
    s:advance(5)
    local target = book.slots(c, org, "consultation", book.day(4), book.day(6))[1]
    assert.equal(200, anyone:post(book.confirmation(made.confirmation_number, "/reschedule"),
      { start_at = target.startsAt, end_at = target.endsAt }).status)
    local second = file(path)
    assert.same({ first.UID, "1", digits(target.startsAt), "CONFIRMED" },
      { second.UID, second.SEQUENCE, second.DTSTART, second.STATUS })
    assert.is_true(second.DTSTAMP > first.DTSTAMP and second.CREATED == first.CREATED)
    s:advance(5)
    assert.equal(200, anyone:post(book.confirmation(made.confirmation_number, "/cancel")).status)
    local third = file(path)
    assert.same({ first.UID, "2", "CANCELLED" }, { third.UID, third.SEQUENCE, third.STATUS })
    assert.is_true(third.DTSTAMP > second.DTSTAMP)
    assert.same(third, file(path))
  end)

  it("is of one's own: no two are alike, none is guessed", function()
    local _, one = create(1)
    local _, two = create(1)
    assert.is_false(one == two)
    assert.is_false(file(one).UID == file(two).UID)
    local swapped = one:gsub("(.)%.ics$", function(last) return (last == "0" and "1" or "0") .. ".ics" end)
    local longer, shorter = one:gsub("%.ics", "x.ics"), one:gsub(".%.ics", ".ics")
    for _, path in ipairs({ swapped, one:upper(), longer, shorter }) do
      assert.equal(404, anyone:get(path).status, path)
    end
    local token = one:match("([^/]+)%.ics$")
    assert.equal("0\n", sql.read(s,
      ("SELECT COUNT(*) FROM booking WHERE ics_hash LIKE '%%%s%%'"):format(token)))
  end)

  it("is folded between characters, wherever they stand", function()
    local made, path = create(1)
    local d = desk.of(org)
    local family = "👩‍👩‍👧‍👦" -- 25 bytes, seven characters
    for pad = 0, 75, 3 do
      local name = ("a"):rep(pad) .. family:rep(10) .. ",;\\"
      d:patch("/services/consultation", { name = name })
      local event = file(path)
      assert.equal(name .. " – Acme Salon", event.SUMMARY)
    end
    local target = book.slots(c, org, "consultation", book.day(4), book.day(6))[2]
    local there = book.confirmation(made.confirmation_number, "/reschedule")
    assert.equal(200, anyone:post(there, { start_at = target.startsAt, end_at = target.endsAt }).status)
    local moved = file(path)
    assert.equal(200, anyone:post(book.confirmation(made.confirmation_number, "/cancel")).status)
    local gone = file(path)
    assert.same({ moved.SUMMARY, moved.UID, "CANCELLED" }, { gone.SUMMARY, gone.UID, gone.STATUS })
    assert.is_true(tonumber(gone.SEQUENCE) > tonumber(moved.SEQUENCE))
    d:patch("/services/consultation", { name = "Consultation" })
  end)

  it("that is no good would not pass libical", function()
    local _, path = create(1)
    local _, text = file(path)
    for from, to in pairs({ ["UID:[^\r]*\r\n"] = "", ["DTSTAMP:%d+T"] = "DTSTAMP:2031-T",
      ["SUMMARY:"] = "SUMMARY:x\r\nSUMMARY:",
      ["DTEND:[^\r]*\r\n"] = "%0DURATION:PT1H\r\n" }) do
      local wrong, n = text:gsub(from, to)
      assert.equal(1, n, from)
      assert.is_nil((by_libical(wrong)), from)
    end
  end)

  for i, name in ipairs({ "Füße, Hände; \\Nägel\\n & „Köpfe“",
    ("💇"):rep(40), ("a"):rep(67) .. "é" .. ("b"):rep(73) .. "é", ("x,"):rep(99), "one\r\ntwo\nthree\rfour",
    "bell\7 and\127 tab\9.", "BEGIN:VEVENT", " begins and ends blank " }) do
    it("survives name " .. i, function()
      sql.change(s, book.monday, ("UPDATE service SET name = '%s', location_value = '%s'")
        :format(name, name))
      local _, path = create(i * 2)
      local event = file(path)
      local shown = name:gsub("\r\n?", "\n"):gsub("[%z\1-\9\11-\31\127]", "")
      assert.same({ shown, shown .. " – Acme Salon" }, { event.LOCATION, event.SUMMARY })
    end)
  end
end)
