-- Who books, as the operator's script may know it: the function `customer` of
-- scripts/booking.lua is asked once for each new booking. What was counted on the snapshot is
-- counted again on the writer, so two bookings at once cannot both be the last that is allowed.

local contact = require("bookings.contact")
local offers = require("availability.policy")

local customer = {}

local SCRIPT = "booking"

local counts = "SELECT COUNT(*) FILTER (WHERE status <> 'canceled') AS total,"
  .. " COUNT(*) FILTER (WHERE status <> 'canceled' AND start_at >= ?1) AS upcoming,"
  .. " COUNT(*) FILTER (WHERE status <> 'canceled' AND start_at >= ?1 AND service_id = ?2)"
  .. " AS upcoming_of_service,"
  .. " COUNT(*) FILTER (WHERE status = 'canceled') AS canceled,"
  .. " COUNT(*) FILTER (WHERE outcome = 'no_show') AS no_shows"
  .. " FROM booking WHERE id IN ("
  .. "SELECT id FROM booking WHERE organization_id = ?3 AND email_folded = ?4"
  .. " UNION SELECT id FROM booking WHERE organization_id = ?3 AND phone_digits = ?5)"

-- who: {organization_id, service_id, email?, phone?, now}
local function count(who)
  local null = kordless.json.null
  return kordless.db.one(counts, who.now, who.service_id, who.organization_id, who.email or null,
    who.phone or null)
end

-- What the script has against this person booking. asked: input.create; it is marked with
-- whom it counted, for the transaction.
function customer.refusals(service, asked)
  asked.counted = nil
  if not asked.contact or not kordless.policy.has(SCRIPT, "customer") then
    return {}
  end
  local who = {
    organization_id = service.organization_id, service_id = service.id, now = asked.now,
    email = contact.folded(asked.contact.email), phone = contact.digits(asked.contact.phone),
  }
  local found = count(who)
  asked.counted = { who = who, found = found }
  local refusal = kordless.policy.call(SCRIPT, "customer", {
    organization = { id = service.organization_id },
    service = offers.service(service),
    party_size = asked.party_size,
    start = asked.start,
    now = asked.now,
    customer = {
      email = who.email, phone = who.phone, total = found.total, upcoming = found.upcoming,
      upcoming_of_service = found.upcoming_of_service, canceled = found.canceled,
      no_shows = found.no_shows,
    },
  })
  return refusal and { offers.violation(refusal) } or {}
end

-- On the writer: whether the counts are others by now.
function customer.changed(counted)
  for name, n in pairs(counted and count(counted.who) or {}) do
    if counted.found[name] ~= n then
      return true
    end
  end
  return false
end

return customer
