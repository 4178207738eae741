-- Days of 23 to 25 hours, some without a midnight: what is listed can be booked, what is not is
-- refused, and what is canceled is listed again. The wall clock says when, in every zone.

local book = require("tests.talk.support.book")
local instant = require("tests.talk.support.instant")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

local seconds, written = instant.seconds, instant.written

local zones = { "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata" }

describe("a day", function()
  local s, org, c
  setup(function()
    s = server.start({ scripts = book.no_limits })
    org = s:demo()
    c = org.client
  end)
  teardown(function() s:stop() end)

  local function open(now, hours, columns, zone)
    zone = ("timezone = '%s'"):format(zone or "America/New_York")
    sql.change(s, now, "UPDATE schedule SET " .. zone .. ";" .. sql.open(hours, zone .. ", " .. columns
      .. ", minimum_notice_minutes = 0, notice_hours = 0"))
  end

  local function slots(from, to, zone)
    return book.slots(c, org, "consultation", from, to, { timezone = zone })
  end
  local function starts(from, to)
    local list = {}
    for i, slot in ipairs(slots(from, to)) do list[i] = slot.startsAt:sub(12, 16) end
    return list
  end

  -- Asks for every five minutes of two days, whether they are listed or not.
  local function try_all(from, length)
    local first = seconds(from)
    local to = written(first + 2 * 86400)
    local before, listed, tally = slots(from, to), {}, {}
    for _, slot in ipairs(before) do listed[slot.startsAt] = true end
    for at = first, first + 2 * 86400 - 1, 300 do
      local slot = { startsAt = written(at), endsAt = written(at + length * 60) }
      local r = book.create(c, org, "consultation", slot)
      tally[r.status] = (tally[r.status] or 0) + 1
      assert.equal(listed[slot.startsAt] or false, r.status == 201, slot.startsAt .. "\n" .. r.body)
      if r.status == 201 then
        local number = r:json().booking.confirmation_number
        assert.equal(200, c:post(book.confirmation(number, "/cancel")).status)
      else
        assert.is_true(r.status == 409 or r.status == 422, r.body)
      end
    end
    assert.same(before, (slots(from, to)))
    assert.equal(#before, tally[201])
    return tally
  end

  local function same_everywhere(from, to)
    local here = slots(from, to)
    for _, zone in ipairs(zones) do
      local there = slots(from, to, zone)
      assert.equal(#here, #there)
      for i, slot in ipairs(there) do
        assert.same({ here[i].startsAt, here[i].endsAt, here[i].hostId, zone },
          { slot.startsAt, slot.endsAt, slot.hostId, slot.timezone })
      end
    end
  end

  it("on which the clocks go forward has 23 hours, and no 02:30", function()
    local now = "2027-03-12T12:00:00Z"
    open(now, '[["00:00","24:00"]]', "slot_interval_minutes = 40, duration_minutes = 40")
    for _, from in ipairs({ "2027-03-13T00:00:00Z", "2027-03-14T20:00:00Z", "2027-03-15T04:00:00Z" }) do
      local list = starts(from, "2027-03-15T06:00:00Z") -- each midnight begins the grid anew
      assert.same({ "04:00", "04:40", "05:20" }, table.move(list, #list - 2, #list, 1, {}))
    end
    open(now, '[["00:00","24:00"]]', "slot_interval_minutes = 30, duration_minutes = 30")
    assert.equal(46, #slots("2027-03-14T05:00:00Z", "2027-03-15T04:00:00Z"))
    same_everywhere("2027-03-13T20:00:00Z", "2027-03-15T12:00:00Z")
    open(now, '[["01:00","04:00"]]', "slot_interval_minutes = 30, duration_minutes = 30")
    assert.same({ "06:00", "06:30", "07:00", "07:30" },
      starts("2027-03-14T00:00:00Z", "2027-03-15T00:00:00Z"))
    open(now, '[["02:30","04:00"]]', "slot_interval_minutes = 30, duration_minutes = 30")
    assert.same({ "07:00", "07:30" }, starts("2027-03-14T00:00:00Z", "2027-03-15T00:00:00Z"))
    assert.same({ "06:30", "07:00", "07:30" }, starts("2027-03-15T00:00:00Z", "2027-03-16T00:00:00Z"))
  end)

  it("on which they go back has 25 hours, and 01:30 twice", function()
    local now = "2027-11-05T12:00:00Z"
    open(now, '[["00:00","24:00"]]', "slot_interval_minutes = 30, duration_minutes = 30")
    assert.equal(50, #slots("2027-11-07T04:00:00Z", "2027-11-08T05:00:00Z"))
    same_everywhere("2027-11-06T20:00:00Z", "2027-11-08T12:00:00Z")
    open(now, '[["01:30","02:00"]]', "slot_interval_minutes = 30, duration_minutes = 30")
    assert.same({ "05:30", "06:00", "06:30" }, starts("2027-11-07T00:00:00Z", "2027-11-08T00:00:00Z"))
    assert.same({ "06:30" }, starts("2027-11-08T00:00:00Z", "2027-11-09T00:00:00Z"))
  end)

  for _, day in ipairs({ "2027-03-13", "2027-11-06" }) do
    it("on which they change promises nothing that is not kept, from " .. day, function()
      open(book.day(-1, day .. "T12:00:00Z"), '[["00:00","09:20"],["09:40","13:00"],["22:00","24:00"]]',
        "slot_interval_minutes = 20, duration_minutes = 40, buffer_before = 10, buffer_after = 15")
      local offered = slots(day .. "T00:00:00Z", book.day(2, day .. "T00:00:00Z"))
      for i = 2, #offered, 9 do
        local r = book.create(c, org, "consultation", offered[i])
        assert.equal(201, r.status, r.body)
      end
      local tally = try_all(day .. "T00:00:00Z", 40)
      assert.is_true(tally[201] > 5 and tally[409] > 20 and tally[422] > 100)
    end)
  end

  -- {zone, where its day begins, where it ends, that many half hours}
  for _, day in ipairs({
    { "Australia/Lord_Howe", "2027-04-03T13:00:00Z", "2027-04-04T13:30:00Z", 49 },
    { "Australia/Lord_Howe", "2027-10-02T13:30:00Z", "2027-10-03T13:00:00Z", 47 },
    { "America/Santiago", "2027-04-03T03:00:00Z", "2027-04-04T04:00:00Z", 50 },
    { "America/Santiago", "2027-09-05T04:00:00Z", "2027-09-06T03:00:00Z", 46 }, -- begins at 01:00
    { "Asia/Beirut", "2027-03-27T22:00:00Z", "2027-03-28T21:00:00Z", 46 }, -- so does this
    { "America/Havana", "2028-11-05T04:00:00Z", "2028-11-06T05:00:00Z", 50 }, -- midnight comes twice
    { "Pacific/Chatham", "2027-04-03T10:15:00Z", "2027-04-04T11:15:00Z", 50 },
    { "Asia/Kathmandu", "2027-05-03T18:15:00Z", "2027-05-04T18:15:00Z", 48 },
  }) do
    it(("has %g hours in %s and ends %s"):format(day[4] / 2, day[1], day[3]), function()
      open(book.day(-2, day[2]), '[["00:00","24:00"]]',
        "slot_interval_minutes = 30, duration_minutes = 30", day[1])
      local found = slots(day[2], day[3])
      assert.same({ day[2], day[4] }, { found[1].startsAt, #found })
      assert.equal(day[3], slots(day[3], book.day(1, day[3]))[1].startsAt)
      same_everywhere(book.day(-1, day[2]), book.day(1, day[3]))
      open(book.day(-2, day[2]), '[["00:00","24:00"]]',
        "slot_interval_minutes = 25, duration_minutes = 25", day[1]) -- divides no day
      for _, midnight in ipairs({ day[2], day[3] }) do
        local first = seconds(midnight)
        local list = starts(written(first), written(first + 3600))
        assert.same({ written(first):sub(12, 16), written(first + 1500):sub(12, 16) },
          { list[1], list[2] })
      end
    end)
  end

  -- {zone, the day before, what nine o'clock is on it and on the next day}
  for _, nine in ipairs({
    { "Australia/Lord_Howe", "2027-10-01T13:30:00Z", "22:30", "22:00" },
    { "Pacific/Chatham", "2027-09-24T11:15:00Z", "20:15", "19:15" },
    { "America/St_Johns", "2028-03-11T03:30:00Z", "12:30", "11:30" },
    { "Asia/Kathmandu", "2027-05-03T18:15:00Z", "03:15", "03:15" },
    { "Asia/Kolkata", "2027-05-03T18:30:00Z", "03:30", "03:30" },
    { "Australia/Eucla", "2027-05-03T15:15:00Z", "00:15", "00:15" },
  }) do
    it(("opens at nine in %s, after %s"):format(nine[1], nine[2]), function()
      open(book.day(-1, nine[2]), '[["09:00","11:00"]]',
        "slot_interval_minutes = 60, duration_minutes = 60", nine[1])
      local list = starts(nine[2], written(seconds(nine[2]) + 47 * 3600))
      local function later(text) return ("%02d%s"):format((text:sub(1, 2) + 1) // 1 % 24, text:sub(3)) end
      assert.same({ nine[3], later(nine[3]), nine[4], later(nine[4]) }, list)
    end)
  end

  it("keeps its promises on half an hour more and less", function()
    for _, day in ipairs({ "2027-04-03", "2027-10-02" }) do
      open(book.day(-1, day .. "T12:00:00Z"), '[["00:00","09:20"],["22:00","24:00"]]',
        "slot_interval_minutes = 20, duration_minutes = 40, buffer_before = 10", "Australia/Lord_Howe")
      local tally = try_all(day .. "T00:00:00Z", 40)
      assert.is_true(tally[201] > 30 and tally[422] > 100)
    end
  end)
end)
