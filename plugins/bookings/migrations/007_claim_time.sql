-- Looks at a subject's time read all they want from the index, and not the rows: free slots of
-- fifty hosts are one walk along it, and so is what the trigger sums.
CREATE INDEX claim_time ON claim (subject, b0, b1, owner, expires_at, kind, units);
DROP INDEX claim_subject;
