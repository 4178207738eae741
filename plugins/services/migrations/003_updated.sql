-- When hosts and teams changed last, for clients that ask what is new since then.
ALTER TABLE host ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE team ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE host SET updated_at = created_at;
UPDATE team SET updated_at = created_at;

CREATE INDEX host_update ON host (organization_id, updated_at, id);
CREATE INDEX team_update ON team (organization_id, updated_at, id);
CREATE INDEX service_update ON service (organization_id, updated_at, id);
CREATE INDEX service_id ON service (organization_id, id);
CREATE INDEX service_team ON service (team_id) WHERE team_id IS NOT NULL;
CREATE INDEX closure_first ON closure (organization_id, first_date, id);
