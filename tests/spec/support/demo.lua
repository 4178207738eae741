-- The demo catalogue in a server of its own, with the shipped policy, and short ways to
-- ask for what specs ask most.

local server = require("support.server")

local demo = {}
demo.__index = demo

function demo.at(text)
  return (kordless.time.parse(text))
end

-- Monday 2026-06-01, nine in the morning in New York.
demo.NOW = 1780318800

function demo.start()
  local self = setmetatable({ server = server.start(demo.NOW) }, demo)
  self.organization = self.server:organization("org_1", "acme")
  self.server.scripts.booking = dofile("scripts/booking.lua")
  self.status, self.made = self.server:call("services", "demo", { params = { id = "org_1" } })
  return self
end

function demo:stop()
  self.server:stop()
end

function demo:call(plugin, handler, req)
  req.organization = req.organization or self.organization
  return self.server:call(plugin, handler, req)
end

function demo:slots(service, from, to, more)
  local query = { org_slug = "acme", service_slug = service, from = from, to = to }
  for name, value in pairs(more or {}) do
    query[name] = value
  end
  local status, body = self:call("availability", "list", { query = query })
  assert(status == 200, tostring(status) .. " " .. tostring(body.detail))
  return body.slots
end

function demo:list(from, to)
  return self:slots("consultation", from, to)
end

-- The fields of a booking at a slot; `more` replaces some.
function demo.body(service, slot, more)
  local body = {
    org_slug = "acme", service_slug = service, starts_at = slot.startsAt, ends_at = slot.endsAt,
    timezone = "Europe/Berlin", contact = { name = "Kim", email = "Kim@Example.com" },
  }
  for name, value in pairs(more or {}) do
    body[name] = value
  end
  return body
end

function demo:book(service, slot, more)
  return self:call("bookings", "create", { body = demo.body(service, slot, more) })
end

function demo:contact(handler, booking, query, body)
  query = query or {}
  query.contact = query.contact or "kim@example.com"
  return self.server:call("bookings", handler, {
    params = { number = booking.confirmation_number }, query = query, body = body,
  })
end

-- What the ledger holds, row by row.
function demo:ledger()
  return self.server.db:query(
    "SELECT subject, kind, b0, b1, units, owner FROM claim ORDER BY subject, b0, owner")
end

return demo
