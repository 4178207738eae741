-- Every change of the catalogue counts its version up, whoever makes it: bookings are
-- decided on what was read under a version, and plugins keep what they read while it
-- stands. So no code has to remember to.

-- An organization's first change begins at 1.
CREATE TRIGGER service_insert_counts AFTER INSERT ON service BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER service_update_counts AFTER UPDATE ON service BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER service_delete_counts AFTER DELETE ON service BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (OLD.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER host_insert_counts AFTER INSERT ON host BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER host_update_counts AFTER UPDATE ON host BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER host_delete_counts AFTER DELETE ON host BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (OLD.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER team_insert_counts AFTER INSERT ON team BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER team_update_counts AFTER UPDATE ON team BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER team_delete_counts AFTER DELETE ON team BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (OLD.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER schedule_insert_counts AFTER INSERT ON schedule BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER schedule_update_counts AFTER UPDATE ON schedule BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER schedule_delete_counts AFTER DELETE ON schedule BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (OLD.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER closure_insert_counts AFTER INSERT ON closure BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER closure_update_counts AFTER UPDATE ON closure BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER closure_delete_counts AFTER DELETE ON closure BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES (OLD.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER service_host_insert_counts AFTER INSERT ON service_host BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES ((SELECT organization_id FROM service WHERE id = NEW.service_id), 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER service_host_update_counts AFTER UPDATE ON service_host BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES ((SELECT organization_id FROM service WHERE id = NEW.service_id), 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER service_host_delete_counts AFTER DELETE ON service_host BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES ((SELECT organization_id FROM service WHERE id = OLD.service_id), 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER team_member_insert_counts AFTER INSERT ON team_member BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES ((SELECT organization_id FROM team WHERE id = NEW.team_id), 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER team_member_update_counts AFTER UPDATE ON team_member BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES ((SELECT organization_id FROM team WHERE id = NEW.team_id), 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER team_member_delete_counts AFTER DELETE ON team_member BEGIN
  INSERT INTO catalogue (organization_id, version) VALUES ((SELECT organization_id FROM team WHERE id = OLD.team_id), 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = version + 1;
END;
