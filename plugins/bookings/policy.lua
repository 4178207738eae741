-- Asks the operator's scripts/booking.lua about one booking.

local offers = require("availability.policy")

local policy = {}

local SCRIPT = "booking"
local MOST = 1 << 53 -- minor units that a number of JSON holds exactly

policy.hash = offers.hash

-- The price of a new booking in minor units: the script's, else the service's.
function policy.price(service, asked)
  if not kordless.policy.has(SCRIPT, "price") then
    return service.price
  end
  local args = {
    organization = { id = service.organization_id },
    service = offers.service(service),
    party_size = asked.party_size,
    start = asked.start,
    now = asked.now,
  }
  local price = kordless.policy.call(SCRIPT, "price", args, "changed")
  local minor = type(price) == "number" and math.tointeger(price) -- half of 4500 is 2250.0
  if price ~= nil and (not minor or minor < 0 or minor > MOST) then
    kordless.policy.fail(SCRIPT, "price", "it must return a whole number of minor units, or nil",
      args)
  end
  return minor or service.price
end

-- What the script has against `act` ("cancel" or "reschedule"); to: the new time.
function policy.change(act, row, service, to)
  if not kordless.policy.has(SCRIPT, act) then
    return {}
  end
  local refusal = kordless.policy.call(SCRIPT, act, {
    organization = { id = service.organization_id },
    service = offers.service(service),
    now = kordless.now(),
    booking = {
      id = row.id,
      status = row.status,
      start = row.start_at,
      host_id = row.host_id,
      party_size = row.party_size,
      created_at = row.created_at,
    },
    to = to and to.start,
  })
  return refusal and { offers.violation(refusal) } or {}
end

-- The slots against whose start `why` has nothing; it is asked once for each start.
local function left(slots, why)
  local refused, last, against = {}, nil, nil
  for i = 1, #slots do
    local start = slots:get(i)
    if start ~= last then
      last, against = start, why(start)
    end
    refused[i] = against
  end
  return slots:drop(refused)
end

-- The slots that the customer's limits leave: `broken` is limits.of_contact; or nil.
function policy.fitting(_, _, slots, broken)
  return broken and left(slots, broken) or slots
end

-- Says why a customer may not move a booking to a start: its limits, and the script. nil when
-- there are neither.
function policy.against(row, service, broken)
  if not kordless.policy.has(SCRIPT, "reschedule") then
    return broken
  end
  return function(start)
    return broken and broken(start)
      or policy.change("reschedule", row, service, { start = start })[1]
  end
end

-- The slots that a customer may move a booking to.
function policy.movable(row, service, slots, broken)
  return policy.fitting(row, service, slots, policy.against(row, service, broken))
end

return policy
