-- A hold knows what it keeps, so that a booking can take its place. (The table had no rows: no
-- route made any.)
DROP TABLE hold;
CREATE TABLE hold (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  service_id TEXT NOT NULL,
  host_id TEXT,
  team_id TEXT,
  session TEXT,
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  party_size INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX hold_expiry ON hold (expires_at);

-- When a host is away, or busy as another calendar says. The ledger has it as claims of at most
-- 48 hours that carry its id.
CREATE TABLE time_off (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  host_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('time_off', 'busy')),
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  note TEXT,
  created_at INTEGER NOT NULL,
  CHECK (start_at < end_at)
);
CREATE INDEX time_off_host ON time_off (host_id, start_at, id);
