local fields = require("services.fields")
local input = require("availability.input")
local offer = require("availability.offer")
local services = require("services.store")
local service_rules = require("services.rules")
local store = require("availability.store")
local view = require("availability.view")

local handlers = {}

local function answer(service, query)
  local slots = offer.list(store.world(service), query)
  if not slots then
    return nil, "validation_error", { detail = input.TOO_MANY }
  end
  return 200, { slots = view.slots(slots, service, query.timezone) }
end

function handlers.list(req)
  local query, faults = input.list(req.query, kordless.now())
  if faults[1] then
    return fields.refusal(faults)
  end
  local organization = services.organization_by_slug(query.org_slug)
  local ok, why = service_rules.may_see(req.organization.id, organization)
  if not ok then
    return nil, why
  end
  local service = services.service_by_slug(organization.id, query.service_slug)
  if not service or not service_rules.is_public(service) then
    return nil, "not_found"
  end
  return answer(service, query)
end

-- The organization sees its internal services too, and may ask for one host or team.
function handlers.list_own(req)
  local query, faults = input.list(req.query, kordless.now())
  if faults[1] then
    return fields.refusal(faults)
  end
  local own = req.organization.id
  local service = services.service_by_slug(own, query.service_slug)
  if not service or service.status ~= "active"
    or query.host_id and not store.has_host(own, query.host_id)
    or query.team_id and not store.has_team(own, query.team_id) then
    return nil, "not_found"
  end
  return answer(service, query)
end

return handlers
