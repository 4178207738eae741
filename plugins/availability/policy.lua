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

-- Names of the candidates: "" where a whole team is booked.
local function names(world)
  local list = {}
  for i, who in ipairs(world.candidates) do
    list[i] = who.id or ""
  end
  return list
end

-- The columns of slots that are tables: starts, minutes, weekdays, host ids.
local function columns(world, slots)
  local starts, minutes, weekdays, host_ids = {}, {}, {}, {}
  for i, slot in ipairs(slots) do
    local day, minute = kordless.zone.wall(world.service.timezone, slot.start)
    starts[i], minutes[i], weekdays[i] = slot.start, minute, kordless.time.weekday(day)
    host_ids[i] = slot.who.id or ""
  end
  return starts, minutes, weekdays, host_ids
end

-- Slots as packed arrays; wall-clock values are those of the service's zone. slots: a
-- kordless.slots, or a list of tables {start, who}.
local function request(world, query, slots)
  local starts, minutes, weekdays, host_ids
  if slots.column then
    starts, minutes = slots:column("starts"), slots:column("minutes")
    weekdays, host_ids = slots:column("weekdays"), slots:column("names", names(world))
  else
    starts, minutes, weekdays, host_ids = columns(world, slots)
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

-- A sentence that can be told; nil where it is none.
local function sentence(text)
  local told = type(text) == "string" and text:find("%S") and utf8.len(text)
    and not text:find("\0", 1, true)
  return told and text or nil
end

-- A refusal as the script gave it: a sentence, or {code = "x_…", message = "…"}.
function policy.violation(refusal)
  local parts = type(refusal) == "table" and refusal or { message = refusal }
  local message = sentence(parts.message)
  local code = message and type(parts.code) == "string" and parts.code:find("^x_[a-z0-9_]+$")
  return {
    code = code and parts.code or "policy_denied",
    message = message or "The organization's rules do not allow this.",
  }
end

-- The same for refusals of many slots: a script says few things, each of which is looked at once.
local function reader()
  local told = {}
  return function(refusal)
    local code, message = nil, refusal
    if type(refusal) == "table" then
      code, message = refusal.code, refusal.message
    end
    if type(message) ~= "string" or code ~= nil and type(code) ~= "string" then
      return policy.violation(refusal)
    end
    local key = (code or "") .. "\0" .. message
    told[key] = told[key] or policy.violation(refusal)
    return told[key]
  end
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
  local violations, read = {}, reader()
  for i = 1, refused and next(refused) and #slots or 0 do
    violations[i] = refused[i] and read(refused[i]) or nil
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

-- The script's numbers by which slots of one start are sorted, lowest first; nil when it has
-- none. Hosts of equal rank stay in the order of their ids.
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

-- One of these ranks as it sorts, here as in C: what is no number, nor the text of one, is 0.
function policy.rank(value)
  value = tonumber(value)
  return value and value == value and value + 0.0 or 0.0
end

return policy
