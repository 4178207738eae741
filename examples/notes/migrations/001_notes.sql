-- Ids begin with the time, so the newest is the largest.
CREATE TABLE note (
  id              TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  text            TEXT NOT NULL,
  created_at      INTEGER NOT NULL
);
CREATE INDEX note_by_organization ON note (organization_id, id);
