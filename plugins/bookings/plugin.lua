-- Bookings: made, looked up, moved and canceled, on the ledger of migrations/001.
local public = "/api/calendar/v1/public/bookings"
local confirmation = public .. "/confirmation/{number}"
local own = "/api/calendar/v1/bookings"
local held = "/api/calendar/v1/holds"
local off = "/api/calendar/v1/hosts/{id}/time-off"

local function join(first, second)
  local all = {}
  for i = 1, #first do all[i] = first[i] end
  for i = 1, #second do all[#all + 1] = second[i] end
  return all
end

local function one(name, kind)
  return { name, type = kind, required = true }
end

local function unset(name, kind)
  return { name, type = kind, required = true, nullable = true }
end

local function time(name, required)
  return { name, format = "date-time", required = required }
end

-- What clients send.
local notes = { "notes", max_length = 2000 }
local who = { "contact", format = "contact", max_length = 254, required = true,
  description = "The email or phone the booking was made with." }
local wanted = {
  { "service_slug", format = "slug", required = true },
  time("starts_at", true), time("ends_at", true),
  { "timezone", format = "timezone", required = true },
  { "contact", required = true, description = "A name, and an email or a phone.", properties = {
    { "name", min_length = 1, max_length = 200, required = true },
    { "email", format = "email", max_length = 254 },
    { "phone", format = "phone", max_length = 32 },
  } },
  { "party_size", type = "integer", minimum = 1, maximum = 1000000, default = 1 },
  { "host_id", format = "id" }, { "team_id", format = "id" }, notes,
  { "hold_id", format = "id", description = "A hold whose place the booking takes." },
}
local ttl = { "ttl_minutes", type = "integer", minimum = 1, maximum = 60, default = 5 }
local kept = {
  { "service_slug", format = "slug", required = true },
  time("starts_at", true), time("ends_at", true),
  { "party_size", type = "integer", minimum = 1, maximum = 1000000, default = 1 },
  { "host_id", format = "id" }, { "team_id", format = "id" }, ttl,
}
local kinds = { "time_off", "busy" }
local absence = {
  time("start_at", true), time("end_at", true),
  { "kind", enum = kinds, default = "time_off",
    description = "busy: taken as another calendar says." },
  { "note", max_length = 2000 },
}
local moved = {
  time("start_at", true), time("end_at", true), { "timezone", format = "timezone" }, notes,
}
local remarks = {
  { "notes", max_length = 2000, nullable = true },
  { "outcome", enum = { "completed", "no_show" }, nullable = true },
}

-- What they get.
local short = {
  one("id"), one("confirmation_number"),
  { "status", enum = { "confirmed", "pending", "canceled" }, required = true },
  time("start_at", true), time("end_at", true), one("service_name"), one("organization_name"),
  { "location", required = true, nullable = true, properties = { one("type"), unset("value") } },
}
local full = join(short, {
  one("organization_slug"), one("service_id"), one("service_slug"), one("timezone"),
  { "contact", required = true, properties = { one("name"), unset("email"), unset("phone") } },
})
local whole = join(full, {
  unset("host_id"), unset("team_id"), one("party_size", "integer"), unset("notes"),
  unset("price", "number"), unset("currency"),
  { "outcome", enum = { "completed", "no_show" }, required = true, nullable = true },
  unset("cancel_reason"), one("policy"),
  time("created_at", true), time("updated_at", true), one("version", "integer"),
})
local hold = { "hold", required = true, properties = {
  one("id"), one("service_id"), one("service_slug"), unset("host_id"), unset("team_id"),
  one("party_size", "integer"), time("start_at", true), time("end_at", true),
  time("created_at", true), time("expires_at", true),
} }
local away = {
  one("id"), one("host_id"), { "kind", enum = kinds, required = true }, time("start_at", true),
  time("end_at", true), unset("note"), time("created_at", true),
}
local function with(booking)
  return { "booking", required = true, properties = booking }
end
local function made(booking)
  return { properties = { with(booking),
    { "calendar_invite", required = true, properties = { one("ics_url") } } } }
end
local slot = { properties = {
  time("startsAt", true), time("endsAt", true), one("capacity", "integer"),
  one("availableCapacity", "integer"), one("serviceId"), unset("hostId"), unset("teamId"),
  one("timezone"),
  { "host", required = true, nullable = true, properties = { one("id"), one("displayName") } },
  { "team", required = true, nullable = true, properties = { one("id"), one("name") } },
} }

-- What examples show. What may be null is, where it is left out.
local sample = {
  id = "book_01ja0000000000000000000000", confirmation_number = "BOOK_01JA0000000000000000000000",
  status = "confirmed", start_at = "2031-06-05T13:00:00Z", end_at = "2031-06-05T13:30:00Z",
  service_name = "Consultation", organization_name = "Acme Salon",
  location = { type = "phone", value = "We call you." }, organization_slug = "acme-salon",
  service_id = "consultation", service_slug = "consultation", timezone = "America/New_York",
  contact = { name = "Ada Lovelace", email = "ada@example.com" },
  host_id = "host_01ja0000000000000000000000", party_size = 1, price = 45, currency = "USD",
  policy = "2f0c9a61b7d3e845", created_at = "2031-06-01T08:00:00Z",
  updated_at = "2031-06-01T08:00:00Z", version = 1,
}
local away_sample = {
  id = "off_01ja0000000000000000000000", host_id = "host_01ja0000000000000000000000",
  kind = "time_off", start_at = "2031-07-01T00:00:00Z", end_at = "2031-07-15T00:00:00Z",
  note = "At the sea.", created_at = "2031-06-01T08:00:00Z",
}
local slot_sample = {
  startsAt = "2031-06-05T14:00:00Z", endsAt = "2031-06-05T14:30:00Z", capacity = 1,
  availableCapacity = 1, serviceId = "consultation", timezone = "America/New_York",
  hostId = "host_01ja0000000000000000000000",
  host = { id = "host_01ja0000000000000000000000", displayName = "Ada Moreno" },
}
local new_time = { start_at = "2031-06-05T14:00:00Z", end_at = "2031-06-05T14:30:00Z" }
local function sample_of(shape)
  local part = {}
  for i = 1, #shape do part[shape[i][1]] = sample[shape[i][1]] end
  return part
end

return {
  name = "bookings",
  version = "1.0.0",
  api = 1,
  needs = {
    "db", "transaction", "time", "zone", "span", "slots", "crypto", "id", "policy", "emit",
    "record",
  },
  events = { "created", "updated", "canceled" }, -- each with {booking}, as organizations see it
  hooks = { ["services.changed"] = "on_change" },
  uses = { "services", "availability", "bookings" },
  reads = {
    "organization", "service", "service_host", "host", "team", "team_member", "schedule",
    "closure", "catalogue",
  },
  errors = {
    slot_taken = {
      status = 409,
      detail = "This time was free and is taken now. The nearest free ones are listed.",
    },
    host_away = {
      status = 409,
      detail = "A host of this hold is away by now; it runs out when it was to.",
    },
  },
  routes = {
    {
      method = "POST", path = public, handler = "create", auth = "key",
      scope = "bookings:write", idempotent = true,
      summary = "Books a slot.",
      body = { properties = join({ { "org_slug", format = "slug", required = true } }, wanted) },
      replies = { [201] = made(short) },
      example = { body = {
        org_slug = "acme-salon", service_slug = "consultation",
        starts_at = "2031-06-05T13:00:00Z", ends_at = "2031-06-05T13:30:00Z",
        timezone = "America/New_York", contact = { name = "Ada", email = "ada@example.com" },
      } },
    },
    {
      method = "GET", path = confirmation, handler = "show", auth = "contact",
      summary = "A booking, for the person who made it.",
      query = { who }, replies = { [200] = { properties = { with(full) } } },
      example = { reply = { booking = sample_of(full) } },
    },
    {
      method = "GET", path = confirmation .. "/availability", handler = "slots",
      auth = "contact",
      summary = "Where a booking could be moved to.",
      query = { who, time("from", true), time("to", true), { "timezone", format = "timezone" } },
      replies = { [200] = { properties = {
        { "slots", required = true, max_length = 10000, items = slot },
      } } },
      example = { reply = { slots = { slot_sample } } },
    },
    {
      method = "POST", path = confirmation .. "/cancel", handler = "cancel",
      auth = "contact", body = false,
      summary = "Cancels a booking.",
      query = { who }, replies = { [200] = { properties = { with(short) } } },
    },
    {
      method = "POST", path = confirmation .. "/reschedule", handler = "reschedule",
      auth = "contact",
      summary = "Moves a booking in one step.",
      query = { who }, body = { properties = moved },
      replies = { [200] = { properties = { with(short) } } },
      example = { body = new_time },
    },
    {
      method = "GET", path = public .. "/{ics_token}.ics", handler = "invite",
      auth = "none", produces = "text/calendar",
      summary = "A booking as a calendar entry.",
    },
    {
      method = "GET", path = own, handler = "list", auth = "organization",
      scope = "bookings:read",
      summary = "The organization's bookings, filtered, page by page.",
      query = {
        time("from"), time("to"),
        { "status", enum = { "confirmed", "pending", "canceled" } },
        { "service_slug", format = "slug" }, { "host_id", format = "id" },
        { "contact", format = "contact", max_length = 254 },
        { "updated_since", format = "date-time", description = "Orders by update." },
        { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 },
        { "cursor", description = "next_cursor of the page before." },
      },
      replies = { [200] = { properties = {
        { "bookings", required = true, max_length = 100, items = { properties = whole } },
        unset("next_cursor"),
      } } },
      example = { reply = { bookings = { sample_of(whole) } } },
    },
    {
      method = "POST", path = own, handler = "create_own", auth = "organization",
      scope = "bookings:write", idempotent = true,
      summary = "Books a slot on a customer's behalf.",
      body = { properties = wanted }, replies = { [201] = made(whole) },
      example = { body = {
        service_slug = "consultation", timezone = "America/New_York",
        starts_at = "2031-06-05T13:00:00Z", ends_at = "2031-06-05T13:30:00Z",
        contact = { name = "Ada", phone = "+1 212 555 0100" }, notes = "Called us.",
      } },
    },
    {
      method = "GET", path = own .. "/{id}", handler = "get", auth = "organization",
      scope = "bookings:read",
      summary = "One booking of the organization.",
      replies = { [200] = { properties = { with(whole) } } },
      example = { reply = { booking = sample_of(whole) } },
    },
    {
      method = "GET", path = own .. "/{id}/availability", handler = "slots_own",
      auth = "organization", scope = "bookings:read",
      summary = "Where the organization could move a booking to, its own slot counted free."
        .. " The customer's notice does not narrow it.",
      query = { time("from", true), time("to", true), { "timezone", format = "timezone" },
        { "host_id", format = "id", description = "Only this host's." } },
      replies = { [200] = { properties = {
        { "slots", required = true, max_length = 10000, items = slot },
      } } },
      example = { reply = { slots = { slot_sample } } },
    },
    {
      method = "PATCH", path = own .. "/{id}", handler = "annotate", auth = "organization",
      scope = "bookings:write", if_match = true,
      summary = "Notes of a booking and what became of it; null clears.",
      body = { properties = remarks }, replies = { [200] = { properties = { with(whole) } } },
      example = { body = { outcome = "completed" } },
    },
    {
      method = "POST", path = own .. "/{id}/cancel", handler = "cancel_own",
      auth = "organization", scope = "bookings:write", if_match = true,
      summary = "Cancels a booking, also within the customer's notice.",
      body = { nullable = true, properties = { { "reason", max_length = 2000 } } },
      replies = { [200] = { properties = { with(whole) } } },
      example = { body = { reason = "We are ill." } },
    },
    {
      method = "POST", path = own .. "/{id}/reschedule", handler = "reschedule_own",
      auth = "organization", scope = "bookings:write", if_match = true,
      summary = "Moves a booking in one step, also within the customer's notice."
        .. " The host is kept if free, else chosen anew, unless host_id names one.",
      body = { properties = join(moved, { { "host_id", format = "id" } }) },
      replies = { [200] = { properties = { with(whole) } } },
      example = { body = new_time },
    },
    {
      method = "POST", path = own .. "/{id}/confirm", handler = "confirm",
      auth = "organization", scope = "bookings:write", if_match = true, body = false,
      summary = "Accepts a booking that waits for approval; it held its slot meanwhile.",
      replies = { [200] = { properties = { with(whole) } } },
    },
    {
      method = "POST", path = held, handler = "hold", auth = "organization",
      scope = "bookings:write",
      summary = "Keeps a slot for some minutes; a booking with its hold_id takes its place.",
      body = { properties = kept }, replies = { [201] = { properties = { hold } } },
      example = { body = {
        service_slug = "consultation", starts_at = "2031-06-05T13:00:00Z",
        ends_at = "2031-06-05T13:30:00Z", ttl_minutes = 10,
      } },
    },
    {
      method = "POST", path = held .. "/{id}/extend", handler = "extend", auth = "organization",
      scope = "bookings:write",
      summary = "Lets a hold run out ttl_minutes from now.",
      body = { nullable = true, properties = { ttl } },
      replies = { [200] = { properties = { hold } } },
      example = { body = { ttl_minutes = 10 } },
    },
    {
      method = "DELETE", path = held .. "/{id}", handler = "release", auth = "organization",
      scope = "bookings:write",
      summary = "Gives back the slot of a hold.",
      replies = { [204] = {} },
    },
    {
      method = "GET", path = off, handler = "list_away", auth = "organization",
      scope = "availability:read",
      summary = "When a host is away or busy elsewhere, by start, page by page.",
      query = {
        time("from"), time("to"),
        { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 },
        { "cursor", description = "next_cursor of the page before." },
      },
      replies = { [200] = { properties = {
        { "time_off", required = true, max_length = 100, items = { properties = away } },
        unset("next_cursor"),
      } } },
      example = { reply = { time_off = { away_sample } } },
    },
    {
      method = "POST", path = off, handler = "leave", auth = "organization",
      scope = "availability:write",
      summary = "Takes a host's time out, at most 366 days. Bookings that it overlaps stay and"
        .. " are told; none comes after.",
      body = { properties = absence },
      replies = { [201] = { properties = {
        { "time_off", required = true, properties = away },
        { "overlapping", required = true, max_length = 100, items = { properties = {
          one("id"), { "status", enum = { "confirmed", "pending" }, required = true },
          time("start_at", true), time("end_at", true),
        } } },
        one("more_overlapping", "boolean"),
      } } },
      example = { body = {
        start_at = "2031-07-01T00:00:00Z", end_at = "2031-07-15T00:00:00Z", note = "At the sea.",
      } },
    },
    {
      method = "DELETE", path = off .. "/{time_off_id}", handler = "come_back",
      auth = "organization", scope = "availability:write",
      summary = "Gives a host's time back.",
      replies = { [204] = {} },
    },
  },
}
