-- Which state of a service or of hours somebody means who changes them: If-Match names it.
-- A service counts its changes. Hours may go and come again, so theirs is the catalogue's
-- number of their last change, which never comes twice.
ALTER TABLE service ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE schedule ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

CREATE TRIGGER service_update_versions AFTER UPDATE ON service
WHEN NEW.version = OLD.version
BEGIN
  UPDATE service SET version = version + 1 WHERE id = NEW.id;
END;
