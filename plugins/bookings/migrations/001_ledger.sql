-- The ledger: who is taken when. Every booking is claims on subjects, and the database
-- itself refuses a claim that does not fit, whatever the code above it believes.
--
--   subject   something with places: a host (1), or one session of a group service (n)
--   claim     units of it, from b0 up to but not including b1 (UTC seconds)
--
-- booking, pending and hold are guarded: none may push the most units taken at any one
-- instant over the capacity. (The sum over all overlapping claims would be too strict: it
-- counts claims that never meet.) time_off and busy land on anything and keep out every
-- guarded claim that comes after.

CREATE TABLE subject (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  capacity INTEGER NOT NULL CHECK (capacity >= 0)
);

-- owner: the booking, the hold, or for a host's part in a session that session's subject.
-- No claim is longer than 48 hours (longer ones are several rows): whatever touches an
-- instant began less than 172,800 seconds before it, which bounds every look.
CREATE TABLE claim (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL REFERENCES subject (id),
  kind TEXT NOT NULL CHECK (kind IN ('booking', 'pending', 'hold', 'time_off', 'busy')),
  b0 INTEGER NOT NULL,
  b1 INTEGER NOT NULL,
  units INTEGER NOT NULL CHECK (units >= 1),
  owner TEXT NOT NULL,
  expires_at INTEGER,
  CHECK (b0 < b1),
  CHECK (b1 - b0 <= 172800),
  CHECK ((kind = 'hold') = (expires_at IS NOT NULL))
);
CREATE INDEX claim_subject ON claim (subject, b0);
CREATE INDEX claim_owner ON claim (owner);
CREATE INDEX claim_expiry ON claim (expires_at) WHERE expires_at IS NOT NULL;

-- The peak is reached where the new claim begins or where another begins inside it.
CREATE TRIGGER claim_fits BEFORE INSERT ON claim
WHEN NEW.kind IN ('booking', 'pending', 'hold')
BEGIN
  SELECT RAISE(ABORT, 'claim: blocked by time off')
  WHERE EXISTS (
    SELECT 1 FROM claim
    WHERE subject = NEW.subject AND b0 > NEW.b0 - 172800 AND b0 < NEW.b1
      AND b1 > NEW.b0 AND kind IN ('time_off', 'busy')
  );
  SELECT RAISE(ABORT, 'claim: over capacity')
  WHERE NEW.units + COALESCE((
    SELECT MAX((
      SELECT SUM(c.units) FROM claim c
      WHERE c.subject = NEW.subject AND c.b0 > t.at - 172800 AND c.b0 <= t.at
        AND c.b1 > t.at AND c.kind IN ('booking', 'pending', 'hold')
    ))
    FROM (
      SELECT NEW.b0 AS at
      UNION
      SELECT b0 FROM claim
      WHERE subject = NEW.subject AND b0 > NEW.b0 AND b0 < NEW.b1
    ) t
  ), 0) > COALESCE((SELECT capacity FROM subject WHERE id = NEW.subject), 0);
END;

CREATE TRIGGER claim_stands BEFORE UPDATE ON claim
BEGIN
  SELECT RAISE(ABORT, 'claim: changes by delete and insert only');
END;

CREATE TRIGGER subject_holds BEFORE UPDATE OF capacity ON subject
WHEN NEW.capacity < OLD.capacity
BEGIN
  SELECT RAISE(ABORT, 'subject: capacity below what is taken')
  WHERE EXISTS (
    SELECT 1 FROM claim t
    WHERE t.subject = OLD.id AND t.kind IN ('booking', 'pending', 'hold')
      AND NEW.capacity < (
        SELECT SUM(c.units) FROM claim c
        WHERE c.subject = OLD.id AND c.b0 > t.b0 - 172800 AND c.b0 <= t.b0
          AND c.b1 > t.b0 AND c.kind IN ('booking', 'pending', 'hold')
      )
  );
END;

-- A subject that is replaced or renamed would slip past the trigger above.
CREATE TRIGGER subject_once BEFORE INSERT ON subject
WHEN EXISTS (SELECT 1 FROM subject WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'subject: is there already');
END;

CREATE TRIGGER subject_named BEFORE UPDATE OF id ON subject
BEGIN
  SELECT RAISE(ABORT, 'subject: keeps its id');
END;

CREATE TRIGGER subject_kept BEFORE DELETE ON subject
WHEN EXISTS (SELECT 1 FROM claim WHERE subject = OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'subject: has claims');
END;
