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
} }

local function join(first, second)
  local all = {}
  for i = 1, #first do all[i] = first[i] end
  for i = 1, #second do all[#all + 1] = second[i] end
  return all
end

local asked = {
  { "service_slug", format = "slug", required = true, example = "consultation" },
  { "from", format = "date-time", required = true, description = "The first start." },
  { "to", format = "date-time", required = true,
    description = "Starts lie before it; at most 62 days after from." },
  { "partySize", type = "integer", minimum = 1, maximum = 1000000, default = 1 },
  { "timezone", format = "timezone", description = "Echoed in each slot." },
}
local listed = { [200] = { properties = {
  { "slots", required = true, max_length = 10000, items = slot },
} } }

return {
  name = "availability",
  version = "1.0.0",
  api = 1,
  needs = { "db", "time", "zone", "span", "policy" },
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
    },
  },
}
