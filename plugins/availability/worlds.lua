-- What was read of services, kept while it is true: see rules.lua for what a world holds.

local services = require("services.store")
local store = require("availability.store")

local worlds = {}

-- What was read of a service stays good while its organization's catalogue keeps its
-- version: every change of it counts the version up, in the same transaction. By the service's
-- id, and by its organization's id and its slug.
local WORLDS = 256
local by_id, names, kept = {}, {}, 0

local function keep(world)
  local service = world.service
  local own = names[service.organization_id] or {}
  if not by_id[service.id] or not own[service.slug] then
    if kept == WORLDS then
      by_id, names, kept, own = {}, {}, 0, {}
    end
    kept = kept + 1
  end
  names[service.organization_id] = own
  by_id[service.id], own[service.slug] = world, world
  return world
end

local function opened(known)
  return {
    source = known,
    organization_id = known.organization_id,
    team_id = known.team_id,
    service = known.service,
    limits = known.limits,
    candidates = known.candidates,
    schedules = known.schedules,
    closures = known.closures,
    version = known.version,
  }
end

-- The world of a service. The caller may change its list of candidates, nothing else.
function worlds.of(service)
  local version = services.version(service.organization_id)
  local known = by_id[service.id]
  if not known or known.version ~= version then
    known = keep(store.world(service, version))
  end
  return opened(known)
end

-- The same of an organization's service by its slug, with the service itself; nil when there
-- is none. version: of its catalogue, where the caller has it.
function worlds.find(organization_id, slug, version)
  version = version or services.version(organization_id)
  local own = names[organization_id]
  local known = own and own[slug]
  if not known or known.version ~= version then
    local service = services.service_by_slug(organization_id, slug)
    known = service and keep(store.world(service, version))
  end
  return known and opened(known)
end

return worlds
