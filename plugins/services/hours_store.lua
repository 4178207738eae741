-- All SQL of schedules and closures.

local lists = require("services.list_store")

local store = {}

local null = kordless.json.null

local owners = {
  team = "SELECT id FROM team WHERE organization_id = ?1 AND id = ?2",
  host = "SELECT id FROM host WHERE organization_id = ?1 AND id = ?2",
  service = "SELECT id FROM service WHERE organization_id = ?1 AND (id = ?2 OR slug = ?2)",
}

-- The id of a schedule's owner, if the organization has it; kind: "organization", …
function store.owner(organization_id, kind, name)
  if kind == "organization" then
    local own = name == organization_id or "org_" .. name == organization_id
    return own and organization_id or nil
  end
  local row = owners[kind] and kordless.db.one(owners[kind], organization_id, name)
  return row and row.id
end

function store.schedule(owner_id)
  return kordless.db.one(
    "SELECT timezone, weekly, overrides, version FROM schedule WHERE owner_id = ?", owner_id)
end

-- asked: page.answer; those of one kind of owner, by its id.
function store.schedules(asked, kind)
  return kordless.db.query(
    "SELECT owner_id AS id, timezone, weekly, overrides, version FROM schedule"
      .. " WHERE organization_id = ? AND owner_kind = ? AND owner_id > ? ORDER BY owner_id LIMIT ?",
    asked.organization_id, kind, asked.after and asked.after.id or "", asked.limit + 1)
end

-- schedule: weekly and overrides are JSON.
function store.put_schedule(organization_id, kind, owner_id, schedule)
  kordless.db.exec("DELETE FROM schedule WHERE owner_id = ?", owner_id)
  kordless.db.exec(
    "INSERT INTO schedule (owner_id, owner_kind, organization_id, timezone, weekly,"
      .. " overrides, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1 + COALESCE("
      .. "(SELECT version FROM catalogue WHERE organization_id = ?3), 0))",
    owner_id, kind, organization_id, schedule.timezone, schedule.weekly, schedule.overrides)
end

function store.drop_schedule(owner_id)
  kordless.db.exec("DELETE FROM schedule WHERE owner_id = ?", owner_id)
end

store.closures = lists.page

function store.closure(organization_id, id)
  return kordless.db.one("SELECT * FROM closure WHERE organization_id = ? AND id = ?",
    organization_id, id)
end

function store.add_closure(organization_id, closure)
  kordless.db.exec(
    "INSERT INTO closure (id, organization_id, first_date, last_date, reason)"
      .. " VALUES (?, ?, ?, ?, ?)",
    closure.id, organization_id, closure.first_date, closure.last_date, closure.reason or null)
end

function store.drop_closure(id)
  kordless.db.exec("DELETE FROM closure WHERE id = ?", id)
end

return store
