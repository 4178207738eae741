-- The catalogue: organizations as their customers see them, services, hosts, teams, hours.
return {
  name = "services",
  version = "1.0.0",
  api = 1,
  needs = { "db", "transaction", "time", "zone", "id" },
  uses = { "services" },
  reads = { "organization" },
  errors = {
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
    },
    {
      method = "GET",
      path = "/api/calendar/v1/public/org/{org_slug}/service/{service_slug}",
      handler = "service",
      auth = "key",
      scope = "services:read",
      cached = true,
      summary = "One service with its calendar settings.",
    },
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
