-- Who comes too late is told the nearest free times, however many there are.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local instant = require("tests.talk.support.instant")
local server = require("tests.talk.support.server")

describe("the nearest free times", function()
  local s, desk
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    desk = desks.of(s:organization("busy"))
    -- two days hold 17,280 slots, and a list 10,000
    local hosts = desk:hosts(6)
    desk:post("/services", { name = "Minute", slug = "minute", duration = 1, host_ids = hosts,
      calendarSettings = { timezone = "UTC" } })
    desk:post("/services", { name = "Half", slug = "half", duration = 30, host_ids = { hosts[1] },
      limits = { per_contact = { per_day = 1 } }, calendarSettings = { timezone = "UTC" } })
  end)
  teardown(function() s:stop() end)

  local function create(minute)
    local function at(m) return ("2031-06-05T15:%02d:00Z"):format(m) end
    return desk.client:post(book.prefix .. "/bookings", { service_slug = "minute", starts_at = at(minute),
      ends_at = at(minute + 1), timezone = "UTC", contact = book.ada })
  end

  local function nearest(r)
    assert.equal(409, r.status, r.body)
    local starts = {}
    for i, slot in ipairs(r:json().alternatives) do starts[i] = slot.startsAt end
    return starts
  end

  it("are three, also where a day has more than a list may hold", function()
    for minute = 29, 31 do
      for _ = 1, 6 do assert.equal(201, create(minute).status) end
    end
    assert.same({ "2031-06-05T15:28:00Z", "2031-06-05T15:32:00Z", "2031-06-05T15:27:00Z" },
      nearest(create(30)))
  end)

  local function half(day, clock, contact)
    return desk.client:post(book.prefix .. "/bookings", { service_slug = "half", timezone = "UTC",
      starts_at = day .. "T" .. clock .. ":00Z", contact = contact or book.ada,
      ends_at = instant.written(instant.seconds(day .. "T" .. clock .. ":00Z") + 1800) })
  end
  local bob = { name = "Bob", email = "bob@example.com" }

  it("are none that the customer's limits forbid", function()
    assert.equal(201, half("2031-06-11", "12:00").status)
    assert.equal(201, half("2031-06-10", "23:30", bob).status)
    assert.same({ "2031-06-10T23:00:00Z", "2031-06-10T22:30:00Z", "2031-06-10T22:00:00Z" },
      nearest(half("2031-06-10", "23:30")))
    assert.same({ "2031-06-10T23:00:00Z", "2031-06-11T00:00:00Z", "2031-06-10T22:30:00Z" },
      nearest(half("2031-06-10", "23:30", { name = "Cyd", email = "cyd@example.com" })))
  end)

  it("are those that the script lets a customer move to; the organization may go anywhere", function()
    local id = half("2031-06-12", "10:00"):json().booking.id
    assert.equal(201, half("2031-06-13", "15:00", bob).status)
    local to = { start_at = "2031-06-13T15:00:00Z", end_at = "2031-06-13T15:30:00Z" }
    local function policy(condition)
      s:write_script("booking.lua", ([[return { reschedule = function(request)
        if %s then return "Not then." end
      end }]]):format(condition))
      s:tell("reload")
    end
    policy("request.to % 3600 ~= 0")
    assert.same({ "2031-06-13T14:00:00Z", "2031-06-13T16:00:00Z", "2031-06-13T13:00:00Z" },
      nearest(desk.client:post(book.confirmation(id, "/reschedule"), to)))
    assert.same({ "2031-06-13T14:30:00Z", "2031-06-13T15:30:00Z", "2031-06-13T14:00:00Z" },
      nearest(desk.client:post(book.prefix .. "/bookings/" .. id .. "/reschedule", to)))
    policy("request.to ~= 1939129200") -- none but what is taken: not asked of for ever
    assert.same({}, nearest(desk.client:post(book.confirmation(id, "/reschedule"), to)))
  end)
end)
