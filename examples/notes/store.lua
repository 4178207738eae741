-- All SQL of the plugin. Every statement names the organization: what one keeps, no other
-- reads.

local store = {}

function store.list(organization_id)
  return kordless.db.query(
    "SELECT id, text, created_at FROM note WHERE organization_id = ? ORDER BY id DESC",
    organization_id)
end

function store.count(organization_id)
  return kordless.db.one(
    "SELECT COUNT(*) AS n FROM note WHERE organization_id = ?", organization_id).n
end

function store.add(note)
  kordless.db.exec(
    "INSERT INTO note (id, organization_id, text, created_at) VALUES (?, ?, ?, ?)",
    note.id, note.organization_id, note.text, note.created_at)
end

return store
