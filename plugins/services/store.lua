-- All SQL of the catalogue.

local store = {}

local function nn(value)
  if value == nil then
    return kordless.json.null
  end
  return value
end

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

function store.add_host(organization_id, host, now)
  kordless.db.exec(
    "INSERT INTO host (id, organization_id, display_name, email, timezone, status,"
      .. " created_at) VALUES (?, ?, ?, ?, ?, 'active', ?)",
    host.id, organization_id, host.display_name, nn(host.email), host.timezone, now)
end

function store.add_team(organization_id, team, now)
  kordless.db.exec(
    "INSERT INTO team (id, organization_id, name, description, created_at)"
      .. " VALUES (?, ?, ?, ?, ?)",
    team.id, organization_id, team.name, nn(team.description), now)
end

function store.add_member(team_id, member)
  kordless.db.exec(
    "INSERT INTO team_member (team_id, host_id, role, weight, priority)"
      .. " VALUES (?, ?, ?, ?, ?)",
    team_id, member.host_id, member.role, member.weight, member.priority)
end

function store.add_service(organization_id, s, now)
  kordless.db.exec(
    "INSERT INTO service (id, organization_id, key, slug, name, description, category,"
      .. " status, visibility, fulfillment, team_id, approval, duration_minutes,"
      .. " slot_interval_minutes, buffer_before, buffer_after, minimum_notice_minutes,"
      .. " booking_window_days, max_parallel_bookings, timezone, location_type,"
      .. " location_value, notice_hours, policy_text, price, currency, metadata,"
      .. " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'active', 'public',"
      .. " ?, ?, 'none', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    s.id, organization_id, s.key, s.slug, s.name, nn(s.description), nn(s.category),
    s.fulfillment, nn(s.team_id), s.duration_minutes, s.slot_interval_minutes,
    s.buffer_before, s.buffer_after, s.minimum_notice_minutes, nn(s.booking_window_days),
    s.max_parallel_bookings, s.timezone, nn(s.location_type), nn(s.location_value),
    s.notice_hours, nn(s.policy_text), nn(s.price), nn(s.currency),
    kordless.json.encode(s.metadata or {}), now, now)
end

function store.add_service_host(service_id, host_id, priority)
  kordless.db.exec(
    "INSERT INTO service_host (service_id, host_id, priority) VALUES (?, ?, ?)",
    service_id, host_id, priority)
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
