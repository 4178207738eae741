-- Many hands on one booking at the same time: each is told what then is true.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

describe("one booking and sixteen hands", function()
  local s, org, c, slots
  setup(function()
    s = server.start({ workers = 2, scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    sql.change(s, book.monday, "UPDATE service SET notice_hours = 0")
    c = org.client
    slots = book.slots(c, org, "group-class", book.day(1), book.day(14))
  end)
  teardown(function() s:stop() end)

  local function create(slot, party_size)
    return book.create(c, org, "group-class", slot, { party_size = party_size }):json().booking
  end
  local function cancel(id)
    return c:bytes({ method = "POST", path = book.confirmation(id, "/cancel") })
  end
  local function move(id, slot)
    return c:bytes({ method = "POST", path = book.confirmation(id, "/reschedule"),
      body = { start_at = slot.startsAt, end_at = slot.endsAt } })
  end
  local function one(text) return sql.read(s, text):match("^[^\n]*") end

  it("cancel it once", function()
    for round = 1, 8 do
      local id, list, tally = create(slots[round], 2).id, {}, {}
      for i = 1, 16 do list[i] = cancel(id) end
      for _, r in ipairs(client.many(s, list)) do
        tally[r.status] = (tally[r.status] or 0) + 1
        if r.status == 422 then assert.equal("already_canceled", r:json().violations[1].code) end
      end
      assert.same({ [200] = 1, [422] = 15 }, tally)
      local row = ("SELECT status, sequence, version FROM booking WHERE id = '%s'"):format(id)
      assert.equal("canceled|1|2", one(row))
    end
    assert.equal("0", one("SELECT COUNT(*) FROM claim"))
  end)

  it("move it one after the other, and never leave two places", function()
    for round = 1, 8 do
      local id, list, moved = create(slots[round], 3).id, {}, 0
      for i = 1, 16 do list[i] = move(id, slots[10 + i]) end
      local stands = {}
      for _, r in ipairs(client.many(s, list)) do
        assert.is_true(r.status == 200 or r.status == 409, r.body)
        if r.status == 200 then
          moved = moved + 1
          stands[r:json().booking.start_at] = true
        end
      end
      assert.is_true(moved >= 1)
      local row = ("SELECT version - 1, strftime('%%Y-%%m-%%dT%%H:%%M:%%SZ', start_at, 'unixepoch')"
        .. " FROM booking WHERE id = '%s'"):format(id)
      local count, start_at = one(row):match("^(%d+)|(.*)$")
      assert.equal(moved, tonumber(count)) -- each acknowledged move was made
      assert.is_true(stands[start_at])
      assert.equal("1|3", one(("SELECT COUNT(*), SUM(units) FROM claim WHERE owner = '%s'"):format(id)))
      assert.equal(200, c:post(book.confirmation(id, "/cancel")).status)
      assert.equal("0", one("SELECT COUNT(*) FROM claim"))
    end
  end)

  it("move and cancel it, and what is canceled stays so", function()
    for round = 1, 8 do
      local id, list, canceled = create(slots[round], 1).id, {}, 0
      for i = 1, 16 do list[i] = i % 4 == 0 and cancel(id) or move(id, slots[10 + i]) end
      for i, r in ipairs(client.many(s, list)) do
        assert.is_true(r.status == 200 or r.status == 409 or r.status == 422, r.body)
        if i % 4 == 0 and r.status == 200 then canceled = canceled + 1 end
      end
      if canceled == 0 then -- all four lost three races each: allowed, and then it stands
        assert.equal(200, c:post(book.confirmation(id, "/cancel")).status)
        canceled = 1
      end
      assert.equal(1, canceled)
      assert.equal("canceled", one(("SELECT status FROM booking WHERE id = '%s'"):format(id)))
      assert.equal("0|0", one("SELECT (SELECT COUNT(*) FROM claim), (SELECT COUNT(*) FROM subject"
        .. " WHERE id LIKE '%/%')"))
    end
  end)
end)
