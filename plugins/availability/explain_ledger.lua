-- What the ledger has against one slot, for explain. Pure: what is taken is given.

local occupancy = require("availability.occupancy")
local unbookable = require("availability.unbookable")

local ledger = {}

local TOLD = 20 -- claims of one host

local names = {
  booking = "booked", pending = "booked, and waits for approval", hold = "held",
  time_off = "away", busy = "busy elsewhere",
}

local function claim_step(claim)
  return {
    tier = "ledger", rule = claim.kind, effect = "refuses", code = "slot_taken",
    host_id = claim.subject,
    message = ("The host is %s from %s to %s."):format(names[claim.kind],
      kordless.time.format(claim.b0), kordless.time.format(claim.b1)),
  }
end

-- Claims of a host that keep a slot of [a, b) out: not the session that it would join.
local function in_the_way(ask, host_id, session, a, b)
  local steps = {}
  for _, claim in ipairs(ask.claims) do
    if claim.subject == host_id and claim.b0 < b and claim.b1 > a and claim.owner ~= session
      and #steps < TOLD then
      steps[#steps + 1] = claim_step(claim)
    end
  end
  return steps
end

local function places(service, free, party_size)
  local many = service.max_parallel_bookings > 1
  local step = { tier = "ledger", rule = many and "places" or "claims", effect = "allows",
    message = many and ("%d of %d places are free."):format(free, service.max_parallel_bookings)
      or "Nothing is in the way." }
  if free < party_size then
    local why = unbookable.occupied(free)
    step.effect, step.code, step.message = "refuses", why.code, why.message
  end
  return step
end

-- ask: with taken and claims (store). Steps, of which one refuses when there is no room.
function ledger.of(world, who, ask)
  local service = world.service
  local free = occupancy.free(service, ask.taken, who, ask.start)
  if free >= ask.party_size then
    return { places(service, free, ask.party_size) }
  end
  local a, b = occupancy.reach(service, ask.start)
  local session = service.max_parallel_bookings > 1
    and occupancy.session(service, who, ask.start) or nil
  local steps = {}
  for _, host_id in ipairs(who.hosts) do
    local found = in_the_way(ask, host_id, session, a, b)
    table.move(found, 1, #found, #steps + 1, steps)
  end
  return steps[1] and steps or { places(service, free, ask.party_size) }
end

return ledger
