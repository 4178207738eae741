-- Why the organization canceled, in its own words.
ALTER TABLE booking ADD COLUMN cancel_reason TEXT;
