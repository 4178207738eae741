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

local PLACES = 65536

-- By start, then by host. Whole numbers are sorted in C, without a call for each compare.
local function in_order(slots)
  local keys, by_key, last, fine = {}, {}, 0, true
  for i, slot in ipairs(slots) do
    local key = slot.start * PLACES + slot.place
    keys[i], by_key[key], last, fine = key, slot, key, fine and key >= last
  end
  if fine then
    return slots -- of one candidate, nearly always
  end
  table.sort(keys)
  for i, key in ipairs(keys) do
    slots[i] = by_key[key]
  end
  return slots
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
  return in_order(all)
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
    if violations[1] or slot.outside then
      slot.why = table.move(violations, 1, #violations, 1, {})
      slot.why[#slot.why + 1] = slot.outside
    else
      fine[#fine + 1] = slot
    end
  end
  return fine
end

-- What policy and limits have against those that hours and rules allow.
local function by_policy(world, query, slots)
  local refusals = policy.refusals(world, query, slots)
  local lo, hi = tally.reach(world, query.from, query.to)
  local broken = lo and tally.build(world, store.booked(world.service.id, lo, hi, query.except))
  for i, slot in ipairs(slots) do
    local refusal, limit = refusals[i], broken and broken(slot) or nil
    if refusal or limit then
      slot.why = refusal and { refusal, limit } or { limit }
    end
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
    local left = not slot.why and free[slot.place][slot.start] or 0
    slot.free = left
    if not slot.why and left < query.party_size then
      slot.why = { unbookable.occupied(left) }
    end
  end
end

local function by_rank(x, y)
  return x.rank < y.rank or x.rank == y.rank and x.place < y.place
end

-- In the order of offer.list: those of one start by the script's ranks, if it has any.
local function ranked(slots, ranks)
  local first = 1
  for i, slot in ipairs(ranks and slots or {}) do
    slot.rank = policy.rank(ranks[i])
    local following = slots[i + 1]
    if not following or following.start ~= slot.start then
      local same = table.move(slots, first, i, 1, {})
      table.sort(same, by_rank)
      table.move(same, 1, #same, first, slots)
      first = i + 1
    end
  end
  return slots
end

-- Slots {start, finish, free, who, place}, `place` among the candidates, in the order of
-- offer.list, each with `why`, its violations, nil where it can be booked; nil when they are
-- too many.
function unbookable.list(world, query)
  offer.only(world, query)
  local slots = grids(world, query)
  if not slots then
    return nil
  end
  local fine = by_rule(world, query, slots)
  by_policy(world, query, fine)
  by_ledger(world, query, fine)
  return ranked(slots, policy.ranks(world, query, slots))
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
    shown.bookable = slot.why == nil
    shown.violations = slot.why
    list[i] = shown
  end
  return list
end

return unbookable
