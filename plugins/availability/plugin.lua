-- Which starts can be booked. One function lists them here and decides in `bookings`.
return {
  name = "availability",
  version = "1.0.0",
  api = 1,
  needs = { "db", "time", "zone", "span", "policy" },
  uses = { "services", "availability" },
  reads = {
    "organization", "service", "service_host", "host", "team", "team_member", "schedule",
    "closure", "catalogue", "claim",
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
    },
  },
}
