-- Asks the operator's scripts/booking.lua about a list of slots: once for all of them,
-- over packed arrays. It may refuse some and rank the rest; it cannot add any.

local policy = {}

local SCRIPT = "booking"

function policy.hash()
  return kordless.policy.hash(SCRIPT)
end

-- What every function of the script is told of the service. Made once per row.
function policy.service(service)
  service.told = service.told or {
    id = service.id,
    key = service.key,
    slug = service.slug,
    name = service.name,
    category = service.category,
    duration_minutes = service.duration_minutes,
    max_parallel_bookings = service.max_parallel_bookings,
    price = service.price,
    currency = service.currency,
    timezone = service.timezone,
    metadata = kordless.json.decode(service.metadata),
  }
  return service.told
end

-- Slots as packed arrays; wall-clock values are those of the service's zone. host_ids has
-- "" where a whole team is booked.
local function request(world, query, slots)
  local starts, minutes, weekdays, host_ids = {}, {}, {}, {}
  local zone, last, day, minute = world.service.timezone, nil, nil, nil
  for i, slot in ipairs(slots) do
    if slot.start ~= last then
      last = slot.start
      day, minute = kordless.zone.wall(zone, last)
    end
    starts[i], minutes[i] = last, minute
    weekdays[i] = kordless.time.weekday(day)
    host_ids[i] = slot.who.id or ""
  end
  return {
    organization = { id = world.organization_id },
    service = policy.service(world.service),
    party_size = query.party_size,
    now = query.now,
    n = #slots,
    starts = starts,
    minutes = minutes,
    weekdays = weekdays,
    host_ids = host_ids,
  }
end

-- A refusal as the script gave it: a sentence, or {code = "x_…", message = "…"}.
function policy.violation(refusal)
  if type(refusal) == "string" then
    return { code = "policy_denied", message = refusal }
  end
  if type(refusal) == "table" and type(refusal.message) == "string" then
    local code = type(refusal.code) == "string" and refusal.code:find("^x_[a-z0-9_]+$")
    return { code = code and refusal.code or "policy_denied", message = refusal.message }
  end
  return { code = "policy_denied", message = "The organization's rules do not allow this." }
end

-- What the script has against each of the slots: violations by their positions.
function policy.refusals(world, query, slots)
  if #slots == 0 or not kordless.policy.has(SCRIPT, "offer") then
    return {}
  end
  local args = request(world, query, slots)
  local refused = kordless.policy.call(SCRIPT, "offer", args)
  if refused ~= nil and type(refused) ~= "table" then
    kordless.policy.fail(SCRIPT, "offer", "it must return a table, refused[i] = why, or nil", args)
  end
  local violations = {}
  for i in ipairs(refused and slots or {}) do
    violations[i] = refused[i] and policy.violation(refused[i]) or nil
  end
  return violations
end

-- The same of one slot, and which line of the script decided: "scripts/booking.lua:31". Leaves
-- no line in the decision log: nothing was decided by it.
function policy.trace(world, query, slot)
  if not kordless.policy.has(SCRIPT, "offer") then
    return nil, nil
  end
  local refused, place = kordless.policy.trace(SCRIPT, "offer", request(world, query, { slot }))
  local why = type(refused) == "table" and refused[1]
  return why and policy.violation(why) or nil, place
end

-- The slots that stay, in their order, and the violations of those that do not.
function policy.narrow(world, query, slots)
  local refusals = policy.refusals(world, query, slots)
  if not next(refusals) then
    return slots, {}
  end
  local kept, violations, seen = {}, {}, {}
  for i, slot in ipairs(slots) do
    local why = refusals[i]
    if not why then
      kept[#kept + 1] = slot
    else
      if not seen[why.code .. why.message] then
        seen[why.code .. why.message] = true
        violations[#violations + 1] = why
      end
    end
  end
  return kept, violations
end

-- The script's numbers by which slots of one start are sorted, lowest first; nil when it has
-- none.
function policy.ranks(world, query, slots)
  if #slots == 0 or not kordless.policy.has(SCRIPT, "rank") then
    return nil
  end
  local args = request(world, query, slots)
  local ranks = kordless.policy.call(SCRIPT, "rank", args, "changed")
  if ranks ~= nil and type(ranks) ~= "table" then
    kordless.policy.fail(SCRIPT, "rank", "it must return a table, ranks[i] = number, or nil", args)
  end
  return ranks
end

-- Sorts slots by them; hosts of equal rank stay in the order of their ids. Slots of different
-- starts never change places.
function policy.rank(world, query, slots)
  local ranks = policy.ranks(world, query, slots)
  if not ranks then
    return slots
  end
  local order = {}
  for i = 1, #slots do
    order[i] = i
  end
  table.sort(order, function(x, y)
    if slots[x].start ~= slots[y].start then
      return slots[x].start < slots[y].start
    end
    local rx, ry = tonumber(ranks[x]) or 0, tonumber(ranks[y]) or 0
    return rx < ry or rx == ry and x < y
  end)
  for i = 1, #order do
    order[i] = slots[order[i]]
  end
  return order
end

return policy
