-- kill -9 in the middle of work: what was acknowledged is there, nothing is half there.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")

describe("kill -9 under load", function()
  local s, org, c, desk, single
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    desk = c:with({ ["x-organization-id"] = org.id })
    single = book.services(c, org)
  end)
  teardown(function() s:stop() end)

  -- Books slot after slot over 16 connections and kills the server after `enough` answers.
  local function load_and_kill(slots, enough)
    local next_slot, acknowledged = 0, {}
    client.crowd(s, 16, function()
      next_slot = next_slot + 1
      local slot = slots[next_slot]
      return slot and c:bytes({ method = "POST", path = book.public .. "/bookings",
        body = book.body(org, single.slug, slot) })
    end, function(_, response)
      if not response then return end
      assert.equal(201, response.status, response.body)
      acknowledged[#acknowledged + 1] = response:json().booking
      if #acknowledged == enough then s:crash() end
    end)
    return acknowledged, next_slot
  end

  local function everything()
    local all, cursor = {}, nil
    repeat
      local query = cursor and "&cursor=" .. cursor or ""
      local page = desk:get(book.prefix .. "/bookings?limit=100" .. query):json()
      for _, booking in ipairs(page.bookings) do all[booking.id] = booking end
      cursor = page.next_cursor
    until type(cursor) ~= "string"
    return all
  end

  it("loses nothing that was acknowledged", function()
    local total = 0
    for round = 1, 3 do
      local from, to = book.day(1), book.day(25)
      local slots = book.slots(c, org, single.slug, from, to)
      local acknowledged, asked = load_and_kill(slots, 20 * round)
      total = total + #acknowledged
      s:spawn()
      s:freeze(book.monday)
      local all, count = everything(), 0
      for _, booking in ipairs(acknowledged) do
        assert.not_nil(all[booking.id], booking.id)
        assert.equal(booking.start_at, all[booking.id].start_at)
      end
      for _ in pairs(all) do count = count + 1 end
      assert.is_true(count >= total and asked >= #acknowledged)
      -- Listed means bookable: a slot is offered if and only if no booking has it.
      local taken, left = {}, 0
      for _, booking in pairs(all) do taken[booking.start_at .. booking.host_id] = true end
      for _, slot in ipairs(book.slots(c, org, single.slug, from, to)) do
        assert.is_nil(taken[slot.startsAt .. slot.hostId])
        left = left + 1
      end
      assert.is_true(left > 0)
    end
  end)

  it("leaves a store that SQLite calls sound", function()
    s:crash()
    local shell = require("tests.talk.support.shell")
    local code, out = shell.run({ "sqlite3", s.data .. "/kordless.db", "PRAGMA integrity_check" })
    assert.same({ 0, "ok\n" }, { code, out })
    s:spawn()
  end)
end)
