local demo = require("services.demo")
local hours = require("services.hours")
local offers = require("services.offers")
local people = require("services.people")
local rules = require("services.rules")
local store = require("services.store")

local handlers = {}

-- The organization's own routes stand in files by their objects.
for _, routes in ipairs({ offers, people, hours }) do
  for name, handler in pairs(routes) do
    handlers[name] = handler
  end
end

function handlers.organization(req)
  local row = store.organization_by_slug(req.params.org_slug)
  local ok, why = rules.may_see(req.organization.id, row)
  if not ok then
    return nil, why
  end
  local services = kordless.json.array({})
  for _, service in ipairs(store.services(row.id)) do
    services[#services + 1] = rules.service(service)
  end
  return 200, { organization = rules.organization(row), services = services }
end

function handlers.service(req)
  local row = store.organization_by_slug(req.params.org_slug)
  local ok, why = rules.may_see(req.organization.id, row)
  if not ok then
    return nil, why
  end
  local service = store.service_by_slug(row.id, req.params.service_slug)
  if not service or not rules.is_public(service) then
    return nil, "not_found"
  end
  return 200, {
    organization = rules.organization(row),
    service = rules.service(service),
    calendarSettings = rules.settings(service),
  }
end

function handlers.demo(req)
  local row = store.organization(req.params.id)
  if not row then
    return nil, "not_found"
  end
  local plan = demo.plan(kordless.id, kordless.now())
  local answer = kordless.transaction("seed", { organization_id = row.id, plan = plan })
  if answer.exists then
    return nil, "has_services"
  end
  return 201, answer
end

return handlers
