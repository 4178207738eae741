-- The limits of a service (services/limits.lua), when something is booked. A list of slots
-- knows those of the service and of its hosts (availability/tally.lua); here are the
-- customer's own, and the last look on the writer, where all are counted again: two bookings
-- at once cannot both be the last one.

local rules = require("services.limits")
local store = require("bookings.limits_store")
local tally = require("availability.tally")

local limits = {}

local function windows(world, ask, members, owner)
  local zone = tally.zone(world, owner)
  return rules.windows(members, zone, (kordless.zone.wall(zone, ask.start)))
end

-- The spans that one host's booking would count in; nil when there are none.
function limits.of_host(world, ask, host_id)
  local members = world.limits and world.limits.per_host
  return members and windows(world, ask, members, host_id)
end

-- What the transaction needs to count again. ask: {start, email?, phone?, except?}
function limits.bind(world, ask)
  local members = world.limits
  if not members then
    return nil
  end
  return {
    service_id = world.service.id,
    length = world.service.duration_minutes,
    except = ask.except or "",
    who = { organization_id = world.organization_id, email = ask.email, phone = ask.phone },
    service = windows(world, ask, members, world.service.id),
    contact = windows(world, ask, members.per_contact, world.service.id),
  }
end

-- The first window that one more booking would break, as a violation. of: "service", "host"
-- or "contact"; who: whose bookings count.
local function broken(bound, of, list, who)
  for _, window in ipairs(list or {}) do
    local found = store["of_" .. of](bound.service_id, window.from, window.to, bound.except, who)
    local why = rules.broken(window, of, found.n, found.minutes, bound.length)
    if why then
      return why
    end
  end
end

-- What is against this customer booking: violations.
function limits.refusals(world, ask)
  local bound = limits.bind(world, ask)
  return { bound and broken(bound, "contact", bound.contact, bound.who) }
end

-- Says of a start which limit of the customer's own a booking there would break. nil when there
-- are none. ask: as for bind, without a start.
function limits.of_contact(world, ask)
  if not world.limits or not world.limits.per_contact then
    return nil
  end
  local known, zone = {}, tally.zone(world, world.service.id)
  return function(start)
    local day = kordless.zone.wall(zone, start)
    if known[day] == nil then
      local one = { start = start, email = ask.email, phone = ask.phone, except = ask.except }
      known[day] = limits.refusals(world, one)[1] or false
    end
    return known[day] or nil
  end
end

-- On the writer: the candidates whom the limits still leave; nil when they leave none.
function limits.fitting(bound, candidates)
  if not bound then
    return candidates
  end
  if broken(bound, "service", bound.service) or broken(bound, "contact", bound.contact, bound.who)
  then
    return nil
  end
  local left = {}
  for _, who in ipairs(candidates) do
    if not broken(bound, "host", who.limits, who.id) then
      left[#left + 1] = who
    end
  end
  return left[1] and left
end

return limits
