-- Peak pricing: evenings and Saturdays cost more, by the service's own clock.
-- Install: copy this file to scripts/booking.lua, or its `price` and what stands above it
-- into yours, and the tests into `booking.tests`. Then `kordless check` and `kordless reload`.
-- A booking keeps the price it was made for; lists show the service's own price.
-- Prices are whole minor units: 4500 is 45.00.

local booking = {}

-- The first rule that fits. Minutes after midnight; weekdays 1 (Monday) to 7.
local peaks = {
  { weekday = 6, from = 0, to = 24 * 60, percent = 125 },
  { from = 16 * 60, to = 24 * 60, percent = 120 },
}

local function percent(weekday, minutes)
  for _, peak in ipairs(peaks) do
    local day = not peak.weekday or peak.weekday == weekday
    if day and minutes >= peak.from and minutes < peak.to then
      return peak.percent
    end
  end
  return 100
end

function booking.price(request)
  local service = request.service
  if not service.price then
    return nil -- without a price there is nothing to raise
  end
  local day, minutes = kordless.zone.wall(service.timezone, request.start)
  local share = percent(kordless.time.weekday(day), minutes)
  return (service.price * share + 50) // 100
end

-- 2031-06-06 is a Friday; New York is four hours behind UTC then.
local function price(start, own)
  return booking.price({
    service = { price = own, timezone = "America/New_York" },
    party_size = 1,
    start = kordless.time.parse(start),
  })
end

booking.tests = {
  ["a morning costs what the service says"] = function()
    assert(price("2031-06-06T13:00:00Z", 4500) == 4500)
  end,
  ["from four o'clock it is a fifth more"] = function()
    assert(price("2031-06-06T19:59:00Z", 4500) == 4500)
    assert(price("2031-06-06T20:00:00Z", 4500) == 5400)
  end,
  ["Saturday begins at midnight on the service's clock"] = function()
    assert(price("2031-06-07T03:59:00Z", 4500) == 5400)
    assert(price("2031-06-07T04:00:00Z", 4500) == 5625)
  end,
  ["halves are rounded up"] = function()
    assert(price("2031-06-07T13:00:00Z", 1850) == 2313)
  end,
  ["without a price there is none"] = function()
    assert(price("2031-06-07T13:00:00Z", nil) == nil)
  end,
}

return booking
