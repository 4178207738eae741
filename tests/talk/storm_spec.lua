-- Sixteen customers create, move and cancel at random in one small salon, with kill -9 in the
-- middle. Afterwards the file is read with SQLite's own tool: nobody is taken twice, whatever
-- was acknowledged stands, and no claim is without its booking.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

local ROUNDS = 1500 * (tonumber(os.getenv("KORDLESS_TORTURE")) or 1) -- requests of each half

-- The most units taken of a subject at any instant; reached where some claim begins.
local over_capacity = [[
  SELECT t.subject, t.b0, SUM(c.units) AS peak, s.capacity FROM claim t
  JOIN claim c ON c.subject = t.subject AND c.b0 <= t.b0 AND c.b1 > t.b0
  LEFT JOIN subject s ON s.id = t.subject
  GROUP BY t.id HAVING peak > COALESCE(s.capacity, 0)]]

-- A claim of a booking, or of a session in which a booking has a place; nothing else.
local orphans = [[
  SELECT id FROM claim c WHERE NOT EXISTS
    (SELECT 1 FROM booking b WHERE b.status <> 'canceled' AND (b.id = c.owner OR b.session = c.owner))]]

-- A booking that stands has its units on its subject for its time, one that does not none.
local unclaimed = [[
  SELECT b.id FROM booking b WHERE (b.status <> 'canceled') <> EXISTS
    (SELECT 1 FROM claim c WHERE c.owner = b.id AND c.subject = COALESCE(b.session, b.host_id)
      AND c.b0 <= b.start_at AND c.b1 >= b.end_at AND c.units = b.party_size)]]

-- Its host is kept for every session that somebody has a place in, once.
local unattended = [[
  SELECT b.id FROM booking b WHERE b.status <> 'canceled' AND b.session IS NOT NULL AND 1 <>
    (SELECT COUNT(*) FROM claim c WHERE c.owner = b.session AND c.subject = b.host_id
      AND c.b0 <= b.start_at AND c.b1 >= b.end_at)]]

describe("a storm", function()
  local s, org, c, known, starts
  setup(function()
    s = server.start({ workers = 2, scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    sql.change(s, book.monday, "UPDATE service SET notice_hours = 0")
    c = org.client
    known, starts = {}, {} -- booking id -> what was acknowledged of it; slots by service
    for _, service in ipairs({ "consultation", "group-class" }) do
      starts[service] = book.slots(c, org, service, book.day(1), book.day(3))
    end
  end)
  teardown(function() s:stop() end)

  local function pick(list) return list[math.random(#list)] end

  -- One request: {bytes, service, kind, booking?}. A booking is one connection's at a time.
  local function request(mine)
    local at = #mine > 0 and math.random(#mine)
    local dice = math.random(10)
    if not at or dice <= 5 then
      local service = pick({ "consultation", "group-class" })
      local slot, any = pick(starts[service]), math.random(3) == 1
      return { kind = "create", service = service, bytes = c:bytes({ method = "POST",
        path = book.public .. "/bookings", body = book.body(org, service,
          any and { startsAt = slot.startsAt, endsAt = slot.endsAt } or slot,
          { party_size = service == "group-class" and math.random(4) or 1 }) }) }
    end
    local booking = table.remove(mine, at)
    if dice <= 7 then
      return { kind = "cancel", booking = booking, bytes = c:bytes({ method = "POST",
        path = book.confirmation(booking.id, "/cancel") }) }
    end
    local slot = pick(starts[booking.service])
    return { kind = "move", booking = booking, to = slot.startsAt, bytes = c:bytes({ method = "POST",
      path = book.confirmation(booking.id, "/reschedule"),
      body = { start_at = slot.startsAt, end_at = slot.endsAt } }) }
  end

  -- What an answer means for what is known.
  local function learn(asked, r, mine, tally)
    tally[asked.kind .. r.status] = (tally[asked.kind .. r.status] or 0) + 1
    local allowed = asked.kind == "create" and 201 or 200
    assert.is_true(r.status == allowed or (r.status == 409 and asked.kind ~= "cancel"), r.body)
    if r.status == 409 then
      mine[#mine + 1] = asked.booking
      return
    end
    local told = r:json().booking
    local booking = asked.booking or { id = told.id, service = asked.service }
    booking.start_at, booking.status, booking.unsure = told.start_at, told.status, nil
    known[booking.id] = booking
    if asked.kind ~= "cancel" then mine[#mine + 1] = booking end
  end

  local function rage(kill)
    local pending, owned, sent, answered, tally = {}, {}, 0, 0, {}
    for i = 1, 16 do owned[i] = {} end
    for _, booking in pairs(known) do
      if booking.status ~= "canceled" and not booking.unsure then
        table.insert(pick(owned), booking)
      end
    end
    client.crowd(s, 16, function(i)
      if sent >= ROUNDS then return nil end
      sent = sent + 1
      pending[i] = request(owned[i])
      return pending[i].bytes
    end, function(i, r)
      local asked = pending[i]
      if not r then -- it may have been done, or not: it was not said
        if asked.booking then asked.booking.unsure = true end
        return
      end
      learn(asked, r, owned[i], tally)
      answered = answered + 1
      if kill and answered == ROUNDS // 2 then s:crash() end
    end)
    return tally
  end

  local function check()
    for name, query in pairs({ over_capacity = over_capacity, orphans = orphans,
      unclaimed = unclaimed, unattended = unattended }) do
      assert.same({ name, "" }, { name, sql.read(s, query) })
    end
    assert.equal("ok\n", sql.read(s, "PRAGMA integrity_check"))
    local rows = {}
    for line in sql.read(s, [[SELECT id, status,
      strftime('%Y-%m-%dT%H:%M:%SZ', start_at, 'unixepoch') FROM booking]]):gmatch("[^\n]+") do
      local id, status, start_at = line:match("^(.-)|(.-)|(.*)$")
      rows[id] = { status, start_at }
    end
    for id, booking in pairs(known) do
      assert.is_table(rows[id], id)
      if not booking.unsure then
        assert.same({ booking.status, booking.start_at }, rows[id], id)
      end
    end
    return rows
  end

  it("leaves everything as it was told, over kill -9", function()
    local seed = tonumber(os.getenv("KORDLESS_SEED")) or os.time()
    math.randomseed(seed)
    io.write("note: seed ", seed, "\n")
    rage(true)
    check()
    s:spawn()
    s:freeze(book.monday)
    local tally = rage(false)
    for _, kind in ipairs({ "create201", "create409", "move200", "move409", "cancel200" }) do
      assert.is_true((tally[kind] or 0) > 10, kind)
    end
    check()
  end)

  it("leaves a calendar as it was, when all is canceled", function()
    for _, row in ipairs({ "consultation", "group-class" }) do
      assert.is_false(#starts[row] == #book.slots(c, org, row, book.day(1), book.day(3)))
    end
    for line in sql.read(s, "SELECT id FROM booking WHERE status <> 'canceled'"):gmatch("%S+") do
      assert.equal(200, c:post(book.confirmation(line, "/cancel")).status)
    end
    for service, list in pairs(starts) do
      assert.same(list, (book.slots(c, org, service, book.day(1), book.day(3))))
    end
    assert.equal("0\n", sql.read(s, "SELECT COUNT(*) FROM claim"))
  end)
end)
