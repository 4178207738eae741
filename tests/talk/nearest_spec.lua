-- Who comes too late is told the nearest free times, however many there are.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")

describe("the nearest free times", function()
  local s, desk
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    desk = desks.of(s:organization("busy"))
    -- two days hold 17,280 slots, and a list 10,000
    desk:post("/services", { name = "Minute", slug = "minute", duration = 1, host_ids = desk:hosts(6),
      calendarSettings = { timezone = "UTC" } })
  end)
  teardown(function() s:stop() end)

  local function create(minute)
    local function at(m) return ("2031-06-05T15:%02d:00Z"):format(m) end
    return desk.client:post(book.prefix .. "/bookings", { service_slug = "minute", starts_at = at(minute),
      ends_at = at(minute + 1), timezone = "UTC", contact = book.ada })
  end

  it("are three, also where a day has more than a list may hold", function()
    for minute = 29, 31 do
      for _ = 1, 6 do assert.equal(201, create(minute).status) end
    end
    local r = create(30)
    assert.equal(409, r.status, r.body)
    local starts = {}
    for i, slot in ipairs(r:json().alternatives) do starts[i] = slot.startsAt end
    assert.same({ "2031-06-05T15:28:00Z", "2031-06-05T15:32:00Z", "2031-06-05T15:27:00Z" }, starts)
  end)
end)
