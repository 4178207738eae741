-- Hosts and teams: as clients see them, and what becomes of what clients send. Pure.

local fields = require("services.fields")
local patch = require("services.patch")
local rules = require("services.rules")

local people = {}

local or_null = rules.or_null
local function time(seconds)
  return kordless.time.format(seconds)
end

people.HOST = { "displayName", "email", "timezone", "status" }
people.TEAM = { "name", "description", "members" }

function people.host(row)
  return {
    id = row.id,
    displayName = row.display_name,
    email = or_null(row.email),
    timezone = row.timezone,
    status = row.status,
    created_at = time(row.created_at),
    updated_at = time(row.updated_at),
    version = row.version,
  }
end

-- A host as it will be: what there is (for a new one, {id}), changed by what was sent.
function people.changed_host(row, body)
  local wire = patch.merge({
    displayName = row.display_name, email = row.email, timezone = row.timezone,
    status = row.status or "active",
  }, body)
  return {
    id = row.id, display_name = wire.displayName, email = fields.text(wire.email),
    timezone = wire.timezone, status = wire.status,
    created_at = row.created_at, updated_at = row.updated_at, version = row.version,
  }
end

-- row: with its members
function people.team(row)
  local members = kordless.json.array({})
  for i, member in ipairs(row.members) do
    members[i] = {
      host_id = member.host_id, role = member.role, weight = member.weight,
      priority = member.priority,
    }
  end
  return {
    id = row.id,
    name = row.name,
    description = or_null(row.description),
    members = members,
    created_at = time(row.created_at),
    updated_at = time(row.updated_at),
    version = row.version,
  }
end

local function asked_before(x, y)
  return x.priority < y.priority or x.priority == y.priority and x.host_id < y.host_id
end

-- Its members in the order in which they are read.
function people.changed_team(row, body)
  local wire = patch.merge(
    { name = row.name, description = row.description, members = row.members }, body)
  local members = table.move(wire.members, 1, #wire.members, 1, {})
  table.sort(members, asked_before)
  return {
    id = row.id, name = wire.name, description = fields.text(wire.description),
    members = members,
    created_at = row.created_at, updated_at = row.updated_at, version = row.version,
  }
end

-- name: the member of the body that has them. Each host once.
function people.twice(faults, name, ids)
  local seen = {}
  for i, id in ipairs(ids) do
    if seen[id] then
      fields.fault(faults, name:format(i), "names a host that is in the list already")
    end
    seen[id] = true
  end
end

local LARGEST = 50000 -- bytes of members as JSON: an answer of the writer has 64 KiB

-- As they are sent.
function people.members(faults, members)
  people.twice(faults, "members[%d].host_id", people.host_ids(members))
  if #kordless.json.encode(members) > LARGEST then
    fields.fault(faults, "members", "may have 50,000 bytes as JSON, all of them together")
  end
end

function people.host_ids(members)
  local ids = {}
  for i, member in ipairs(members) do
    ids[i] = member.host_id
  end
  return ids
end

return people
