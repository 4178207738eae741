-- The catalogue: organizations as their customers see them, services, hosts, teams, hours.
-- Long, because each route says what it takes and gives; data only, as manifests are.
local P = "/api/calendar/v1"

local function one(name, kind)
  return { name, type = kind, required = true }
end

local function unset(name, kind)
  return { name, type = kind, required = true, nullable = true }
end

local organization = { "organization", required = true, properties = {
  one("id"), one("name"), one("slug"), unset("tagline"),
  { "branding", required = true, properties = {
    unset("primaryColor"), unset("logo"), unset("companyName"), unset("favicon"),
    unset("ogImage"),
  } },
} }

local service = {
  one("key"), one("name"), one("slug"), unset("description"), unset("category"),
  { "duration", type = "integer", required = true, description = "Minutes." },
  { "price", type = "number", required = true, nullable = true,
    description = "In major units: 45.5." },
  unset("currency"), one("isBookablePublic", "boolean"), one("metadata", "object"),
}

local settings = { "calendarSettings", required = true, properties = {
  one("duration_minutes", "integer"), one("slot_interval_minutes", "integer"),
  one("buffer_before", "integer"), one("buffer_after", "integer"),
  unset("booking_window_days", "integer"),
  { "timezone", format = "timezone", required = true },
  { "location", required = true, nullable = true, properties = {
    { "type", enum = { "onsite", "phone", "meet_url", "custom" }, required = true },
    unset("value"),
  } },
  one("max_parallel_bookings", "integer"),
  { "cancellation_policy", required = true, properties = {
    one("noticeHours", "integer"), unset("policyText"),
  } },
} }


-- What organizations see and send.

local function join(first, second)
  local all = {}
  for i = 1, #first do all[i] = first[i] end
  for i = 1, #second do all[#all + 1] = second[i] end
  return all
end

local function number(name, minimum, maximum, more)
  more = more or {}
  more[1], more.type, more.minimum, more.maximum = name, "integer", minimum, maximum
  return more
end

local function text(name, max, more)
  more = more or {}
  more[1], more.min_length, more.max_length = name, more.nullable and 0 or 1, max
  return more
end

local function choice(name, ...)
  return { name, enum = { ... } }
end

local function time(name)
  return { name, format = "date-time", required = true }
end

local version =
  { "version", type = "integer", required = true, description = "What If-Match takes." }

local location_types = { "onsite", "phone", "meet_url", "custom" }

local function limits(more, ...)
  more.properties, more.nullable = { ... }, true
  for i = 1, 3 do
    local unit = ({ "day", "week", "month" })[i]
    more.properties[#more.properties + 1] = number("per_" .. unit, 1, 10000, { nullable = true })
    more.properties[#more.properties + 1] = number("minutes_per_" .. unit, 1, 1000000,
      { nullable = true })
  end
  return more
end

local service_limits = limits({ "limits",
  description = "What is booked in a day, week and month: of all, of one host or contact." },
  limits({ "per_host" }), limits({ "per_contact" }))

-- new: a POST, where some must be there; a PATCH keeps what it does not name.
local function service_body(new)
  return { properties = {
    text("name", 200, { required = new }), { "slug", format = "slug", required = new },
    { "key", format = "slug", description = "Never changes; if not given: the slug." },
    text("description", 2000, { nullable = true }), text("category", 80, { nullable = true }),
    number("duration", 1, 2880, {
      description = "Minutes; the same as calendarSettings.duration_minutes." }),
    { "price", type = "number", minimum = 0, maximum = 1000000000, nullable = true,
      description = "In major units: 45.5." },
    text("currency", 3, { nullable = true, description = "ISO 4217: USD." }),
    { "metadata", type = "object", nullable = true, description = "Merged; 16,384 bytes." },
    choice("status", "active", "inactive", "archived"), choice("visibility", "public", "internal"),
    choice("fulfillment", "any_host", "specific_host", "team", "collective"),
    { "host_ids", max_length = 100, items = { format = "id" },
      description = "Who gives it; the first is asked first." },
    { "team_id", format = "id", nullable = true },
    number("minimum_notice_minutes", 0, 527040), choice("approval", "none", "required"),
    service_limits,
    { "calendarSettings", required = new, properties = {
      number("duration_minutes", 1, 2880),
      number("slot_interval_minutes", 1, 1440, { description = "If not given: the duration." }),
      number("buffer_before", 0, 2880), number("buffer_after", 0, 2880),
      number("booking_window_days", 1, 3660, { nullable = true,
        description = "How far ahead it can be booked; null: as far as one likes." }),
      { "timezone", format = "timezone", required = new },
      { "location", nullable = true, properties = {
        { "type", enum = location_types }, text("value", 500, { nullable = true }),
      } },
      number("max_parallel_bookings", 1, 1000000),
      { "cancellation_policy", properties = {
        number("noticeHours", 0, 8784), text("policyText", 2000, { nullable = true }),
      } },
    } },
  } }
end

local own_service = join(service, {
  one("id"), one("status"), one("visibility"), one("fulfillment"),
  { "host_ids", required = true, items = {} }, unset("team_id"),
  one("minimum_notice_minutes", "integer"), one("approval"),
  { "limits", required = true, nullable = true, properties = service_limits.properties },
  settings, time("created_at"), time("updated_at"), version,
})

local function host_body(new)
  return { properties = {
    text("displayName", 200, { required = new }),
    { "email", format = "email", max_length = 254, nullable = true },
    { "timezone", format = "timezone", required = new }, choice("status", "active", "inactive"),
  } }
end

local host = {
  one("id"), one("displayName"), unset("email"), one("timezone"), one("status"),
  time("created_at"), time("updated_at"), version,
}

local function team_body(new)
  return { properties = {
    text("name", 200, { required = new }), text("description", 2000, { nullable = true }),
    { "members", min_length = 1, max_length = 100, required = new, items = { properties = {
      { "host_id", format = "id", required = true },
      text("role", 80, { default = "member" }),
      number("weight", 1, 1000, { default = 1,
        description = "Who has 2 gets twice the bookings of who has 1." }),
      number("priority", 1, 1000, { default = 1, description = "1 is asked first." }),
    } } },
  } }
end

local team = {
  one("id"), one("name"), unset("description"),
  { "members", required = true, items = { properties = {
    one("host_id"), one("role"), one("weight", "integer"), one("priority", "integer"),
  } } },
  time("created_at"), time("updated_at"), version,
}

local function windows(name, required)
  return { name, required = required, max_length = 8,
    items = { min_length = 2, max_length = 2, items = { max_length = 5 } },
    description = 'Windows, ["09:00", "17:00"]; an end before its beginning is the next day\'s.' }
end

local function hours(required, listed)
  local week = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }
  for i = 1, 7 do week[i] = windows(week[i], required) end
  return { properties = {
    { "timezone", format = "timezone", required = true },
    { "weekly", required = true, properties = week },
    { "overrides", required = required, max_length = 300, items = { properties = {
      { "date", format = "date", required = true }, { "closed", type = "boolean" },
      windows("hours"),
    } } },
    required and version or nil, listed and one("id") or nil,
  } }
end

local closure = { one("id"), one("first_date"), one("last_date"), unset("reason") }

local limit = { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 }
local cursor = { "cursor", description = "next_cursor of the page before." }
local since = { "updated_since", format = "date-time", description = "Orders by update." }

-- What examples show. What may be null is, where it is left out.
local MADE, CHANGED = "2031-05-01T08:00:00Z", "2031-05-02T08:00:00Z"
local ADA = "host_01ja0000000000000000000000"

local samples = {
  organization = {
    id = "org_01ja0000000000000000000000", name = "Acme Salon", slug = "acme-salon",
    tagline = "Since 1990.", branding = { primaryColor = "#aa3366" },
  },
  service = {
    key = "consultation", name = "Consultation", slug = "consultation",
    description = "Half an hour with one of us.", category = "advice", duration = 30, price = 45,
    currency = "USD", isBookablePublic = true, metadata = { colour = "green" },
    id = "srv_01ja0000000000000000000000", status = "active", visibility = "public",
    fulfillment = "any_host", host_ids = { ADA }, minimum_notice_minutes = 60, approval = "none",
    limits = { per_day = 20, per_contact = { per_week = 2 } }, created_at = MADE,
    updated_at = CHANGED, version = 2,
  },
  settings = {
    duration_minutes = 30, slot_interval_minutes = 30, buffer_before = 0, buffer_after = 10,
    booking_window_days = 90, timezone = "America/New_York",
    location = { type = "phone", value = "We call you." }, max_parallel_bookings = 1,
    cancellation_policy = { noticeHours = 24, policyText = "Free until 24 hours before." },
  },
  host = {
    id = ADA, displayName = "Ada Moreno", email = "ada@example.com",
    timezone = "America/New_York", status = "active", created_at = MADE, updated_at = CHANGED,
    version = 2,
  },
  team = {
    id = "team_01ja0000000000000000000000", name = "Studio", created_at = MADE,
    description = "Who gives the classes.", updated_at = CHANGED, version = 2,
    members = { { host_id = ADA, role = "lead", weight = 2, priority = 1 } },
  },
  closure = {
    id = "clo_01ja0000000000000000000000", first_date = "2031-12-24", last_date = "2032-01-01",
    reason = "Holidays",
  },
  schedule = { timezone = "America/New_York", weekly = {}, version = 17, overrides = {
    { date = "2031-12-24", closed = true },
    { date = "2031-12-31", hours = { { "09:00", "12:00" } } },
  } },
}
samples.service.calendarSettings = samples.settings
for i = 1, 7 do
  local day = ({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" })[i]
  samples.schedule.weekly[day] = i < 6 and { { "09:00", "12:00" }, { "13:00", "17:00" } }
    or { { "10:00", "14:00" } } -- an empty list would be {} there
end

-- Of a sample, what a shape has.
local function sample_of(sample, shape)
  local part = {}
  for i = 1, #shape do part[shape[i][1]] = sample[shape[i][1]] end
  return part
end

local public_sample = sample_of(samples.service, service)
samples.hours = sample_of(samples.schedule, hours(true).properties)
samples.hours.id = ADA

local function listed(plural, shape)
  return { [200] = { properties = {
    { plural, required = true, max_length = 100, items = { properties = shape } },
    unset("next_cursor"),
  } } }
end

local function reply(status, name, shape)
  return { [status] = { properties = { { name, required = true, properties = shape } } } }
end

local function own(method, path, handler, scope, summary, more)
  more.method, more.path, more.handler, more.scope = method, P .. path, handler, scope
  more.summary, more.auth = summary, "organization"
  if more.reply then
    more.example = more.example or {}
    more.example.reply, more.reply = more.reply, nil
  end
  return more
end

local READ, WRITE = "availability:read", "availability:write"

local weekday = { { "09:00", "12:00" }, { "13:00", "17:00" } }

return {
  name = "services",
  version = "1.0.0",
  api = 1,
  needs = { "db", "transaction", "time", "zone", "id", "crypto", "emit", "record" },
  events = { "changed" }, -- {organization_id, object, id, change}: service, host, team, …
  uses = { "services" },
  reads = { "organization", "booking", "claim" },
  errors = {
    slug_taken = {
      status = 409,
      detail = "Another service has this slug, perhaps one that is archived. Choose another.",
    },
    key_taken = {
      status = 409,
      detail = "Another service has this key, perhaps one that is archived. Give this one"
        .. " a key of its own.",
    },
    has_services = {
      status = 409,
      detail = "This organization has services already; the demo is for an empty one.",
    },
  },
  routes = {
    {
      method = "GET",
      path = "/api/calendar/v1/public/org/{org_slug}",
      handler = "organization",
      auth = "key",
      scope = "services:read",
      cached = true,
      summary = "An organization and its public, active services.",
      replies = { [200] = { properties = {
        organization,
        { "services", required = true, items = { properties = service } },
      } } },
      example = { reply = { organization = samples.organization, services = { public_sample } } },
    },
    {
      method = "GET",
      path = "/api/calendar/v1/public/org/{org_slug}/service/{service_slug}",
      handler = "service",
      auth = "key",
      scope = "services:read",
      cached = true,
      summary = "One service with its calendar settings.",
      replies = { [200] = { properties = {
        organization, { "service", required = true, properties = service }, settings,
      } } },
      example = { reply = { organization = samples.organization, service = public_sample,
        calendarSettings = samples.settings } },
    },
    own("GET", "/services", "list_services", "services:read",
      "The organization's services, the archived ones too, page by page.", { cached = true,
        query = { choice("status", "active", "inactive", "archived"), since, limit, cursor },
        replies = listed("services", own_service), reply = { services = { samples.service } } }),
    own("POST", "/services", "create_service", "services:write", "Makes a service.", {
      body = service_body(true), replies = reply(201, "service", own_service),
      example = { body = {
        name = "Consultation", slug = "consultation", duration = 30, price = 45, currency = "USD",
        calendarSettings = { timezone = "America/New_York", buffer_after = 10 },
      } } }),
    own("GET", "/services/{service}", "show_service", "services:read",
      "A service, by its id or slug.", { cached = true,
        replies = reply(200, "service", own_service), reply = { service = samples.service } }),
    own("PATCH", "/services/{service}", "change_service", "services:write",
      "Changes what is named of a service.", { if_match = true,
        body = service_body(), replies = reply(200, "service", own_service),
        example = { body = { price = 50, calendarSettings = { buffer_after = 15 } } } }),
    own("DELETE", "/services/{service}", "archive_service", "services:write",
      "Archives a service: it is no longer offered, its bookings stay.", { if_match = true,
        replies = { [204] = {} } }),
    own("GET", "/hosts", "list_hosts", READ, "The organization's hosts, page by page.", {
      query = { choice("status", "active", "inactive"), since, limit, cursor },
      replies = listed("hosts", host), reply = { hosts = { samples.host } } }),
    own("POST", "/hosts", "create_host", WRITE, "Makes a host.", {
      body = host_body(true), replies = reply(201, "host", host),
      example = { body = {
        displayName = "Ada Moreno", email = "ada@example.com", timezone = "America/New_York",
      } } }),
    own("GET", "/hosts/{id}", "show_host", READ, "A host.", {
      replies = reply(200, "host", host), reply = { host = samples.host } }),
    own("PATCH", "/hosts/{id}", "change_host", WRITE,
      "Changes what is named of a host; one that is inactive gets no new bookings.", {
        if_match = true, body = host_body(), replies = reply(200, "host", host),
        example = { body = { status = "inactive" } } }),
    own("DELETE", "/hosts/{id}", "delete_host", WRITE,
      "Removes a host that has no bookings ahead and is nowhere the last of a team.", {
        if_match = true, replies = { [204] = {} } }),
    own("GET", "/teams", "list_teams", READ, "The organization's teams, page by page.", {
      query = { since, limit, cursor }, replies = listed("teams", team),
      reply = { teams = { samples.team } } }),
    own("POST", "/teams", "create_team", WRITE, "Makes a team.", {
      body = team_body(true), replies = reply(201, "team", team),
      example = { body = { name = "Studio", members = {
        { host_id = "host_01ja0000000000000000000000", role = "lead", weight = 2 },
      } } } }),
    own("GET", "/teams/{id}", "show_team", READ, "A team.", {
      replies = reply(200, "team", team), reply = { team = samples.team } }),
    own("PATCH", "/teams/{id}", "change_team", WRITE,
      "Changes what is named of a team; members are replaced as a whole.", {
        if_match = true, body = team_body(), replies = reply(200, "team", team),
        example = { body = { description = "Who gives the classes." } } }),
    own("DELETE", "/teams/{id}", "delete_team", WRITE,
      "Removes a team that has no bookings ahead and gives no service.", {
        if_match = true, replies = { [204] = {} } }),
    own("GET", "/schedules", "list_schedules", READ,
      "The hours that hosts, teams or services have of their own, page by page.", {
        query = { { "owner", enum = { "host", "team", "service" }, default = "host" },
          limit, cursor },
        replies = listed("schedules", hours(true, true).properties),
        reply = { schedules = { samples.hours } } }),
    own("GET", "/schedules/{owner}/{id}", "show_schedule", READ,
      "The hours of an organization, team, host or service: /schedules/host/{id} and so on.", {
        replies = reply(200, "schedule", hours(true).properties),
        reply = { schedule = samples.schedule } }),
    own("PUT", "/schedules/{owner}/{id}", "put_schedule", WRITE,
      "Sets the hours of an organization, team, host or service.", { if_match = true,
        body = hours(), replies = reply(200, "schedule", hours(true).properties),
        example = { body = {
          timezone = "America/New_York", weekly = { mon = weekday, tue = weekday },
          overrides = { { date = "2031-12-24", closed = true } },
        } } }),
    own("DELETE", "/schedules/{owner}/{id}", "delete_schedule", WRITE,
      "Removes hours: they then restrict nothing.", { if_match = true,
        replies = { [204] = {} } }),
    own("GET", "/closures", "list_closures", READ,
      "The days on which nothing is given, by date, page by page.", {
        query = { { "from", format = "date", description = "Those that end on it or later." },
          { "to", format = "date", description = "Those that begin on it or before." },
          limit, cursor },
        replies = listed("closures", closure), reply = { closures = { samples.closure } } }),
    own("POST", "/closures", "create_closure", WRITE, "Closes whole days.", {
      body = { properties = {
        { "first_date", format = "date", required = true },
        { "last_date", format = "date", description = "If not given: first_date." },
        text("reason", 200, { nullable = true }),
      } }, replies = reply(201, "closure", closure),
      example = { body = {
        first_date = "2031-12-24", last_date = "2032-01-01", reason = "Holidays",
      } } }),
    own("DELETE", "/closures/{id}", "delete_closure", WRITE, "Opens the days again.", {
      replies = { [204] = {} } }),
    {
      method = "POST",
      path = "/api/platform/v1/organizations/{id}/demo",
      handler = "demo",
      auth = "platform",
      body = false,
      summary = "Gives an empty organization two services, three hosts and their hours.",
    },
  },
}
