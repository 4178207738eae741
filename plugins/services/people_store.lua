-- All SQL of hosts and teams, and of what the bookings have to say to their leaving.

local lists = require("services.list_store")

local store = {}

local function nn(value)
  if value == nil then
    return kordless.json.null
  end
  return value
end

store.hosts = lists.page

function store.host(organization_id, id)
  return kordless.db.one("SELECT * FROM host WHERE organization_id = ? AND id = ?",
    organization_id, id)
end

function store.add_host(organization_id, host, now)
  kordless.db.exec(
    "INSERT INTO host (id, organization_id, display_name, email, timezone, status,"
      .. " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    host.id, organization_id, host.display_name, nn(host.email), host.timezone,
    host.status or "active", now, now)
end

function store.set_host(host, now)
  kordless.db.exec(
    "UPDATE host SET display_name = ?, email = ?, timezone = ?, status = ?, updated_at = ?"
      .. " WHERE id = ?",
    host.display_name, nn(host.email), host.timezone, host.status, now, host.id)
end

-- Bookings the ledger has on a host that are not over, with their buffers; those of a session
-- it gives are claims on the session.
function store.host_bookings(id, now)
  local claims = "SELECT owner FROM claim WHERE subject = ?1 AND b0 > ?2 - 172800 AND b1 > ?2"
    .. " AND kind IN ('booking', 'pending')"
  return kordless.db.one("SELECT COUNT(*) AS n FROM booking WHERE id IN (" .. claims
    .. " UNION SELECT owner FROM claim WHERE subject IN (" .. claims .. "))", id, now).n
end

-- Teams that have nobody else.
function store.alone_in(host_id)
  return kordless.db.query(
    "SELECT t.name FROM team_member m JOIN team t ON t.id = m.team_id WHERE m.host_id = ?"
      .. " AND NOT EXISTS (SELECT 1 FROM team_member o WHERE o.team_id = m.team_id"
      .. " AND o.host_id <> m.host_id) ORDER BY t.id", host_id)
end

-- Leaves its teams and services, which change by that.
function store.drop_host(id, now)
  kordless.db.exec("UPDATE team SET updated_at = ? WHERE id IN"
    .. " (SELECT team_id FROM team_member WHERE host_id = ?)", now, id)
  kordless.db.exec("UPDATE service SET updated_at = ? WHERE id IN"
    .. " (SELECT service_id FROM service_host WHERE host_id = ?)", now, id)
  kordless.db.exec("DELETE FROM team_member WHERE host_id = ?", id)
  kordless.db.exec("DELETE FROM service_host WHERE host_id = ?", id)
  kordless.db.exec("DELETE FROM schedule WHERE owner_id = ?", id)
  kordless.db.exec("DELETE FROM host WHERE id = ?", id)
end

-- teams --------------------------------------------------------------------------------

local function with_members(teams)
  local ids, by_id = {}, {}
  for i, team in ipairs(teams) do
    ids[i], by_id[team.id], team.members = team.id, team, {}
  end
  local rows = #ids > 0 and kordless.db.query("SELECT * FROM team_member WHERE team_id IN ("
    .. lists.marks(ids) .. ") ORDER BY priority, host_id", table.unpack(ids)) or {}
  for _, member in ipairs(rows) do
    local members = by_id[member.team_id].members
    members[#members + 1] = member
  end
  return teams
end

function store.teams(asked)
  return with_members(lists.page(asked))
end

function store.team(organization_id, id)
  return with_members(kordless.db.query(
    "SELECT * FROM team WHERE organization_id = ? AND id = ?", organization_id, id))[1]
end

function store.add_team(organization_id, team, now)
  kordless.db.exec(
    "INSERT INTO team (id, organization_id, name, description, created_at, updated_at)"
      .. " VALUES (?, ?, ?, ?, ?, ?)",
    team.id, organization_id, team.name, nn(team.description), now, now)
end

function store.set_team(team, now)
  kordless.db.exec("UPDATE team SET name = ?, description = ?, updated_at = ? WHERE id = ?",
    team.name, nn(team.description), now, team.id)
end

function store.set_members(team)
  kordless.db.exec("DELETE FROM team_member WHERE team_id = ?", team.id)
  for _, member in ipairs(team.members) do
    kordless.db.exec(
      "INSERT INTO team_member (team_id, host_id, role, weight, priority)"
        .. " VALUES (?, ?, ?, ?, ?)",
      team.id, member.host_id, member.role, member.weight, member.priority)
  end
end

function store.team_bookings(organization_id, id, now)
  return kordless.db.one(
    "SELECT COUNT(*) AS n FROM booking WHERE organization_id = ? AND start_at > ? - 172800"
      .. " AND end_at > ? AND status <> 'canceled' AND team_id = ?",
    organization_id, now, now, id).n
end

-- Services it gives, or may give again.
function store.services_of(team_id)
  return kordless.db.query(
    "SELECT name FROM service WHERE team_id = ? AND status <> 'archived' ORDER BY id", team_id)
end

-- Archived services forget it.
function store.drop_team(id, now)
  kordless.db.exec("UPDATE service SET team_id = NULL, updated_at = ? WHERE team_id = ?", now, id)
  kordless.db.exec("DELETE FROM team_member WHERE team_id = ?", id)
  kordless.db.exec("DELETE FROM schedule WHERE owner_id = ?", id)
  kordless.db.exec("DELETE FROM team WHERE id = ?", id)
end

return store
