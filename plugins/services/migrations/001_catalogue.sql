-- What an organization offers: services, the people who give them, and their hours.
-- Instants are UTC seconds, wall-clock rules keep their zone, dates are dates.

-- Counts every change of an organization's catalogue. A booking is decided on a snapshot
-- and committed later: it commits only when this number is still the same.
CREATE TABLE catalogue (
  organization_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL
);

CREATE TABLE host (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  email TEXT,
  timezone TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  created_at INTEGER NOT NULL
);
CREATE INDEX host_organization ON host (organization_id, id);

CREATE TABLE team (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  created_at INTEGER NOT NULL
);
CREATE INDEX team_organization ON team (organization_id, id);

-- priority: 1 is asked first. weight: who has 2 gets twice the bookings of who has 1.
CREATE TABLE team_member (
  team_id TEXT NOT NULL REFERENCES team (id),
  host_id TEXT NOT NULL REFERENCES host (id),
  role TEXT NOT NULL,
  weight INTEGER NOT NULL CHECK (weight >= 1),
  priority INTEGER NOT NULL,
  PRIMARY KEY (team_id, host_id)
);
CREATE INDEX team_member_host ON team_member (host_id);

-- key never changes, slug may. price is in minor units of currency. booking_window_days
-- may be NULL: no bound.
CREATE TABLE service (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  key TEXT NOT NULL,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  category TEXT,
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'archived')),
  visibility TEXT NOT NULL CHECK (visibility IN ('public', 'internal')),
  fulfillment TEXT NOT NULL
    CHECK (fulfillment IN ('any_host', 'specific_host', 'team', 'collective')),
  team_id TEXT REFERENCES team (id),
  approval TEXT NOT NULL CHECK (approval IN ('none', 'required')),
  duration_minutes INTEGER NOT NULL CHECK (duration_minutes >= 1),
  slot_interval_minutes INTEGER NOT NULL CHECK (slot_interval_minutes >= 1),
  buffer_before INTEGER NOT NULL CHECK (buffer_before >= 0),
  buffer_after INTEGER NOT NULL CHECK (buffer_after >= 0),
  minimum_notice_minutes INTEGER NOT NULL CHECK (minimum_notice_minutes >= 0),
  booking_window_days INTEGER CHECK (booking_window_days >= 1),
  max_parallel_bookings INTEGER NOT NULL CHECK (max_parallel_bookings >= 1),
  timezone TEXT NOT NULL,
  location_type TEXT CHECK (location_type IN ('onsite', 'phone', 'meet_url', 'custom')),
  location_value TEXT,
  notice_hours INTEGER NOT NULL CHECK (notice_hours >= 0),
  policy_text TEXT,
  price INTEGER CHECK (price >= 0),
  currency TEXT,
  metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, key),
  UNIQUE (organization_id, slug),
  -- One claim of the ledger holds it whole, and no claim is longer than 48 hours.
  CHECK (buffer_before + duration_minutes + buffer_after <= 2880)
);

-- Who gives a service that is not given by a team.
CREATE TABLE service_host (
  service_id TEXT NOT NULL REFERENCES service (id),
  host_id TEXT NOT NULL REFERENCES host (id),
  priority INTEGER NOT NULL,
  PRIMARY KEY (service_id, host_id)
);
CREATE INDEX service_host_host ON service_host (host_id);

-- Opening hours of one owner. weekly: {"mon": [["09:00", "12:00"], …], …}; overrides:
-- [{"date": "2026-12-24", "closed": true}, {"date": …, "hours": [["10:00", "14:00"]]}].
CREATE TABLE schedule (
  owner_id TEXT PRIMARY KEY,
  owner_kind TEXT NOT NULL
    CHECK (owner_kind IN ('organization', 'team', 'host', 'service')),
  organization_id TEXT NOT NULL,
  timezone TEXT NOT NULL,
  weekly TEXT NOT NULL,
  overrides TEXT NOT NULL
);
CREATE INDEX schedule_organization ON schedule (organization_id);

-- Whole days on which nothing is given, both ends included.
CREATE TABLE closure (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  first_date TEXT NOT NULL,
  last_date TEXT NOT NULL,
  reason TEXT,
  CHECK (first_date <= last_date)
);
CREATE INDEX closure_organization ON closure (organization_id, last_date);
