-- A hold, and when a host is away, as their organization sees them. Pure.

local services = require("services.rules")

local view = {}

local time, or_null = kordless.time.format, services.or_null

-- row: hold_store.hold
function view.hold(row)
  return {
    id = row.id,
    service_id = row.service_key,
    service_slug = row.service_slug,
    host_id = or_null(row.host_id),
    team_id = or_null(row.team_id),
    party_size = row.party_size,
    start_at = time(row.start_at),
    end_at = time(row.end_at),
    created_at = time(row.created_at),
    expires_at = time(row.expires_at),
  }
end

-- row: away_store.one
function view.away(row)
  return {
    id = row.id,
    host_id = row.host_id,
    kind = row.kind,
    start_at = time(row.start_at),
    end_at = time(row.end_at),
    note = or_null(row.note),
    created_at = time(row.created_at),
  }
end

-- What stands in the way of it, and how much more: rows of away_store.overlapping.
function view.overlapping(rows, most)
  local list = kordless.json.array({})
  for i = 1, math.min(#rows, most) do
    list[i] = {
      id = rows[i].id, status = rows[i].status,
      start_at = time(rows[i].start_at), end_at = time(rows[i].end_at),
    }
  end
  return list
end

return view
