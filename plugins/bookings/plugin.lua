-- Bookings: made, looked up, moved and canceled, on the ledger of migrations/001.
local public = "/api/calendar/v1/public/bookings"
local confirmation = public .. "/confirmation/{number}"
local own = "/api/calendar/v1/bookings"

return {
  name = "bookings",
  version = "1.0.0",
  api = 1,
  needs = { "db", "transaction", "time", "zone", "span", "crypto", "id", "policy" },
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
  },
  routes = {
    {
      method = "POST", path = public, handler = "create", auth = "key",
      scope = "bookings:write", idempotent = true,
      summary = "Books a slot.",
    },
    {
      method = "GET", path = confirmation, handler = "show", auth = "contact",
      summary = "A booking, for the person who made it.",
    },
    {
      method = "GET", path = confirmation .. "/availability", handler = "slots",
      auth = "contact",
      summary = "Where a booking could be moved to.",
    },
    {
      method = "POST", path = confirmation .. "/cancel", handler = "cancel",
      auth = "contact", body = false,
      summary = "Cancels a booking.",
    },
    {
      method = "POST", path = confirmation .. "/reschedule", handler = "reschedule",
      auth = "contact",
      summary = "Moves a booking in one step.",
    },
    {
      method = "GET", path = public .. "/{ics_token}.ics", handler = "invite",
      auth = "none",
      summary = "A booking as a calendar entry.",
    },
    {
      method = "GET", path = own, handler = "list", auth = "organization",
      scope = "bookings:read",
      summary = "The organization's bookings, filtered, page by page.",
    },
    {
      method = "POST", path = own, handler = "create_own", auth = "organization",
      scope = "bookings:write", idempotent = true,
      summary = "Books a slot on a customer's behalf.",
    },
    {
      method = "GET", path = own .. "/{id}", handler = "get", auth = "organization",
      scope = "bookings:read",
      summary = "One booking of the organization.",
    },
  },
}
