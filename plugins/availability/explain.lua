-- Why a start can be booked or not: each rule that has a say, in the order in which they are
-- asked, and what each says. It ends in what a booking would be answered, which is for
-- offer.decide to say and for nobody else: the trace tells, it never decides.

local hours = require("availability.explain_hours")
local ledger = require("availability.explain_ledger")
local offer = require("availability.offer")
local policy = require("availability.policy")
local rules = require("availability.rules")
local store = require("availability.store")
local tally = require("availability.tally")
local windows = require("availability.windows")
local worlds = require("availability.worlds")

local explain = {}

local function step(tier, rule, effect, message, more)
  more = more or {}
  more.tier, more.rule, more.effect, more.message = tier, rule, effect, message
  return more
end

local function add(steps, more)
  table.move(more, 1, #more, #steps + 1, steps)
end

local function refused(tier, rule, violation, more)
  more = more or {}
  more.code = violation.code
  return step(tier, rule, "refuses", violation.message, more)
end

-- The settings of the service, and which of rules.limits each may answer.
local settings = {
  { "minimum_notice_minutes", { in_the_past = true, too_soon = true } },
  { "booking_window_days", { too_far = true } },
  { "max_parallel_bookings", { party_too_large = true } },
  { "whole_seconds", { off_grid = true } },
}

local function of_service(service, ask)
  local steps, violations = {}, rules.limits(service, ask)
  for i, setting in ipairs(settings) do
    local rule, codes = setting[1], setting[2]
    local value = service[rule]
    steps[i] = step("service", rule, "allows", value and rule .. " is " .. value .. "."
      or rule == "booking_window_days" and "It is booked as far ahead as one likes."
      or "It starts at a whole second.")
    for _, violation in ipairs(violations) do
      steps[i] = codes[violation.code] and refused("service", rule, violation) or steps[i]
    end
  end
  return steps
end

-- Who is asked at all. Narrows the candidates to them.
local function of_hosts(world, ask)
  local fits = offer.choose(world, ask)
  if not fits then
    return refused("service", "fulfillment", offer.not_offered(world))
  elseif not world.candidates[1] then
    return refused("service", "fulfillment", rules.hours(world, ask.start))
  end
  return step("service", "fulfillment", "allows",
    ("%s: %d can give it."):format(world.service.fulfillment, #world.candidates))
end

local function of_schedules(world, who, ask)
  local steps = {}
  local function tier_of(tier, owner, host_id)
    local said = hours.of(tier, world.schedules[owner], ask.start, ask.finish)
    said.host_id = host_id
    steps[#steps + 1] = said
  end
  tier_of("organization", world.organization_id)
  if world.team_id then
    tier_of("team", world.team_id)
  end
  for _, host_id in ipairs(who.hosts) do
    tier_of("host", host_id, host_id)
  end
  tier_of("service", world.service.id)
  if not next(world.schedules) then
    steps = { step("organization", "schedule", "closes",
      "Nobody has hours: without any nothing can be booked.") }
  end
  add(steps, hours.closures(world, ask.start, ask.finish))
  return steps
end

local function of_grid(world, who, ask)
  local against = rules.against(world, ask.layout, who, ask.start)
  local rule = "slot_interval_minutes"
  if not against then
    return step("service", rule, "allows", rule .. " is " .. world.service[rule]
      .. ", from where the hours begin or midnight.")
  end
  return refused("service", against.code == "off_grid" and rule or "hours", against), against
end

-- The operator's script, and the limits of the service: asked only of what the rules allow.
local function of_policy(world, ask, slot)
  local steps, refusal, place = {}, policy.trace(world, ask, slot)
  if refusal then
    steps[1] = refused("policy", "offer", refusal, { place = place })
  elseif place then
    steps[1] = step("policy", "offer", "allows", "The script lets it be.", { place = place })
  end
  local lo, hi = tally.reach(world, ask.start, ask.finish)
  if lo then
    local broken = tally.build(world, store.booked(world.service.id, lo, hi))(slot)
    steps[#steps + 1] = broken and refused("limits", "limits", broken)
      or step("limits", "limits", "allows", "The service's limits leave room for it.")
  end
  return steps
end

local function refuses(steps)
  for _, one in ipairs(steps) do
    if one.effect == "refuses" then
      return true
    end
  end
  return false
end

-- What is said of one candidate. stopped: whether the service itself refuses.
local function of_candidate(world, who, ask, stopped)
  local steps = of_schedules(world, who, ask)
  local grid, against = of_grid(world, who, ask)
  steps[#steps + 1] = grid
  if not stopped then
    local slot = { start = ask.start, finish = ask.finish, who = who }
    add(steps, against and {} or of_policy(world, ask, slot))
    add(steps, ledger.of(world, who, ask))
  end
  return { who = who, trace = steps, bookable = not stopped and not refuses(steps) }
end

local function verdict(service, ask)
  local slots, violations = offer.decide(worlds.of(service), ask)
  if slots then
    return { bookable = true, status = 201 }
  elseif violations then
    return { bookable = false, status = 422, violations = violations }
  end
  return { bookable = false, status = 409, code = "slot_taken" }
end

-- ask: {start, finish, fraction, now, party_size, host_id?, team_id?}. Returns {trace, hosts =
-- {{who, bookable, trace}, …}, verdict}.
function explain.start(service, ask)
  if service.status ~= "active" then
    local why = ("This service is %s: it is not booked."):format(service.status)
    return { trace = { step("service", "status", "refuses", why) }, hosts = {},
      verdict = { bookable = false, status = 404, code = "not_found" } }
  end
  local world, told = worlds.of(service), { hosts = {}, verdict = verdict(service, ask) }
  told.trace = of_service(service, ask)
  table.insert(told.trace, of_hosts(world, ask))
  local stopped = refuses(told.trace)
  ask.from, ask.to = ask.start, ask.start + 1
  ask.layout = windows.layout(world, ask.from, ask.to)
  ask.taken = offer.ledger(world, ask, store.taken)
  ask.claims = offer.ledger(world, ask, store.claims) or {}
  for i, who in ipairs(world.candidates) do
    told.hosts[i] = of_candidate(world, who, ask, stopped)
  end
  return told
end

return explain
