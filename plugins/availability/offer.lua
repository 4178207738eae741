-- The one way to free slots: the snapshot, the rules, the policy. What it lists can be
-- booked, and what it does not list is refused.

local occupancy = require("availability.occupancy")
local policy = require("availability.policy")
local rules = require("availability.rules")
local store = require("availability.store")
local tally = require("availability.tally")

local offer = {}

local DAY = 86400

-- What the service's limits have against slots: violations by their positions.
local function over_limits(world, query, slots)
  local lo, hi = tally.reach(world, query.from, query.to)
  local refusals, slot = {}, {}
  if not lo or #slots == 0 then
    return refusals
  end
  local broken = tally.build(world, store.booked(world.service.id, lo, hi, query.except))
  for i = 1, #slots do
    local start, _, who = slots:get(i)
    slot.start, slot.who = start, world.candidates[who]
    refusals[i] = broken(slot)
  end
  return refusals
end

-- What the ledger has of the candidates in what a query looks at. read: store.taken or
-- store.claims; nil when there is nothing to look at.
function offer.ledger(world, query, read)
  local lo, hi = rules.range(world.service, query)
  if lo < hi and world.candidates[1] then
    local a = occupancy.reach(world.service, lo)
    local _, b = occupancy.reach(world.service, hi)
    return read(world, a, b, query.now, query.except)
  end
end

-- Each violation of these lists by position once, in the order of the slots. Those of the
-- first list come before those of the second.
local function distinct(n, ...)
  local list, seen = {}, {}
  for _, refusals in ipairs({ ... }) do
    for i = 1, next(refusals) and n or 0 do
      local why = refusals[i]
      if why and not seen[why.code .. why.message] then
        seen[why.code .. why.message] = true
        list[#list + 1] = why
      end
    end
  end
  return list
end

-- Slots the rules, the policy and the limits allow (a kordless.slots); `open` leaves the
-- ledger out of it. query: {from, to, now, party_size, except?}. nil, "too_many" when there
-- are too many. The second result is otherwise what policy and limits had against those they
-- refused.
local function look(world, query, open)
  local taken = not open and offer.ledger(world, query, store.taken) or nil
  local slots, why = rules.slots(world, taken, query)
  if not slots then
    return nil, why
  end
  local denied, over = policy.refusals(world, query, slots), over_limits(world, query, slots)
  local violations = distinct(#slots, denied, over)
  if next(over) then
    for i = 1, #slots do
      denied[i] = denied[i] or over[i]
    end
  end
  return next(denied) and slots:drop(denied) or slots, violations
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

-- The same for one booking. False when the service does not have them, or a host must be named
-- and none is; ask.any_host: none must.
function offer.choose(world, ask)
  local n = offer.only(world, ask)
  if n == 0 then
    return not ask.host_id and not ask.team_id
  end
  return n == 1 or ask.any_host or world.service.fulfillment ~= "specific_host"
end

-- All free slots of a query, in the order they are shown, as a kordless.slots of the world's
-- candidates; with host_id only that host's, with team_id that team's.
function offer.list(world, query)
  offer.only(world, query)
  local slots, why = look(world, query)
  if not slots then
    return nil, why
  end
  local ranks = policy.ranks(world, query, slots)
  return ranks and slots:rank(ranks) or slots
end

function offer.not_offered(world)
  local message = "This service is not given by the host or team asked for."
  if world.service.fulfillment == "specific_host" then
    message = "This service is booked with one of its hosts; host_id must name it."
  end
  return { code = "host_not_offered", message = message }
end

-- The slots as tables {start, finish, free, who}.
local function each(world, slots)
  local list, length = {}, world.service.duration_minutes * 60
  for i = 1, #slots do
    local start, free, who = slots:get(i)
    list[i] = { start = start, finish = start + length, free = free, who = world.candidates[who] }
  end
  return list
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
  local slots = not violations[1] and look(world, ask) or nil
  if slots and #slots > 0 then
    return each(world, slots)
  end
  violations[#violations + 1] = rules.hours(world, ask.start)
  if violations[1] then
    return nil, violations
  end
  local open, refused = look(world, ask, true)
  return nil, #open == 0 and refused or nil
end

-- The slots around a start, at most `reach` seconds away: nearer than that when they would be
-- more than one answer may hold.
local function around(world, ask, reach)
  repeat
    local slots = offer.list(world, {
      from = ask.start - reach, to = ask.start + reach,
      now = ask.now, party_size = ask.party_size, except = ask.except,
    })
    reach = reach // 2
    if slots or reach < 60 then
      return slots
    end
  until false
end

-- The three free slots nearest to a start that is taken: looks a day around it, then
-- further, and stops when it has them. against: see rules.nearest.
function offer.alternatives(world, ask, against)
  local nearest
  for _, days in ipairs({ 1, 7, 31 }) do
    local slots = around(world, ask, days * DAY)
    local found = slots and rules.nearest(slots, ask.start, 3, against) or {}
    nearest = nearest and #nearest > #found and nearest or found
    if #nearest == 3 then
      break
    end
  end
  return nearest
end

return offer
