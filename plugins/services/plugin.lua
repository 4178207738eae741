-- The catalogue: organizations as their customers see them, services, hosts, teams, hours.
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
      replies = { [200] = { properties = {
        organization,
        { "services", required = true, items = { properties = service } },
      } } },
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
