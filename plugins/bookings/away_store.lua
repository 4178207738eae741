-- All SQL of when hosts are away. Its claims carry its id and are laid by the ledger's rules.

local store = {}

local LONGEST = 172800 -- no claim is longer

local function nn(value)
  return value == nil and kordless.json.null or value
end

function store.one(id)
  return kordless.db.one("SELECT * FROM time_off WHERE id = ?", id)
end

function store.add(row)
  kordless.db.exec(
    "INSERT INTO time_off (id, organization_id, host_id, kind, start_at, end_at, note,"
      .. " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    row.id, row.organization_id, row.host_id, row.kind, row.start_at, row.end_at, nn(row.note),
    row.created_at)
end

function store.drop(id)
  kordless.db.exec("DELETE FROM time_off WHERE id = ?", id)
end

-- All of one host, and its claims.
function store.forget(host_id)
  kordless.db.exec("DELETE FROM claim WHERE owner IN (SELECT id FROM time_off WHERE host_id = ?)",
    host_id)
  kordless.db.exec("DELETE FROM time_off WHERE host_id = ?", host_id)
end

-- Of one host, by start; those that end after `from` and begin before `to`. after: {at, id};
-- one row more than `limit` says that another page follows.
function store.list(host_id, asked, after)
  return kordless.db.query(
    "SELECT * FROM time_off WHERE host_id = ? AND end_at > ? AND start_at < ?"
      .. " AND (start_at, id) > (?, ?) ORDER BY start_at, id LIMIT ?",
    host_id, asked.from or math.mininteger, asked.to or math.maxinteger,
    after and after.at or math.mininteger, after and after.id or "", asked.limit + 1)
end

-- Bookings that take the host's time in [a, b), with their buffers, by start: at most `most`.
function store.overlapping(host_id, a, b, most)
  local owners = "SELECT owner FROM claim WHERE subject = ? AND b0 > ? AND b0 < ? AND b1 > ?"
    .. " AND kind IN ('booking', 'pending')"
  return kordless.db.query(
    "SELECT id, status, start_at, end_at FROM booking WHERE status <> 'canceled' AND id IN ("
      .. owners .. " UNION SELECT u.owner FROM claim u WHERE u.subject IN (" .. owners
      .. ")) ORDER BY start_at, id LIMIT ?",
    host_id, a - LONGEST, b, a, host_id, a - LONGEST, b, a, most)
end

return store
