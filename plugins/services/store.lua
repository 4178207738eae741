-- SQL of the catalogue that other plugins and the demo share; that of the organization's own
-- routes stands in offer_store, people_store and hours_store.

local store = {}

function store.organization_by_slug(slug)
  return kordless.db.one(
    "SELECT id, name, slug, tagline, branding FROM organization WHERE slug = ?", slug)
end

function store.organization(id)
  return kordless.db.one(
    "SELECT id, name, slug, tagline, branding FROM organization WHERE id = ?", id)
end

function store.services(organization_id)
  return kordless.db.query(
    "SELECT * FROM service WHERE organization_id = ? AND status = 'active'"
      .. " AND visibility = 'public' ORDER BY slug", organization_id)
end

function store.service_by_slug(organization_id, slug)
  return kordless.db.one(
    "SELECT * FROM service WHERE organization_id = ? AND slug = ?", organization_id, slug)
end

function store.service(id)
  return kordless.db.one("SELECT * FROM service WHERE id = ?", id)
end

function store.has_services(organization_id)
  return kordless.db.one(
    "SELECT 1 AS one FROM service WHERE organization_id = ?", organization_id) ~= nil
end

-- Counted up by every change of the catalogue (migrations/002); 0 before the first.
function store.version(organization_id)
  local row = kordless.db.one(
    "SELECT version FROM catalogue WHERE organization_id = ?", organization_id)
  return row and row.version or 0
end

function store.add_schedule(organization_id, owner_kind, owner_id, schedule)
  kordless.db.exec(
    "INSERT INTO schedule (owner_id, owner_kind, organization_id, timezone, weekly,"
      .. " overrides) VALUES (?, ?, ?, ?, ?, ?)",
    owner_id, owner_kind, organization_id, schedule.timezone,
    kordless.json.encode(schedule.weekly),
    kordless.json.encode(kordless.json.array(schedule.overrides)))
end

return store
