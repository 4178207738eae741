-- Places of a group, by the peak of what is taken; moves that fail; and when it is too late.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

describe("a class of eight", function()
  local s, org, c, desk, day
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    desk = c:with({ ["x-organization-id"] = org.id })
    day = 0
  end)
  before_each(function() day = day + 7 end) -- each test has its own Monday
  teardown(function() s:stop() end)

  local function slots(more)
    return book.slots(c, org, "group-class", book.day(day), book.day(day + 1), more)
  end
  local function create(slot, party_size)
    return book.create(c, org, "group-class", slot, { party_size = party_size })
  end
  local function made(slot, party_size)
    local r = create(slot, party_size)
    assert.equal(201, r.status, r.body)
    return r:json().booking.confirmation_number
  end
  local function left(slot)
    for _, found in ipairs(slots()) do
      if found.startsAt == slot.startsAt and found.hostId == slot.hostId then
        return found.availableCapacity
      end
    end
    return 0
  end
  local function cancel(number) return c:post(book.confirmation(number, "/cancel")) end
  local function move(number, slot)
    return c:post(book.confirmation(number, "/reschedule"),
      { start_at = slot.startsAt, end_at = slot.endsAt })
  end
  local function start_of(number)
    return c:get(book.confirmation(number)):json().booking.start_at
  end
  local function fails(code, r)
    assert.same({ 422, code }, { r.status, r:json().violations and r:json().violations[1].code }, r.body)
  end

  it("is filled by parties of any size, and emptied in the middle", function()
    local before = slots()
    local slot, parties = before[1], {}
    for i, size in ipairs({ 1, 3, 2 }) do parties[i] = made(slot, size) end
    assert.equal(2, left(slot))
    assert.equal(409, create(slot, 3).status)
    assert.equal(200, cancel(parties[2]).status)
    assert.equal(5, left(slot))
    assert.equal(409, create(slot, 6).status)
    parties[2] = made(slot, 5)
    assert.equal(0, left(slot))
    assert.equal(409, create(slot, 1).status)
    for _, size in ipairs({ 1, 8 }) do
      for _, found in ipairs(slots({ partySize = size })) do
        assert.is_false(found.startsAt == slot.startsAt and found.hostId == slot.hostId)
      end
    end
    for _, number in ipairs(parties) do assert.equal(200, cancel(number).status) end
    assert.same(before, slots())
    assert.equal("0\n", sql.read(s, "SELECT COUNT(*) FROM subject WHERE id LIKE '%/%'"))
  end)

  it("keeps its host from everything else, and for all buffers", function()
    local slot = slots()[1]
    local number = made(slot)
    local finish = slot.endsAt
    for _, found in ipairs(book.slots(c, org, "consultation", slot.startsAt, book.day(day + 1))) do
      assert.is_false(found.hostId == slot.hostId and found.startsAt <= finish) -- 15 minutes after
    end
    local half = slot.startsAt:gsub(":00:00Z", ":30:00Z")
    assert.equal(409, book.create(c, org, "consultation",
      { startsAt = slot.startsAt, endsAt = half, hostId = slot.hostId }).status)
    assert.equal(200, cancel(number).status)
  end)

  it("lets a party move within itself, though it is full", function()
    local slot = slots()[1]
    local number, rest = made(slot, 3), made(slot, 5)
    local r = move(number, slot)
    assert.equal(200, r.status, r.body)
    assert.equal(0, left(slot))
    local own = desk:get(book.prefix .. "/bookings/" .. r:json().booking.id):json().booking
    assert.same({ slot.hostId, 3, 2 }, { own.host_id, own.party_size, own.version })
    cancel(rest)
    assert.equal(5, left(slot))
    assert.equal(200, move(number, slot).status) -- alone: the session ends and begins
    assert.equal(5, left(slot))
  end)

  it("keeps whom it has when the other start is taken", function()
    local all = slots()
    local from, to = all[1], all[#all]
    local number = made(from, 4)
    for _, slot in ipairs(all) do -- both hosts
      if slot.startsAt == to.startsAt then made(slot, 5) end
    end
    for _ = 1, 2 do
      local r = move(number, to)
      assert.same({ 409, "conflict_error" }, { r.status, r:json().type })
      assert.is_true(#r:json().alternatives >= 1)
      assert.same({ from.startsAt, 4 }, { start_of(number), left(from) })
    end
    assert.equal(409, create(from, 5).status)
  end)

  it("is not left twice, nor after it has begun", function()
    local slot = slots()[1]
    local number = made(slot)
    assert.equal(200, cancel(number).status)
    fails("already_canceled", cancel(number))
    fails("already_canceled", move(number, slots()[2]))
    assert.equal(8, left(slot))
    number = made(slot)
    s:freeze(slot.startsAt)
    fails("in_the_past", cancel(number))
    fails("in_the_past", move(number, slots()[#slots()]))
    s:freeze(book.monday)
    assert.equal(slot.startsAt, start_of(number))
  end)

  it("is left until two hours before, to the second", function()
    local slot = slots()[1] -- 09:00 in New York
    local early, late, moved = made(slot), made(slot), made(slot)
    s:freeze((slot.startsAt:gsub("T13:00:00Z", "T11:00:00Z")))
    assert.equal(200, cancel(early).status)
    assert.equal(200, move(moved, slots()[3]).status)
    s:advance(1)
    fails("notice_window", cancel(late))
    fails("notice_window", move(late, slots()[3]))
    fails("notice_window", c:get(book.confirmation(late, "/availability") .. "&from=" .. book.day(day)
      .. "&to=" .. book.day(day + 1)))
    assert.equal(slot.startsAt, start_of(late))
    s:freeze(book.monday)
  end)

  it("is booked to the second: notice, past and window", function()
    local slot = book.slots(c, org, "consultation", book.day(day), book.day(day + 1))[1]
    local function try(now)
      s:freeze(now)
      local r = book.create(c, org, "consultation", slot)
      if r.status == 201 then cancel(r:json().booking.confirmation_number) end
      return r.status == 201 and "made" or r:json().violations[1].code
    end
    assert.equal("too_far", try((book.day(-90, slot.startsAt):gsub("T13:00:00", "T12:59:59"))))
    assert.equal("made", try(book.day(-90, slot.startsAt)))
    assert.equal("made", try((slot.startsAt:gsub("T13:", "T12:"))))
    assert.equal("too_soon", try((slot.startsAt:gsub("T13:00:00", "T12:00:01"))))
    assert.equal("too_soon", try(slot.startsAt))
    assert.equal("in_the_past", try((slot.startsAt:gsub("T13:00:00", "T13:00:01"))))
    s:freeze(book.monday)
  end)
end)
