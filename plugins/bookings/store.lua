-- All SQL of bookings and of their claims.

local store = {}

local function nn(value)
  if value == nil then
    return kordless.json.null
  end
  return value
end

-- subjects and claims ------------------------------------------------------------------

function store.subject(id)
  return kordless.db.one("SELECT capacity FROM subject WHERE id = ?", id)
end

function store.add_subject(id, organization_id, capacity)
  kordless.db.exec("INSERT INTO subject (id, organization_id, capacity) VALUES (?, ?, ?)",
    id, organization_id, capacity)
end

function store.set_capacity(id, capacity)
  kordless.db.exec("UPDATE subject SET capacity = ? WHERE id = ?", capacity, id)
end

function store.drop_subject(id)
  kordless.db.exec("DELETE FROM subject WHERE id = ?", id)
end

-- Raises {code = "constraint"} when the ledger has no room for it.
function store.add_claim(claim)
  kordless.db.exec(
    "INSERT INTO claim (subject, kind, b0, b1, units, owner, expires_at)"
      .. " VALUES (?, ?, ?, ?, ?, ?, ?)",
    claim.subject, claim.kind, claim.b0, claim.b1, claim.units, claim.owner, nn(claim.expires_at))
end

function store.drop_claims(owner)
  kordless.db.exec("DELETE FROM claim WHERE owner = ?", owner)
end

function store.claims_of(owner)
  return kordless.db.query(
    "SELECT subject, kind, b0, b1, units, owner FROM claim WHERE owner = ?", owner)
end

function store.has_claims(subject)
  return kordless.db.one("SELECT 1 AS one FROM claim WHERE subject = ?", subject) ~= nil
end

-- A host's claim for a session, when it reaches over [b0, b1).
function store.session_claim(host_id, session, b0, b1)
  return kordless.db.one(
    "SELECT id FROM claim WHERE owner = ? AND subject = ? AND b0 <= ? AND b1 >= ?",
    session, host_id, b0, b1)
end

-- Whether something a host is away for touches [b0, b1).
function store.blocked(host_id, b0, b1)
  return kordless.db.one(
    "SELECT 1 AS one FROM claim WHERE subject = ? AND b0 > ? - 172800 AND b0 < ? AND b1 > ?"
      .. " AND kind IN ('time_off', 'busy')", host_id, b0, b1, b0) ~= nil
end

-- bookings -----------------------------------------------------------------------------

local columns = {
  "id", "organization_id", "service_id", "host_id", "team_id", "session", "status",
  "start_at", "end_at", "timezone", "party_size", "contact_name", "contact_email",
  "contact_phone", "email_folded", "phone_digits", "notes", "price", "currency", "policy",
  "ics_hash", "sequence", "created_at", "updated_at", "version",
}
local insert = "INSERT INTO booking (" .. table.concat(columns, ", ") .. ") VALUES ("
  .. string.rep("?", #columns, ", ") .. ")"

function store.add(row)
  local values = {}
  for i, column in ipairs(columns) do
    values[i] = nn(row[column])
  end
  kordless.db.exec(insert, table.unpack(values))
end

local joined = "SELECT b.*, s.name AS service_name, s.key AS service_key,"
  .. " s.slug AS service_slug, s.location_type, s.location_value, o.name AS organization_name,"
  .. " o.slug AS organization_slug FROM booking b JOIN service s ON s.id = b.service_id"
  .. " JOIN organization o ON o.id = b.organization_id"

function store.booking(id)
  return kordless.db.one(joined .. " WHERE b.id = ?", id)
end

function store.by_token(hash)
  return kordless.db.one(joined .. " WHERE b.ics_hash = ?", hash)
end

-- Every change is a new version, for callers and for their calendars.
local next_version = ", updated_at = ?, sequence = sequence + 1, version = version + 1"
  .. " WHERE id = ?"

function store.cancel(id, reason, now)
  kordless.db.exec(
    "UPDATE booking SET status = 'canceled', cancel_reason = ?, canceled_at = ?"
      .. next_version, nn(reason), now, now, id)
end

function store.confirm(id, now)
  kordless.db.exec("UPDATE booking SET status = 'confirmed'" .. next_version, now, id)
end

function store.annotate(id, notes, outcome, now)
  kordless.db.exec("UPDATE booking SET notes = ?, outcome = ?" .. next_version,
    nn(notes), nn(outcome), now, id)
end

-- to: {host_id?, team_id?, session?, start_at, end_at, timezone?, notes?, policy, now}
function store.move(id, to)
  kordless.db.exec(
    "UPDATE booking SET host_id = ?, team_id = ?, session = ?, start_at = ?, end_at = ?,"
      .. " timezone = COALESCE(?, timezone), notes = COALESCE(?, notes), policy = ?"
      .. next_version,
    nn(to.host_id), nn(to.team_id), nn(to.session), to.start_at, to.end_at, nn(to.timezone),
    nn(to.notes), to.policy, to.now, id)
end

-- Upcoming bookings by host id.
function store.loads(host_ids, now)
  local args, loads = table.move(host_ids, 1, #host_ids, 1, {}), {}
  if #args == 0 then
    return loads
  end
  args[#args + 1] = now
  local rows = kordless.db.query(
    "SELECT host_id, COUNT(*) AS n FROM booking WHERE host_id IN ("
      .. string.rep("?", #host_ids, ", ") .. ") AND start_at >= ?"
      .. " AND status IN ('confirmed', 'pending') GROUP BY host_id", table.unpack(args))
  for _, row in ipairs(rows) do
    loads[row.host_id] = row.n
  end
  return loads
end

-- A page of an organization's bookings, by start or, with updated_since, by update; one
-- row more than asked for says that another page follows. after: {at, id}.
function store.list(organization_id, asked, after)
  local where, args = { "b.organization_id = ?" }, { organization_id }
  local function filter(condition, ...)
    if (...) ~= nil then
      where[#where + 1] = condition
      table.move({ ... }, 1, select("#", ...), #args + 1, args)
    end
  end
  local by = asked.updated_since and "b.updated_at" or "b.start_at"
  local who = asked.contact or {}
  filter("b.start_at >= ?", asked.from)
  filter("b.start_at < ?", asked.to)
  filter("b.status = ?", asked.status)
  filter("s.slug = ?", asked.service_slug)
  filter("b.host_id = ?", asked.host_id)
  filter("b.email_folded = ?", who.email)
  filter("b.phone_digits = ?", who.phone)
  filter("b.updated_at >= ?", asked.updated_since)
  filter("(" .. by .. ", b.id) > (?, ?)", after and after.at, after and after.id)
  args[#args + 1] = asked.limit + 1
  return kordless.db.query(joined .. " WHERE " .. table.concat(where, " AND ")
    .. " ORDER BY " .. by .. ", b.id LIMIT ?", table.unpack(args))
end

return store
