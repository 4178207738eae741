-- What one customer may take: places at once, how far ahead, how late a booking may move.
-- Install: copy this file to scripts/booking.lua, or its functions and `limits` into yours,
-- and the tests into `booking.tests`. Then `kordless check` and `kordless reload`.
-- `customer` sees what a person (by email or phone) has booked here; two bookings made at once
-- are counted one after the other.

local booking = {}

local DAY = 86400

-- By the service's slug; a service that is not here has no limits but its own.
local limits = {
  ["consultation"] = { days_ahead = 14, days_to_move = 30, upcoming = 2 },
  ["group-class"] = { places = 2 },
}
local no_shows = 3 -- of one person, anywhere

function booking.customer(request)
  local limit = limits[request.service.slug] or {}
  local customer = request.customer
  if customer.no_shows >= no_shows then
    return { code = "x_call_us", message = "Please call us to book." }
  elseif limit.upcoming and customer.upcoming_of_service >= limit.upcoming then
    return {
      code = "x_too_many_bookings",
      message = "You have " .. limit.upcoming .. " of these ahead already.",
    }
  end
end

function booking.offer(request)
  local limit = limits[request.service.slug]
  local refused = {}
  for i = 1, limit and request.n or 0 do
    if limit.places and request.party_size > limit.places then
      refused[i] = {
        code = "x_too_many_places",
        message = "At most " .. limit.places .. " places can be booked at once.",
      }
    elseif limit.days_ahead and request.starts[i] - request.now > limit.days_ahead * DAY then
      refused[i] = {
        code = "x_too_early_to_book",
        message = "This can be booked " .. limit.days_ahead .. " days ahead.",
      }
    end
  end
  return refused
end

-- Moved again and again, a booking would hold its place for ever.
function booking.reschedule(request)
  local limit = limits[request.service.slug]
  if limit and limit.days_to_move
    and request.to - request.booking.created_at > limit.days_to_move * DAY then
    return "A booking can be moved within " .. limit.days_to_move .. " days of its making."
  end
end

local function ask(slug, party_size, ...)
  return booking.offer({
    service = { slug = slug }, party_size = party_size, now = 0, n = select("#", ...),
    starts = { ... },
  })
end

booking.tests = {
  ["two places, and no third"] = function()
    assert(next(ask("group-class", 2, 3600)) == nil)
    assert(ask("group-class", 3, 3600)[1].code == "x_too_many_places")
  end,
  ["a fortnight ahead, and each slot by itself"] = function()
    local refused = ask("consultation", 1, 14 * DAY, 14 * DAY + 1)
    assert(not refused[1] and refused[2].code == "x_too_early_to_book")
  end,
  ["other services are left alone"] = function()
    assert(next(ask("massage", 9, 99 * DAY)) == nil)
  end,
  ["two consultations ahead, and no third; other services as many as one likes"] = function()
    local function may(slug, upcoming, missed)
      return booking.customer({ service = { slug = slug }, customer = {
        upcoming_of_service = upcoming, no_shows = missed } }) == nil
    end
    assert(may("consultation", 1, 0) and not may("consultation", 2, 0))
    assert(may("group-class", 9, 2) and not may("group-class", 0, 3))
  end,
  ["a move ends thirty days after the making"] = function()
    local function move(to)
      return booking.reschedule({
        service = { slug = "consultation" }, booking = { created_at = 0 }, to = to,
      })
    end
    assert(move(30 * DAY) == nil and move(30 * DAY + 1))
  end,
}

return booking
