-- Bookings. The confirmation number is the id in upper case. price is in minor units.
-- session: the subject of its places, where the service has several. policy names the
-- text of the rules it was made under. sequence counts what calendars must know of.
CREATE TABLE booking (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  service_id TEXT NOT NULL,
  host_id TEXT,
  team_id TEXT,
  session TEXT,
  status TEXT NOT NULL CHECK (status IN ('confirmed', 'pending', 'canceled')),
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  timezone TEXT NOT NULL,
  party_size INTEGER NOT NULL CHECK (party_size >= 1),
  contact_name TEXT NOT NULL,
  contact_email TEXT,
  contact_phone TEXT,
  email_folded TEXT,
  phone_digits TEXT,
  notes TEXT,
  price INTEGER,
  currency TEXT,
  outcome TEXT CHECK (outcome IN ('completed', 'no_show')),
  policy TEXT NOT NULL,
  ics_hash TEXT NOT NULL UNIQUE,
  sequence INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  canceled_at INTEGER,
  version INTEGER NOT NULL,
  CHECK (start_at < end_at),
  CHECK (contact_email IS NOT NULL OR contact_phone IS NOT NULL)
);
CREATE INDEX booking_start ON booking (organization_id, start_at, id);
CREATE INDEX booking_update ON booking (organization_id, updated_at, id);
CREATE INDEX booking_host ON booking (host_id, start_at);

-- Slots kept for somebody who is still filling in a form; the claims carry its id.
CREATE TABLE hold (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  service_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX hold_expiry ON hold (expires_at);
