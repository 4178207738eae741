-- The one way to free slots: the snapshot, the rules, the policy. What it lists can be
-- booked, and what it does not list is refused.

local occupancy = require("availability.occupancy")
local policy = require("availability.policy")
local rules = require("availability.rules")
local store = require("availability.store")
local tally = require("availability.tally")

local offer = {}

local DAY = 86400

-- Takes away what the service's limits do not allow. The violations of those are added.
local function limited(world, query, slots, kept, violations)
  local lo, hi = tally.reach(world, query.from, query.to)
  if not lo or not slots[1] then
    return kept, violations
  end
  local broken = tally.build(world, store.booked(world.service.id, lo, hi, query.except))
  local left, seen = {}, {}
  for _, slot in ipairs(slots) do
    local why = broken(slot)
    slot.broken = why
    if why and not seen[why.message] then
      seen[why.message] = true
      violations[#violations + 1] = why
    end
  end
  for _, slot in ipairs(kept) do
    left[#left + 1] = not slot.broken and slot or nil
  end
  return left, violations
end

-- What the ledger has taken of the candidates' time in what a query looks at, and its claims.
function offer.taken(world, query)
  local service = world.service
  local lo, hi = rules.range(service, query)
  if lo >= hi or not world.candidates[1] then
    return occupancy.none(service), {}
  end
  local a = occupancy.reach(service, lo)
  local _, b = occupancy.reach(service, hi)
  local claims = store.claims(world, a, b, query.now, query.except)
  local known = service.max_parallel_bookings > 1 or occupancy.has_sessions(claims)
  return occupancy.build(service, claims,
    known and store.used(world, a, b, query.now, query.except) or {}, known), claims
end

-- Slots the rules, the policy and the limits allow; `open` leaves the ledger out of it.
-- query: {from, to, now, party_size, except?}. nil, "too_many" when there are too many.
-- The second result is otherwise what policy and limits had against those they refused.
local function look(world, query, open)
  local taken = open and occupancy.none(world.service) or offer.taken(world, query)
  local slots, why = rules.slots(world, taken, query)
  if not slots then
    return nil, why
  end
  return limited(world, query, slots, policy.narrow(world, query, slots))
end

-- Leaves only the host and the team asked for.
function offer.only(world, ask)
  local list = {}
  for _, who in ipairs(world.candidates) do
    local host_fits = not ask.host_id or who.id == ask.host_id
    local team_fits = not ask.team_id or who.team and who.team.id == ask.team_id
    if host_fits and team_fits then
      list[#list + 1] = who
    end
  end
  world.candidates = list
  return #list
end

-- The same for one booking. False when the service does not have them.
function offer.choose(world, ask)
  local n = offer.only(world, ask)
  if n == 0 then
    return not ask.host_id and not ask.team_id
  end
  return world.service.fulfillment ~= "specific_host" or n == 1
end

-- All free slots of a query, in the order they are shown; with host_id only that host's,
-- with team_id that team's.
function offer.list(world, query)
  offer.only(world, query)
  local slots, why = look(world, query)
  if not slots then
    return nil, why
  end
  return policy.rank(world, query, slots)
end

function offer.not_offered(world)
  local message = "This service is not given by the host or team asked for."
  if world.service.fulfillment == "specific_host" then
    message = "This service is booked with one of its hosts; host_id must name it."
  end
  return { code = "host_not_offered", message = message }
end

-- Decides one start. ask: {start, finish, fraction, now, party_size, host_id?, team_id?,
-- except?}. Returns the free slots at that instant, one per candidate; or nil and the
-- violations; or nil, nil when only the ledger stands in the way.
function offer.decide(world, ask)
  local violations = rules.limits(world.service, ask)
  if not offer.choose(world, ask) then
    violations[#violations + 1] = offer.not_offered(world)
    return nil, violations
  end
  ask.from, ask.to = ask.start, ask.start + 1
  local slots = violations[1] and {} or look(world, ask)
  if slots[1] then
    return slots
  end
  violations[#violations + 1] = rules.hours(world, ask.start)
  if violations[1] then
    return nil, violations
  end
  local open, refused = look(world, ask, true)
  return nil, not open[1] and refused or nil
end

-- The three free slots nearest to a start that is taken: looks a day around it, then
-- further, and stops when it has them.
function offer.alternatives(world, ask)
  for _, days in ipairs({ 1, 7, 31 }) do
    local query = {
      from = ask.start - days * DAY,
      to = ask.start + days * DAY,
      now = ask.now,
      party_size = ask.party_size,
      except = ask.except,
    }
    local nearest = rules.nearest(offer.list(world, query) or {}, ask.start, 3)
    if #nearest == 3 or days == 31 then
      return nearest
    end
  end
end

return offer
