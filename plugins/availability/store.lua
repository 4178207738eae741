-- All SQL of availability: the catalogue of one service, and the ledger's claims.

local limits = require("services.limits")
local services = require("services.store")
local windows = require("availability.windows")

local store = {}

local LONGEST = 172800 -- no claim is longer: it bounds every look at the ledger

local function marks(list)
  return string.rep("?", #list, ", ")
end

local function people(service)
  local by_team = service.fulfillment == "team" or service.fulfillment == "collective"
  if by_team then
    return kordless.db.query(
      "SELECT h.id, h.display_name, m.priority, m.weight FROM team_member m"
        .. " JOIN host h ON h.id = m.host_id WHERE m.team_id = ? AND h.status = 'active'"
        .. " ORDER BY h.id", service.team_id)
  end
  return kordless.db.query(
    "SELECT h.id, h.display_name, s.priority, 1 AS weight FROM service_host s"
      .. " JOIN host h ON h.id = s.host_id WHERE s.service_id = ? AND h.status = 'active'"
      .. " ORDER BY h.id", service.id)
end

-- One candidate per host; where a team is booked whole, the one of them all.
local function candidates(service, team, hosts)
  local list = {}
  if service.fulfillment == "collective" then
    local all = { key = service.team_id, hosts = {}, team = team }
    for i, host in ipairs(hosts) do
      all.hosts[i] = host.id
    end
    return hosts[1] and { all } or {}
  end
  for i, host in ipairs(hosts) do
    list[i] = { key = host.id, id = host.id, hosts = { host.id }, host = host, team = team }
  end
  return list
end

local function schedules(owners)
  local found = {}
  local rows = kordless.db.query(
    "SELECT owner_id, timezone, weekly, overrides FROM schedule WHERE owner_id IN ("
      .. marks(owners) .. ")", table.unpack(owners))
  for _, row in ipairs(rows) do
    local weekly = kordless.json.decode(row.weekly)
    local overrides = kordless.json.decode(row.overrides)
    found[row.owner_id] = windows.schedule(row.timezone, weekly, overrides)
  end
  return found
end

local function read_world(service, version)
  local organization_id, hosts = service.organization_id, people(service)
  local by_team = service.fulfillment == "team" or service.fulfillment == "collective"
  local team_id = by_team and service.team_id or nil
  local team = team_id and kordless.db.one("SELECT id, name FROM team WHERE id = ?", team_id)
  local owners = { organization_id, service.id, team_id }
  for _, host in ipairs(hosts) do
    owners[#owners + 1] = host.id
  end
  return {
    organization_id = organization_id,
    team_id = team_id,
    service = service,
    limits = limits.of(service.limits),
    candidates = candidates(service, team, hosts),
    schedules = schedules(owners),
    closures = kordless.db.query(
      "SELECT first_date, last_date, reason FROM closure WHERE organization_id = ?",
      organization_id),
    version = version,
  }
end

-- What was read of a service stays good while its organization's catalogue keeps its
-- version: every change of it counts the version up, in the same transaction.
local WORLDS = 256
local worlds, kept = {}, 0

local function keep(world)
  if not worlds[world.service.id] then
    if kept == WORLDS then
      worlds, kept = {}, 0
    end
    kept = kept + 1
  end
  worlds[world.service.id] = world
  return world
end

-- Everything the rules look at besides claims; see rules.lua. The caller may change the
-- list of candidates, nothing else.
function store.world(service)
  local version = services.version(service.organization_id)
  local known = worlds[service.id]
  if not known or known.version ~= version then
    known = keep(read_world(service, version))
  end
  return {
    organization_id = known.organization_id,
    team_id = known.team_id,
    service = known.service,
    limits = known.limits,
    candidates = known.candidates,
    schedules = known.schedules,
    closures = known.closures,
    version = version,
  }
end

function store.has_host(organization_id, id)
  return kordless.db.one("SELECT 1 AS one FROM host WHERE id = ? AND organization_id = ?",
    id, organization_id) ~= nil
end

function store.has_team(organization_id, id)
  return kordless.db.one("SELECT 1 AS one FROM team WHERE id = ? AND organization_id = ?",
    id, organization_id) ~= nil
end

local function host_ids(world)
  local list = {}
  for _, who in ipairs(world.candidates) do
    for _, id in ipairs(who.hosts) do
      list[#list + 1] = id
    end
  end
  return list
end

-- Claims of all candidates that touch [lo, hi), in one look. `except` is a booking whose
-- own claims do not count; holds that ran out at `now` do not either.
function store.claims(world, lo, hi, now, except)
  local ids = host_ids(world)
  local args = table.move(ids, 1, #ids, 1, {})
  for _, value in ipairs({ lo - LONGEST, hi, lo, now, except or "" }) do
    args[#args + 1] = value
  end
  return kordless.db.query(
    "SELECT subject, kind, b0, b1, owner FROM claim WHERE subject IN (" .. marks(ids) .. ")"
      .. " AND b0 > ? AND b0 < ? AND b1 > ?"
      .. " AND (expires_at IS NULL OR expires_at > ?) AND owner <> ?",
    table.unpack(args))
end

-- Units taken in each session these candidates give in [lo, hi).
function store.used(world, lo, hi, now, except)
  local ids = host_ids(world)
  local args = table.move(ids, 1, #ids, 1, {})
  for _, value in ipairs({ lo - LONGEST, hi, now, except or "" }) do
    args[#args + 1] = value
  end
  return kordless.db.query(
    "SELECT u.subject AS subject, SUM(u.units) AS used FROM claim h"
      .. " JOIN claim u ON u.subject = h.owner WHERE h.subject IN (" .. marks(ids) .. ")"
      .. " AND h.b0 > ? AND h.b0 < ? AND (u.expires_at IS NULL OR u.expires_at > ?)"
      .. " AND u.owner <> ? GROUP BY h.subject, u.subject",
    table.unpack(args))
end

-- Bookings of the service that begin in [lo, hi), by host and start, for its limits.
function store.booked(service_id, lo, hi, except)
  return kordless.db.query(
    "SELECT host_id, start_at, COUNT(*) AS n, SUM(end_at - start_at) / 60 AS minutes"
      .. " FROM booking WHERE service_id = ? AND start_at >= ? AND start_at < ?"
      .. " AND status <> 'canceled' AND id <> ? GROUP BY start_at, host_id",
    service_id, lo, hi, except or "")
end

return store
