-- Where a booking may be moved to: the slots that its reschedule would take, its own counted
-- free.

local flow = require("bookings.flow")
local limits = require("bookings.limits")
local offer = require("availability.offer")
local policy = require("bookings.policy")
local ranges = require("availability.input")
local rules = require("bookings.rules")
local services = require("services.store")
local slot_view = require("availability.view")
local worlds = require("availability.worlds")

local moves = {}

-- asked: input.slots. narrow(service, slots, broken): those that are left of the slots, where
-- broken says of a start which of the customer's limits it breaks.
local function answer(row, service, asked, narrow)
  flow.as_before(asked, row, service)
  asked.now = kordless.now()
  local world = worlds.of(service)
  local slots = offer.list(world, asked)
  if not slots then
    return nil, "validation_error", { detail = ranges.TOO_MANY }
  end
  slots = narrow(row, service, slots, limits.of_contact(world, asked))
  return 200, { slots = slot_view.slots(slots, world, asked.timezone) }
end

function moves.of_customer(row, asked)
  local service = services.service(row.service_id)
  local frozen = rules.frozen(row, service, kordless.now())
  if frozen[1] then
    return flow.refused(frozen)
  end
  return answer(row, service, asked, policy.movable)
end

-- The notice and the script's `reschedule` do not bind the organization, the limits do. One that
-- is canceled goes nowhere.
function moves.of_organization(row, asked)
  if rules.gone(row)[1] then
    return 200, { slots = kordless.json.array({}) }
  end
  return answer(row, services.service(row.service_id), asked, policy.fitting)
end

return moves
