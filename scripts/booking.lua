-- Your rules for bookings. Edit, then say `kordless reload`: a file with a fault never
-- goes live. The tests at the end say what the rules promise.
--
-- Every function here is optional and pure: it gets plain values and returns some. It can
-- only narrow what the calendar offers, name a price, or sort; it can never book a taken
-- slot. When it fails, the request is answered 503 and nothing is booked.
--
-- A refusal is a sentence for the customer, or {code = "x_your_word", message = "…"} so
-- that a program can tell it from others. Instants are UTC seconds; `minutes` are minutes
-- after midnight and `weekdays` 1 (Monday) to 7 on the wall clock of the service.

local booking = {}

-- How many places one booking may take of a group service, by the service's slug. Eight are
-- all places the demo's class has: lower the number to see it at work.
local largest_party = {
  ["group-class"] = 8,
}

-- Which of n slots are not offered: refused[i] = why. Called once for a whole list, and
-- once more for the one slot that is booked, so lists and bookings always agree.
-- request: organization {id}, service {id, key, slug, name, category, duration_minutes,
-- max_parallel_bookings, price, currency, timezone, metadata}, party_size, now, n, and the
-- lists starts, minutes, weekdays, host_ids ("" where a whole team is booked).
function booking.offer(request)
  local refused = {}
  local most = largest_party[request.service.slug]
  if most and request.party_size > most then
    for i = 1, request.n do
      refused[i] = {
        code = "x_large_party",
        message = "For more than " .. most .. " people please call us.",
      }
    end
  end
  -- No consultations on Friday afternoons:
  -- if request.service.slug == "consultation" then
  --   for i = 1, request.n do
  --     if request.weekdays[i] == 5 and request.minutes[i] >= 13 * 60 then
  --       refused[i] = "We do not advise on Friday afternoons."
  --     end
  --   end
  -- end
  return refused
end

-- The price of a new booking in minor units (4500 is 45.00); nil keeps the service's.
-- request: organization, service, party_size, start, now.
--
-- function booking.price(request)
--   return request.service.price and request.service.price * request.party_size
-- end

-- A refusal when this person may not book, asked once for each new booking. customer: email
-- (lower case), phone (digits), and its bookings here: total, upcoming, upcoming_of_service,
-- canceled, no_shows. request: organization, service, party_size, start, now, customer.
--
-- function booking.customer(request)
--   if request.customer.upcoming >= 5 then
--     return { code = "x_too_many", message = "You have five bookings ahead already." }
--   end
-- end

-- Numbers that sort the slots of one instant, lowest first: where the customer names no host,
-- the first that is free is booked, and among equals who has the fewest bookings. request: as
-- in offer.
--
-- function booking.rank(request)
--   local ranks = {}
--   for i = 1, request.n do
--     ranks[i] = request.host_ids[i] == "host_…" and 0 or 1
--   end
--   return ranks
-- end

-- A refusal when a customer may not cancel, or not move, a booking now; nil when it may.
-- The service's notice hours are looked at before. request: organization, service, now,
-- booking {id, status, start, host_id, party_size, created_at}, and for reschedule `to`. A
-- list of times to move to asks reschedule once for each start.
--
-- function booking.cancel(request)
--   if request.booking.party_size >= 5 then
--     return "Please call us to cancel for a group."
--   end
-- end
--
-- function booking.reschedule(request)
--   if request.to - request.now > 60 * 86400 then
--     return "Please stay within the next two months."
--   end
-- end

-- What these rules promise: a function for each sentence, which raises when it is broken. A
-- file that breaks one never goes live, so give every rule you add its own.

-- A question as offer gets it: n times Monday, nine o'clock.
local function question(slug, party_size, n)
  local asked = {
    organization = { id = "org_of_a_test" },
    service = { slug = slug, name = slug, duration_minutes = 60, timezone = "UTC" },
    party_size = party_size, now = 0, n = n,
    starts = {}, minutes = {}, weekdays = {}, host_ids = {},
  }
  for i = 1, n do
    asked.starts[i], asked.minutes[i], asked.weekdays[i] = 378000, 9 * 60, 1
    asked.host_ids[i] = "host_of_a_test"
  end
  return asked
end

booking.tests = {
  ["the largest party is welcome"] = function()
    for slug, most in pairs(largest_party) do
      assert(next(booking.offer(question(slug, most, 1))) == nil, slug)
    end
  end,
  ["a larger one is asked to call"] = function()
    for slug, most in pairs(largest_party) do
      local refused = booking.offer(question(slug, most + 1, 2))
      assert(refused[1].code == "x_large_party" and refused[2], slug)
    end
  end,
  ["other services are left alone"] = function()
    assert(next(booking.offer(question("consultation", 1, 1))) == nil)
  end,
}

return booking
