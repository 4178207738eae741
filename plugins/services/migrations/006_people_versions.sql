-- Hosts and teams count their changes, too. A team is its members as well: whoever changes those
-- changes its row.
ALTER TABLE host ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE team ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

CREATE TRIGGER host_update_versions AFTER UPDATE ON host
WHEN NEW.version = OLD.version
BEGIN
  UPDATE host SET version = version + 1 WHERE id = NEW.id;
END;
CREATE TRIGGER team_update_versions AFTER UPDATE ON team
WHEN NEW.version = OLD.version
BEGIN
  UPDATE team SET version = version + 1 WHERE id = NEW.id;
END;
