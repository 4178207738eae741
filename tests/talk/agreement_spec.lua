-- Calendars at random, around the days on which the clocks change: what is listed is what a
-- naive look at every minute finds, it can be booked, and nothing else can.

local arena = require("tests.talk.support.contest.arena")
local book = require("tests.talk.support.book")
local calendars = require("tests.talk.support.calendars")
local http = require("tests.talk.support.http")
local instant = require("tests.talk.support.instant")
local minutes = require("tests.talk.support.minutes")
local server = require("tests.talk.support.server")

local TIMES = tonumber(os.getenv("KORDLESS_TORTURE")) or 1
local CALENDARS = 14 * TIMES
local TRIES = 24 -- of each service
local AVAILABILITY = book.prefix .. "/availability"

describe("a calendar", function()
  local seed = tonumber(os.getenv("KORDLESS_SEED")) or os.time()
  local s, cal, where
  setup(function() s = server.start({ workers = 2, scripts = arena.scripts }) end)
  teardown(function() s:stop() end)

  local random = math.random
  local function pick(list) return list[random(#list)] end

  local function list(service, more)
    local r = cal.client:get(AVAILABILITY .. calendars.query(cal, service, more))
    assert(r.status == 200, tostring(r))
    return r.body, r:json().slots
  end
  local function body(service, start, host, units)
    return { service_slug = service.slug, starts_at = instant.written(start), host_id = host or nil,
      ends_at = instant.written(start + service.duration * 60), timezone = service.zone,
      party_size = units or 1, contact = { name = "Ada", email = "ada@example.com" } }
  end
  local function create(service, start, host, units)
    return cal.client:post(book.prefix .. "/bookings", body(service, start, host, units))
  end
  local function cancel(r)
    local id = r:json().booking.id
    assert.equal(200, cal.client:post(book.prefix .. "/bookings/" .. id .. "/cancel").status)
  end

  -- Five minutes later no hold is left.
  local function wait()
    s:advance(301)
    cal.now = cal.now + 301
    for i = #cal.taken, 1, -1 do
      if cal.taken[i].hold then table.remove(cal.taken, i) end
    end
  end

  -- Bookings, holds and absences at random, each known to `cal`.
  local function fill()
    for _ = 1, 14 do
      local service = pick(cal.services)
      local _, slots = list(service)
      local slot = slots[1] and pick(slots)
      local dice = random(8)
      if dice == 1 then
        local a = cal.from + random(0, 2879) * 60
        local off = { host = pick(cal.ids), a = a, b = a + random(10, 200) * 60 }
        cal.desk:post("/hosts/" .. off.host .. "/time-off",
          { start_at = instant.written(off.a), end_at = instant.written(off.b) })
        cal.offs[#cal.offs + 1] = off
      elseif slot then
        local start, host = instant.seconds(slot.startsAt), slot.hostId ~= http.null and slot.hostId
        local units, hold = random(slot.availableCapacity), dice == 2 or nil
        local asked = body(service, start, host, units)
        local r = cal.client:post(book.prefix .. (hold and "/holds" or "/bookings"), asked)
        assert(r.status == 201, tostring(r))
        table.insert(cal.taken, { service = service, start = start, host = host, units = units, hold = hold })
      end
    end
  end

  -- Somewhere else, or not: what is free afterwards is another's business.
  local function move(r, service, start)
    local id = r:json().booking.id
    local moved = cal.client:post(book.prefix .. "/bookings/" .. id .. "/reschedule",
      { start_at = instant.written(start), end_at = instant.written(start + service.duration * 60) })
    assert.is_true(moved.status == 200 or moved.status == 409 or moved.status == 422, moved.body)
  end

  local function shown(slots)
    local lines = {}
    for i, slot in ipairs(slots) do
      lines[i] = ("%s %s %d"):format(slot.startsAt or instant.written(slot.start),
        slot.startsAt and (slot.hostId ~= http.null and slot.hostId or "all") or slot.host or "all",
        slot.availableCapacity or slot.free)
    end
    return lines
  end

  -- Lines of one list that the other has not.
  local function missing(list_of, other)
    local there, lines = {}, {}
    for _, line in ipairs(other) do there[line] = true end
    for _, line in ipairs(list_of) do lines[#lines + 1] = not there[line] and line or nil end
    return lines
  end

  local function agrees(service)
    local party = random(service.capacity)
    local _, slots = list(service, { partySize = party })
    local told, found = shown(slots), shown(minutes.slots(cal, service, cal.from, cal.to, party))
    assert.same({ where, listed = {}, not_listed = {} },
      { where, listed = missing(told, found), not_listed = missing(found, told) })
    assert.same(found, told)
    return #slots
  end

  -- Only the zone's name differs.
  local function same_elsewhere(service)
    local here = list(service)
    for _, zone in ipairs({ "Pacific/Kiritimati", "America/St_Johns" }) do
      local there = list(service, { timezone = zone }):gsub('"timezone":"[^"]*"',
        '"timezone":"' .. service.zone .. '"')
      assert.equal(here, there, where)
    end
  end

  -- Any minute: booked if it is listed, with this host and these places, else refused; and after
  -- it is canceled the list is the same, byte for byte.
  local function kept(service, tally)
    local before, slots = list(service)
    local free, offered = {}, {}
    for i, slot in ipairs(slots) do
      local host = slot.hostId ~= http.null and slot.hostId
      free[slot.startsAt .. tostring(host)] = slot.availableCapacity
      offered[i] = { instant.seconds(slot.startsAt), host }
    end
    for i = 1, TRIES do
      local start = cal.from + random(0, 575) * 300 + (i % 9 == 0 and random(0, 299) or 0)
      local host = not service.collective and pick(service.hosts) or false
      if i % 3 == 0 and offered[1] then start, host = table.unpack(pick(offered)) end
      local units = random(service.capacity)
      local left = free[instant.written(start) .. tostring(host)] or 0
      local r = create(service, start, host, units)
      assert.equal(where .. tostring(left >= units), where .. tostring(r.status == 201),
        ("%s %s %s %d\n%s"):format(service.slug, instant.written(start), host, units, r.body))
      tally[r.status] = (tally[r.status] or 0) + 1
      if r.status == 201 then
        if i % 2 == 0 then move(r, service, (pick(offered))[1]) end
        cancel(r)
        assert.equal(before, (list(service)), where)
      end
    end
  end

  -- Whoever comes first: both fit or not.
  local function either_order()
    local one, other = pick(cal.services), pick(cal.services)
    local _, first = list(one)
    local _, second = list(other)
    if not first[1] or not second[1] then return 0 end
    local a, b = pick(first), pick(second)
    for _ = 1, 30 do -- near to each other
      b = pick(second)
      if math.abs(instant.seconds(a.startsAt) - instant.seconds(b.startsAt)) < 7200 then break end
    end
    local function both(x, of_x, y, of_y)
      local r = create(of_x, instant.seconds(x.startsAt), x.hostId ~= http.null and x.hostId)
      assert.equal(201, r.status, where .. r.body)
      local next_one = create(of_y, instant.seconds(y.startsAt), y.hostId ~= http.null and y.hostId)
      if next_one.status == 201 then cancel(next_one) end
      cancel(r)
      return next_one.status == 201
    end
    local fits = both(a, one, b, other)
    assert.equal(fits, both(b, other, a, one), where .. a.startsAt .. " " .. b.startsAt)
    return fits and 1 or 0
  end

  it("keeps what it says", function()
    local listed, tally, together = 0, {}, 0
    for n = 1, CALENDARS do
      math.randomseed(seed + n)
      where = ("KORDLESS_SEED=%d, calendar %d: "):format(seed, n)
      cal = calendars.make(s, n)
      fill()
      if n % 3 == 0 then wait() end
      for _, service in ipairs(cal.services) do
        listed = listed + agrees(service)
        same_elsewhere(service)
        kept(service, tally)
      end
      for _ = 1, 6 do together = together + either_order() end
    end
    local enough = { listed > 10 * CALENDARS, tally[201] > CALENDARS, together > 0 }
    assert.same({ true, true, true }, enough)
    assert.is_true(tally[409] > 0 and tally[422] > CALENDARS)
    io.write(("note: %d calendars, %d slots, seed %d\n"):format(CALENDARS, listed, seed))
  end)
end)
