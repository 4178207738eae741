-- A claim counts for good, unless it is a hold, which may have run out, or a host's part in a
-- session, which may have nobody left in it. Which of the two is one look at an integer beside
-- the times, so that free slots of fifty hosts compare no text.
ALTER TABLE claim ADD COLUMN certain
  GENERATED ALWAYS AS (expires_at IS NULL AND owner NOT LIKE '%/%') VIRTUAL;
CREATE INDEX claim_span ON claim (subject, b0, b1, certain, owner, expires_at, kind, units);
DROP INDEX claim_time;
