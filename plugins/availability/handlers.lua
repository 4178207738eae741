local explain = require("availability.explain")
local explain_view = require("availability.explain_view")
local fields = require("services.fields")
local input = require("availability.input")
local offer = require("availability.offer")
local policy = require("availability.policy")
local service_rules = require("services.rules")
local store = require("availability.store")
local unbookable = require("availability.unbookable")
local view = require("availability.view")
local worlds = require("availability.worlds")

local handlers = {}

-- Within a minute time alone changes an answer in two ways: a start at this very second is over
-- in the next one, and a hold may run out.
local function tell_until(now)
  kordless.fresh(now % 60 == 0 and now + 1 or store.next_expiry(now) or now + 60)
end

local function answer(world, query)
  tell_until(query.now)
  local from = query.unbookable and unbookable or { list = offer.list, view = view.slots }
  local slots = from.list(world, query)
  if not slots then
    return nil, "validation_error", { detail = input.TOO_MANY }
  end
  return 200, { slots = from.view(slots, world, query.timezone) }
end

function handlers.list(req)
  local query, faults = input.list(req.query, kordless.now())
  if faults[1] then
    return fields.refusal(faults)
  end
  local organization = store.organization(query.org_slug)
  local ok, why = service_rules.may_see(req.organization.id, organization)
  if not ok then
    return nil, why
  end
  local world = worlds.find(organization.id, query.service_slug, organization.version)
  if not world or not service_rules.is_public(world.service) then
    return nil, "not_found"
  end
  return answer(world, query)
end

-- The world of a service of the organization; nil when it, or the host or team asked for, is not
-- its own.
local function own_world(req)
  local own, query = req.organization.id, req.query
  local world = worlds.find(own, query.service_slug)
  if world and (not query.host_id or store.has_host(own, query.host_id))
    and (not query.team_id or store.has_team(own, query.team_id)) then
    return world
  end
end

-- The organization sees its internal services too, and may ask for one host or team.
function handlers.list_own(req)
  local query, faults = input.list(req.query, kordless.now())
  if faults[1] then
    return fields.refusal(faults)
  end
  local world = own_world(req)
  if not world or world.service.status ~= "active" then
    return nil, "not_found"
  end
  return answer(world, query)
end

function handlers.explain(req)
  local world = own_world(req)
  if not world then
    return nil, "not_found"
  end
  local service = world.service
  local ask, faults = input.explain(req.query, service, kordless.now())
  if faults[1] then
    return fields.refusal(faults)
  end
  local told = explain.start(service, ask)
  return 200, explain_view.explained(told, ask, service, policy.hash())
end

return handlers
