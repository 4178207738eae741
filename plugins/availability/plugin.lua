-- Which starts can be booked. One function lists them here and decides in `bookings`.
local slot = { properties = {
  { "startsAt", format = "date-time", required = true },
  { "endsAt", format = "date-time", required = true },
  { "capacity", type = "integer", required = true },
  { "availableCapacity", type = "integer", required = true },
  { "serviceId", required = true, description = "The service's key." },
  { "hostId", required = true, nullable = true },
  { "teamId", required = true, nullable = true },
  { "timezone", format = "timezone", required = true },
  { "host", type = "object", required = true, nullable = true,
    properties = { { "id", required = true }, { "displayName", required = true } } },
  { "team", type = "object", required = true, nullable = true,
    properties = { { "id", required = true }, { "name", required = true } } },
  { "bookable", type = "boolean", description = "Only with include=unbookable." },
  { "violations", description = "Why it cannot be booked.", items = { properties = {
    { "code", required = true }, { "message", required = true },
  } } },
} }

local ADA = "host_01ja0000000000000000000000"
local STUDIO = "team_01ja0000000000000000000000"
local slots_sample = { reply = { slots = { {
  startsAt = "2031-06-05T13:00:00Z", endsAt = "2031-06-05T13:30:00Z", capacity = 8,
  availableCapacity = 5, serviceId = "group-class", hostId = ADA, teamId = STUDIO,
  timezone = "America/New_York", host = { id = ADA, displayName = "Ada Moreno" },
  team = { id = STUDIO, name = "Studio" },
} } } }

local function join(first, second)
  local all = {}
  for i = 1, #first do all[i] = first[i] end
  for i = 1, #second do all[#all + 1] = second[i] end
  return all
end

local asked = {
  { "service_slug", format = "slug", required = true, example = "consultation" },
  { "from", format = "date-time", required = true, example = "2031-06-05T00:00:00Z",
    description = "The first start." },
  { "to", format = "date-time", required = true, example = "2031-06-12T00:00:00Z",
    description = "Starts lie before it; at most 62 days after from." },
  { "partySize", type = "integer", minimum = 1, maximum = 1000000, default = 1 },
  { "timezone", format = "timezone", description = "Echoed in each slot." },
  { "include", enum = { "unbookable" },
    description = "Lists each start of the grid, with why it cannot be booked." },
}
local listed = { [200] = { properties = {
  { "slots", required = true, max_length = 10000, items = slot },
} } }

local service_slug, party = asked[1], asked[4]

local function trace(name)
  return { name, required = true, items = { properties = {
    { "tier", required = true, enum = { "organization", "team", "host", "service", "closure",
      "policy", "limits", "ledger" } },
    { "rule", required = true, description = "weekly.tue, overrides.2031-12-24, a setting, …" },
    { "effect", required = true, enum = { "opens", "closes", "narrows", "refuses", "allows" } },
    { "message", required = true },
    { "code", required = true, nullable = true, description = "Of the violation, if it refuses." },
    { "hostId", required = true, nullable = true },
    { "source", required = true, nullable = true,
      description = "Where the operator's script decided: scripts/booking.lua:31." },
  } } }
end

local explained = { [200] = { properties = {
  { "at", format = "date-time", required = true },
  { "endsAt", format = "date-time", required = true },
  { "partySize", type = "integer", required = true },
  { "serviceId", required = true },
  { "policy", required = true, description = "The hash of the operator's script." },
  trace("trace"),
  { "hosts", required = true, items = { properties = {
    { "hostId", required = true, nullable = true }, { "teamId", required = true, nullable = true },
    { "host", required = true, nullable = true,
      properties = { { "id", required = true }, { "displayName", required = true } } },
    { "bookable", type = "boolean", required = true },
    trace("trace"),
  } } },
  { "verdict", required = true, properties = {
    { "bookable", type = "boolean", required = true },
    { "status", type = "integer", required = true,
      description = "What POST /bookings would answer." },
    { "code", required = true, nullable = true },
    { "violations", required = true, items = { properties = {
      { "code", required = true }, { "message", required = true },
    } } },
  } },
} } }

local denied = { code = "policy_denied", message = "We do not advise on Friday afternoons." }
local explained_sample = { reply = {
  at = "2031-06-06T18:00:00Z", endsAt = "2031-06-06T18:30:00Z", partySize = 1,
  serviceId = "consultation", policy = "2f0c9a61b7d3e845",
  trace = { { tier = "service", rule = "minimum_notice_minutes", effect = "allows",
    message = "minimum_notice_minutes is 60." } },
  hosts = { { hostId = ADA, host = { id = ADA, displayName = "Ada Moreno" }, bookable = false,
    trace = {
      { tier = "organization", rule = "weekly.fri", effect = "opens",
        message = "fri 2031-06-06: 08:00–20:00 (America/New_York)." },
      { tier = "policy", rule = "offer", effect = "refuses", code = denied.code,
        message = denied.message, source = "scripts/booking.lua:37" },
      { tier = "ledger", rule = "claims", effect = "allows", message = "Nothing is in the way." },
    } } },
  verdict = { bookable = false, status = 422, violations = { denied } },
} }

return {
  name = "availability",
  version = "1.0.0",
  api = 1,
  needs = { "db", "time", "zone", "span", "slots", "policy" },
  uses = { "services", "availability" },
  reads = {
    "organization", "service", "service_host", "host", "team", "team_member", "schedule",
    "closure", "catalogue", "claim",
    "booking",
  },
  routes = {
    {
      method = "GET",
      path = "/api/calendar/v1/public/availability",
      handler = "list",
      auth = "key",
      scope = "availability:read",
      cached = true,
      summary = "The free slots of a service between two instants.",
      query = join({
        { "org_slug", format = "slug", required = true, example = "acme-salon" },
      }, asked),
      replies = listed,
      example = slots_sample,
    },
    {
      method = "GET",
      path = "/api/calendar/v1/availability",
      handler = "list_own",
      auth = "organization",
      scope = "availability:read",
      cached = true,
      summary = "The free slots of a service of the organization, internal ones too.",
      query = join(asked, {
        { "host_id", format = "id", description = "Only this host's." },
        { "team_id", format = "id", description = "Only this team's." },
      }),
      replies = listed,
      example = slots_sample,
    },
    {
      method = "GET",
      path = "/api/calendar/v1/availability/explain",
      handler = "explain",
      auth = "organization",
      scope = "availability:read",
      summary = "Why a start can be booked or not: what each rule says of it, in order, and what"
        .. " POST /bookings would answer. What depends on who books is left out.",
      query = {
        service_slug,
        { "at", format = "date-time", required = true, example = "2031-06-05T13:00:00Z" },
        party,
        { "host_id", format = "id", description = "Only this host." },
        { "team_id", format = "id", description = "Only this team." },
      },
      replies = explained,
      example = explained_sample,
    },
  },
}
