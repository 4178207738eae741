-- While services, hosts, teams and hours change under those who book: what is listed can be booked
-- and moved to, what is not is refused as it was said to be, and what is kept is what is read anew.

local book = require("tests.talk.support.book")
local http = require("tests.talk.support.http")
local instant = require("tests.talk.support.instant")
local server = require("tests.talk.support.server")
local turmoil = require("tests.talk.support.turmoil")

local STEPS = 250 * (tonumber(os.getenv("KORDLESS_TORTURE")) or 1)

describe("in turmoil", function()
  local seed = tonumber(os.getenv("KORDLESS_SEED")) or os.time()
  local pick, chance, random = turmoil.pick, turmoil.chance, math.random
  local s, t, tally
  setup(function()
    math.randomseed(seed)
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    t = turmoil.start(s, seed)
    tally = {}
  end)
  teardown(function() s:stop() end)

  local function is(expected, got, what)
    assert.same(expected, got, t:told(what or ""))
  end
  local function codes(violations)
    local list = {}
    for i, one in ipairs(violations or {}) do list[i] = one.code .. " " .. one.message end
    return list
  end
  local function key(slot) return slot.startsAt .. tostring(slot.hostId ~= http.null and slot.hostId) end

  -- Of all starts those that are bookable, as the plain list has them.
  local function bookable(all)
    local list = {}
    for _, slot in ipairs(all) do
      list[#list + 1] = slot.bookable and { key(slot), slot.availableCapacity } or nil
    end
    return list
  end
  local function plain(slots)
    local list = {}
    for i, slot in ipairs(slots) do list[i] = { key(slot), slot.availableCapacity } end
    return list
  end

  -- A start is booked or refused as the list and the explanation of it say.
  local function is_kept(slug, slot, party)
    local explained = t:ask("GET", "/availability/explain" .. http.query({ service_slug = slug,
      at = slot.startsAt, partySize = party, host_id = slot.hostId ~= http.null and slot.hostId or nil }))
    local r = t:ask("POST", "/bookings", t.wish(slug, slot, { party_size = party,
      contact = { name = "Eve", email = ("e%d@example.com"):format(random(1000000000)) } }))
    tally[r.status] = (tally[r.status] or 0) + 1
    is({ r.status, codes(r:json().violations) },
      { explained:json().verdict.status, codes(explained:json().verdict.violations) }, explained.body)
    is(slot.bookable, r.status == 201, r.body)
    if r.status == 422 then
      is(codes(slot.violations), codes(r:json().violations))
    elseif r.status == 409 then
      is("slot_taken", slot.violations[1].code)
    end
    return r.status == 201 and r:json().booking.id
  end

  local function lists()
    local slug, range, party = pick(t.services), t:range(), random(2)
    local before = t:slots(slug, range, { partySize = party })
    local all = t:slots(slug, range, { partySize = party, include = "unbookable" })
    if not before or not all then return end
    is(plain(before), bookable(all))
    local id = all[1] and is_kept(slug, pick(all), party)
    if id and chance(2) then
      t:ask("POST", "/bookings/" .. id .. "/cancel")
      is(plain(before), plain(t:slots(slug, range, { partySize = party })), "after it was canceled")
    elseif id then
      table.insert(t.bookings, id)
    end
  end

  -- {path, parameters}: of the customer's routes or the organization's.
  local function side_of(row)
    if chance(2) then return "/bookings/" .. row.id, {} end
    return "/public/bookings/confirmation/" .. row.confirmation_number, { contact = row.contact.email }
  end
  local function wanted(row, range, slots)
    local all = not (slots[1] and chance(2)) and t:slots(row.service_slug, range, { include = "unbookable" })
    local from = all and all[1] and all or slots
    return from[1] and pick(from).startsAt
  end

  -- A booking moves to what is listed for it, with the host who is listed, and to nothing else.
  local function moves()
    local row = t.bookings[1] and t:ask("GET", "/bookings/" .. pick(t.bookings)):json().booking
    if not row or row.status == "canceled" then return end
    local path, query = side_of(row)
    local range, may = t:range(), {}
    local asked = { contact = query.contact, from = range.from, to = range.to }
    local slots = t:ask("GET", path .. "/availability" .. http.query(asked)):json().slots or {}
    for _, slot in ipairs(slots) do may[slot.startsAt], may[key(slot)] = true, true end
    local start = wanted(row, range, slots)
    if not start then return end
    local length = t:ask("GET", "/services/" .. row.service_slug):json().service.duration * 60
    local function move(to)
      return t:ask("POST", path .. "/reschedule" .. http.query(query),
        { start_at = to, end_at = instant.written(instant.seconds(to) + length) })
    end
    local r = move(start)
    is(may[start] or false, r.status == 200, r.body)
    local near = r.status == 409 and r:json().alternatives[1]
    if near then is(200, move(near.startsAt).status, "to the nearest") end
    local now = t:ask("GET", "/bookings/" .. row.id):json().booking
    is(true, r.status ~= 200 or may[key({ startsAt = now.start_at, hostId = now.host_id })])
    tally.moved = (tally.moved or 0) + (r.status == 200 and 1 or 0)
  end

  it("keeps what it says", function()
    for _ = 1, STEPS do
      local dice = random(10)
      if dice <= 4 then t:act() elseif dice <= 8 then lists() else moves() end
    end
    assert.is_true(tally[201] > 0 and tally[422] > 0 and tally.moved > 0, t:told("too little came of it"))
  end)

  it("says after a restart what it said before", function()
    local said = {}
    for i = 1, 20 do
      local slug, range = pick(t.services), t:range()
      local _, r = t:slots(slug, range, i % 2 == 0 and { include = "unbookable" } or nil)
      said[i] = { slug, range, i % 2 == 0 and { include = "unbookable" } or nil, r.body }
    end
    s:restart()
    s:freeze(instant.written(t.now))
    for _, one in ipairs(said) do
      local _, r = t:slots(one[1], one[2], one[3])
      is(one[4], r.body)
    end
  end)
end)
