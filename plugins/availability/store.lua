-- The SQL of availability: the catalogue of one service, and the ledger's claims (with those of
-- parted.lua).

local limits = require("services.limits")
local parted = require("availability.parted")
local windows = require("availability.windows")

local store = {}

local LONGEST = 172800 -- no claim is longer: it bounds every look at the ledger

local function marks(n)
  return string.rep("?", n, ", ")
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
      .. marks(#owners) .. ")", table.unpack(owners))
  for _, row in ipairs(rows) do
    local weekly = kordless.json.decode(row.weekly)
    local overrides = kordless.json.decode(row.overrides)
    found[row.owner_id] = windows.schedule(row.timezone, weekly, overrides)
  end
  return found
end

-- Everything the rules look at besides claims; see rules.lua. version: of the catalogue.
function store.world(service, version)
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

-- An organization, and the version of its catalogue; nil when there is none.
function store.organization(slug)
  return kordless.db.one("SELECT o.id, COALESCE(c.version, 0) AS version FROM organization o"
    .. " LEFT JOIN catalogue c ON c.organization_id = o.id WHERE o.slug = ?", slug)
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

-- Claims `u` in the session that a claim `c` of a host is for. Parameters: now, except.
local IN_SESSION = "claim u WHERE u.subject = c.owner"
  .. " AND (u.expires_at IS NULL OR u.expires_at > ?) AND u.owner <> ?"

-- By the number of subjects, without those of a booking that is being moved or with all.
local FEW = 64
local texts = { [true] = {}, [false] = {} }

local function claims_of(n, moved)
  local text = texts[moved][n]
  if not text then
    text = "claim c WHERE c.subject IN (" .. marks(n) .. ") AND c.b0 > ?"
      .. " AND c.b0 < ? AND c.b1 > ? AND (c.certain OR (c.expires_at IS NULL OR c.expires_at > ?)"
      .. " AND (c.owner NOT LIKE '%/%' OR EXISTS (SELECT 1 FROM " .. IN_SESSION .. ")))"
      .. (moved and " AND c.owner <> ?" or "")
    texts[moved][n] = n <= FEW and text or nil
  end
  return text
end

-- Claims `c` of all candidates that count in [lo, hi), and the parameters, appended to args:
-- without those of `except`, a booking that is being moved, without holds that ran out at
-- `now`, and without sessions that then nobody is left in. Most are certain to count, and the
-- rest of it is looked at for the others only.
local function standing(args, world, lo, hi, now, except)
  local ids = host_ids(world)
  table.move(ids, 1, #ids, #args + 1, args)
  for _, value in ipairs({ lo - LONGEST, hi, lo, now, now, except }) do
    args[#args + 1] = value
  end
  if except ~= "" then
    args[#args + 1] = except
  end
  return claims_of(#ids, except ~= ""), args
end

-- Those claims as rows.
function store.claims(world, lo, hi, now, except)
  local from, args = standing({}, world, lo, hi, now, except or "")
  return kordless.db.query("SELECT c.subject, c.kind, c.b0, c.b1, c.owner FROM " .. from,
    table.unpack(args))
end

-- Their times. When the service has several places, also which of them are sessions of its
-- own, the starts of those, and how many places are taken.
function store.taken(world, lo, hi, now, except)
  local service = world.service
  except = except or ""
  if service.max_parallel_bookings == 1 then
    local from, args = standing({}, world, lo, hi, now, except)
    return kordless.db.taken("SELECT c.subject, c.b0 AS a, c.b1 AS b FROM " .. from,
      table.unpack(args))
  end
  local whole = service.fulfillment == "collective"
  local from, args = standing({ now, except, service.id, whole and service.team_id
    or kordless.json.null }, world, lo, hi, now, except)
  return kordless.db.taken(
    "SELECT c.subject, c.b0 AS a, c.b1 AS b, c.kind IN ('time_off', 'busy') AS blocks,"
      .. " CASE WHEN substr(c.owner, 1, length(c.own)) = c.own"
      .. " THEN CAST(substr(c.owner, length(c.own) + 1) AS INTEGER) END AS at,"
      .. " CASE WHEN substr(c.owner, 1, length(c.own)) = c.own"
      .. " THEN (SELECT SUM(u.units) FROM " .. IN_SESSION .. ") END AS units"
      .. " FROM (SELECT c.*, ? || '/' || COALESCE(?, c.subject) || '/' AS own FROM " .. from
      .. ") c" .. (whole and parted.rows(args, world, lo, hi, IN_SESSION, now, except) or ""),
    table.unpack(args))
end

-- When the next hold runs out, nil when there is none.
function store.next_expiry(now)
  return kordless.db.one("SELECT MIN(expires_at) AS at FROM claim WHERE expires_at > ?", now).at
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
