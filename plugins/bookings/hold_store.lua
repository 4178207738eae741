-- All SQL of holds. What has run out counts no more, whether its rows are still there or not.

local store = {}

local LONGEST = 172800 -- no claim is longer

local function nn(value)
  return value == nil and kordless.json.null or value
end

-- A hold that has not run out at `now`, with the names of its service; or nil.
function store.hold(id, now)
  return kordless.db.one(
    "SELECT h.*, s.key AS service_key, s.slug AS service_slug FROM hold h"
      .. " JOIN service s ON s.id = h.service_id WHERE h.id = ? AND h.expires_at > ?", id, now)
end

function store.add(row)
  kordless.db.exec(
    "INSERT INTO hold (id, organization_id, service_id, host_id, team_id, session, start_at,"
      .. " end_at, party_size, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    row.id, row.organization_id, row.service_id, nn(row.host_id), nn(row.team_id),
    nn(row.session), row.start_at, row.end_at, row.party_size, row.created_at, row.expires_at)
end

function store.extend(id, expires_at)
  kordless.db.exec("UPDATE hold SET expires_at = ? WHERE id = ?", expires_at, id)
end

function store.drop(id)
  kordless.db.exec("DELETE FROM hold WHERE id = ?", id)
end

-- Claims that have run out {id, subject}: the oldest `most` of them.
function store.expired(now, most)
  return kordless.db.query(
    "SELECT id, subject FROM claim WHERE expires_at <= ? ORDER BY expires_at LIMIT ?", now, most)
end

-- The same where they stand in the way of [b0, b1) of a host: its own claims, and those in
-- sessions it gives then.
function store.expired_near(host_id, b0, b1, now)
  return kordless.db.query(
    "SELECT id, subject FROM claim WHERE subject = ? AND b0 > ? AND b0 < ? AND expires_at <= ?"
      .. " UNION ALL SELECT u.id, u.subject FROM claim h JOIN claim u ON u.subject = h.owner"
      .. " WHERE h.subject = ? AND h.b0 > ? AND h.b0 < ? AND u.expires_at <= ?",
    host_id, b0 - LONGEST, b1, now, host_id, b0 - LONGEST, b1, now)
end

-- The same in a session, whoever gives it.
function store.expired_in(session, now)
  return kordless.db.query("SELECT id, subject FROM claim WHERE subject = ? AND expires_at <= ?",
    session, now)
end

function store.drop_claim(id)
  kordless.db.exec("DELETE FROM claim WHERE id = ?", id)
end

function store.drop_expired(now)
  kordless.db.exec("DELETE FROM hold WHERE expires_at <= ?", now)
end

return store
