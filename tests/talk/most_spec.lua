-- How many bookings a service takes in a day, a week and a month: of all, of one host, of one
-- customer; what is listed can be booked, and two at once are never both the last one.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

describe("a service takes", function()
  local s, org, c, desk
  before_each(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    desk = c:with({ ["x-organization-id"] = org.id })
  end)
  after_each(function() s:stop() end)

  local function limit(limits, slug, more)
    sql.change(s, book.monday, ("UPDATE service SET limits = '%s' WHERE slug = '%s'; %s")
      :format(http.json.encode(limits), slug or "consultation", more or ""))
  end
  local function slots(from, to, service)
    return book.slots(c, org, service or "consultation", book.day(from), book.day(to))
  end
  local function try(slot, more, service)
    return book.create(c, org, service or "consultation", slot, more)
  end
  local function took(slot, more, service)
    local r = try(slot, more, service)
    assert.equal(201, r.status, r.body)
    return r:json().booking
  end
  local function reached(r, message)
    assert.same({ 422, "unprocessable_error", "limit_reached" },
      { r.status, r:json().type, r:json().violations[1].code }, r.body)
    assert.truthy(r:json().violations[1].message:find(message, 1, true), r.body)
  end
  local function somebody(n) return { contact = { name = "N", email = "n" .. n .. "@example.com" } } end

  it("so many a day, and canceled ones count no more", function()
    limit({ per_day = 2 })
    local before = slots(1, 3)
    local day = before[1].startsAt:sub(1, 10)
    local one = took(before[1])
    took(before[5])
    for _, slot in ipairs(slots(1, 3)) do assert.is_false(slot.startsAt:sub(1, 10) == day) end
    reached(try(before[9]), "2 bookings a day")
    assert.equal(201, try(slots(2, 3)[1]).status)
    -- a booking that moves within its day does not count against itself
    local r = desk:post(book.prefix .. "/bookings/" .. one.id .. "/reschedule",
      { start_at = before[9].startsAt, end_at = before[9].endsAt })
    assert.equal(200, r.status, r.body)
    desk:post(book.prefix .. "/bookings/" .. one.id .. "/cancel")
    assert.equal(201, try(before[9]).status)
    reached(try(before[1]), "2 bookings a day")
  end)

  it("so many minutes a week, and a month", function()
    limit({ minutes_per_week = 90, per_month = 5 })
    local week = slots(1, 5)
    for i = 1, 3 do took(week[4 * i]) end
    reached(try(week[2]), "90 minutes a week")
    assert.same({}, slots(1, 6))
    local following = slots(8, 10) -- the first was Monday, June 2nd
    took(following[1])
    took(following[9])
    assert.same({}, slots(8, 28))
    reached(try(following[5]), "5 bookings a month")
    assert.is_true(#slots(29, 31) > 0) -- July
  end)

  it("days as the wall in its zone has them", function()
    limit({ per_day = 1 }, "consultation", sql.open('[["00:00","24:00"]]',
      "timezone = 'Pacific/Auckland', slot_interval_minutes = 360")
      .. "UPDATE schedule SET timezone = 'Pacific/Auckland'")
    local list = slots(1, 3)
    took(list[1]) -- that takes its day in Auckland, which is none of UTC's
    local zone = 12 * 3600
    local function day(text)
      local y, m, d, h = text:match("(%d+)-(%d+)-(%d+)T(%d+)")
      return (os.time({ year = y, month = m, day = d, hour = h, isdst = false }) + zone) // 86400
    end
    local n = 0
    for _, slot in ipairs(list) do
      local same = day(slot.startsAt) == day(list[1].startsAt)
      n = n + (same and 1 or 0)
      if same then reached(try(slot, { host_id = slot.hostId }), "1 bookings a day") end
    end
    assert.is_true(n > 1)
    assert.equal(#list - n, #slots(1, 3))
  end)

  it("so many of one host", function()
    limit({ per_host = { per_day = 1 } })
    local list = slots(1, 2)
    local host = list[1].hostId
    took(list[1], { host_id = host })
    local later
    for _, slot in ipairs(list) do later = slot.hostId == host and slot or later end
    for _, slot in ipairs(slots(1, 2)) do assert.is_false(slot.hostId == host) end
    reached(try(later, { host_id = host }), "1 bookings of one host a day")
    local others = slots(1, 2)
    while others[1] do -- anybody else, until all have theirs
      took(others[1], { host_id = http.null })
      others = slots(1, 2)
    end
    reached(try(list[5], { host_id = http.null }), "of one host a day")
  end)

  it("so many of one customer, known by address or phone", function()
    limit({ per_contact = { per_week = 1 } })
    local list = slots(1, 5)
    local one = took(list[1])
    assert.is_true(#slots(1, 5) > 0) -- a list is nobody's
    reached(try(list[6]), "1 bookings of one customer a week")
    reached(try(list[6], { contact = { name = "A", email = "ADA@example.com" } }), "one customer")
    reached(try(list[6], { contact = { name = "A", phone = "1 212 555 0100" } }), "one customer")
    assert.equal(201, try(list[6], somebody(1)).status)
    local anyone = s:client()
    local path = book.confirmation(one.confirmation_number, "/reschedule")
    local target = slots(8, 10)[1]
    local function movable(from, to)
      return #anyone:get(book.confirmation(one.confirmation_number, "/availability")
        .. "&from=" .. book.day(from) .. "&to=" .. book.day(to)):json().slots
    end
    assert.is_true(movable(1, 5) > 0 and movable(8, 10) > 0) -- it does not count against itself
    assert.equal(200, anyone:post(path, { start_at = target.startsAt, end_at = target.endsAt }).status)
    took(list[1])
    local r = anyone:post(path, { start_at = list[9].startsAt, end_at = list[9].endsAt })
    reached(r, "one customer")
    assert.equal(0, movable(1, 5)) -- what is listed can be moved to
    assert.is_true(movable(8, 10) > 0)
  end)

  it("nothing more through the organization's own routes", function()
    limit({ per_day = 1 }, "group-class")
    local list = slots(1, 2, "group-class")
    took(list[1], nil, "group-class")
    reached(desk:post(book.prefix .. "/bookings", book.body(org, "group-class", list[1])), "a day")
  end)

  it("not one more when 64 want the last", function()
    limit({ per_week = 10, per_host = { per_day = 2 } })
    local list, asked, tally = slots(1, 5), {}, {}
    for i = 1, 64 do
      local slot = list[(i * 7) % #list + 1]
      asked[i] = c:bytes({ method = "POST", path = book.public .. "/bookings",
        body = book.body(org, "consultation", slot, somebody(i)) })
    end
    for _, r in ipairs(client.many(s, asked)) do tally[r.status] = (tally[r.status] or 0) + 1 end
    assert.is_true(tally[201] <= 10 and tally[201] > 3, http.json.encode(tally))
    local made = tonumber(sql.read(s, "SELECT COUNT(*) FROM booking WHERE status = 'confirmed'"))
    assert.equal(tally[201], made)
    assert.equal("0\n", sql.read(s, "SELECT COUNT(*) FROM (SELECT 1 FROM booking GROUP BY host_id,"
      .. " date(start_at, 'unixepoch') HAVING COUNT(*) > 2)"))
    while slots(1, 5)[1] do took(slots(1, 5)[1], somebody(99)) end -- what is listed can be booked
    assert.equal("10\n", sql.read(s, "SELECT COUNT(*) FROM booking"))
    -- and of one customer, on one slot each
    limit({ per_contact = { per_week = 3 } })
    list, tally = slots(8, 12), {}
    for i = 1, 64 do
      asked[i] = c:bytes({ method = "POST", path = book.public .. "/bookings",
        body = book.body(org, "consultation", list[i]) })
    end
    for _, r in ipairs(client.many(s, asked)) do tally[r.status] = (tally[r.status] or 0) + 1 end
    assert.equal(3, tally[201], http.json.encode(tally))
  end)
end)
