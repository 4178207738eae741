-- All starts of the grid, those that cannot be booked too, and why: the same that a booking
-- of that start with that host would be answered. What a closure takes away is on the grid.

local offer = require("availability.offer")
local policy = require("availability.policy")
local rules = require("availability.rules")
local store = require("availability.store")
local tally = require("availability.tally")
local view = require("availability.view")
local windows = require("availability.windows")

local unbookable = {}

-- The slots of one candidate, bookable or not; nil when there are more than `max`.
local function grid(world, layout, who, query, max)
  local service, list = world.service, {}
  local step, length = service.slot_interval_minutes * 60, service.duration_minutes * 60
  local hours = windows.hours(layout, who)
  local open = hours:subtract(layout.closed)
  for _, set in ipairs({ open, hours:intersect(layout.closed) }) do
    local starts = windows.starts(set, service.timezone, step, query.from, query.to, max + 1)
    if #list + #starts > max then
      return nil
    end
    for _, start in ipairs(starts) do
      list[#list + 1] = { start = start, finish = start + length, free = 0, who = who,
        outside = rules.outside(service, layout, open, start) }
    end
  end
  return list
end

-- Of all candidates, by start and then by host; nil when they are too many.
local function grids(world, query)
  local layout, all = windows.layout(world, query.from, query.to), {}
  for i, who in ipairs(world.candidates) do
    local list = grid(world, layout, who, query, rules.MAX_SLOTS - #all)
    if not list then
      return nil
    end
    for _, slot in ipairs(list) do
      slot.place = i
      all[#all + 1] = slot
    end
  end
  table.sort(all, function(x, y)
    return x.start < y.start or x.start == y.start and x.place < y.place
  end)
  return all
end

-- Marks each slot with what time and party have against it. Those that are left: the others
-- are not asked about any further, as a booking of them would not be.
local function by_rule(world, query, slots)
  local fine, ask, violations = {}, { now = query.now, party_size = query.party_size }, nil
  for _, slot in ipairs(slots) do
    if slot.start ~= ask.start then
      ask.start, ask.finish = slot.start, slot.finish
      violations = rules.limits(world.service, ask)
    end
    slot.why = table.move(violations, 1, #violations, 1, {})
    slot.why[#slot.why + 1] = slot.outside
    fine[#fine + 1] = not slot.why[1] and slot or nil
  end
  return fine
end

-- What policy and limits have against those that hours and rules allow.
local function by_policy(world, query, slots)
  local refusals = policy.refusals(world, query, slots)
  local lo, hi = tally.reach(world, query.from, query.to)
  local broken = lo and tally.build(world, store.booked(world.service.id, lo, hi, query.except))
  for i, slot in ipairs(slots) do
    slot.why[1] = refusals[i]
    slot.why[#slot.why + 1] = broken and broken(slot) or nil
  end
end

-- What is left when nothing but the ledger stands in the way.
function unbookable.occupied(free)
  if free == 0 then
    return { code = "slot_taken", message = "This time is taken." }
  end
  return { code = "slot_taken",
    message = ("Only %d of its places %s free."):format(free, free == 1 and "is" or "are") }
end

-- Places that are left at the starts of each candidate, whether they are enough or not.
local function places(world, query)
  local all = { from = query.from, to = query.to, now = query.now, party_size = 0 }
  local found = rules.slots(world, offer.ledger(world, query, store.taken), all)
  local free = {}
  for i = 1, #found do
    local start, n, who = found:get(i)
    free[who] = free[who] or {}
    free[who][start] = n
  end
  return free
end

local function by_ledger(world, query, slots)
  local free = slots[1] and places(world, query)
  for _, slot in ipairs(slots) do
    local left = not slot.why[1] and free[slot.place][slot.start] or 0
    slot.free = left
    slot.why[1] = slot.why[1] or left < query.party_size and unbookable.occupied(left) or nil
  end
end

-- In the order of offer.list.
local function sorted(slots, ranks)
  local order = {}
  for i, slot in ipairs(slots) do
    slot.rank = tonumber(ranks[i]) or 0
    order[i] = slot
  end
  table.sort(order, function(x, y)
    if x.start ~= y.start then
      return x.start < y.start
    end
    return x.rank < y.rank or x.rank == y.rank and x.place < y.place
  end)
  return order
end

-- Slots {start, finish, free, who, place}, `place` among the candidates, in the order of
-- offer.list, each with `why`, its violations; nil when they are too many.
function unbookable.list(world, query)
  offer.only(world, query)
  local slots = grids(world, query)
  if not slots then
    return nil
  end
  local fine = by_rule(world, query, slots)
  by_policy(world, query, fine)
  by_ledger(world, query, fine)
  return sorted(slots, policy.ranks(world, query, slots) or {})
end

function unbookable.view(slots, world, timezone)
  local list, faces = kordless.json.array({}), view.faces(world, timezone)
  for i, slot in ipairs(slots) do
    local shown = {}
    for name, value in pairs(faces[slot.place]) do
      shown[name] = value
    end
    shown.startsAt = kordless.time.format(slot.start)
    shown.endsAt = kordless.time.format(slot.finish)
    shown.availableCapacity = slot.free
    shown.bookable = slot.why[1] == nil
    shown.violations = slot.why[1] and slot.why or nil
    list[i] = shown
  end
  return list
end

return unbookable
