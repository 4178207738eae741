-- Customers' routes; the organization's stand in desk.lua, holds.lua and away.lua.

local contact = require("bookings.contact")
local fields = require("services.fields")
local flow = require("bookings.flow")
local ics = require("bookings.ics")
local input = require("bookings.input")
local moves = require("bookings.moves")
local rules = require("bookings.rules")
local service_rules = require("services.rules")
local services = require("services.store")
local store = require("bookings.store")
local view = require("bookings.view")

local handlers = {}

local FOREIGN_KEY = "This API key belongs to another organization than the booking. Send a"
  .. " key of the booking's organization, or none."

-- The row behind a confirmation number, if the contact is its own; else an error. A key is
-- charged in place of the limits for strangers, so with one of another organization no
-- contact can be tried.
local function confirmed(req)
  local id = rules.id_of(req.params.number)
  local row = id and store.booking(id)
  if not row then
    return nil, "not_found"
  end
  if req.organization and req.organization.id ~= row.organization_id then
    return nil, "wrong_organization", { detail = FOREIGN_KEY }
  end
  if not contact.matches(contact.claim(req.query.contact), row) then
    return nil, "contact_mismatch"
  end
  return row
end

local function read_again(row)
  return function()
    return store.booking(row.id)
  end
end

function handlers.create(req)
  local asked, faults = input.create(req.body)
  if faults[1] then
    return fields.refusal(faults)
  end
  return flow.create(req, asked, function()
    local organization = services.organization_by_slug(asked.org_slug)
    local ok, why = service_rules.may_see(req.organization.id, organization)
    if not ok then
      return nil, why
    end
    local service = services.service_by_slug(organization.id, asked.service_slug)
    if not service or not service_rules.is_public(service) then
      return nil, "not_found"
    end
    return service
  end, "short")
end

function handlers.show(req)
  local row, why, more = confirmed(req)
  if not row then
    return nil, why, more
  end
  return 200, { booking = view.full(row) }
end

function handlers.slots(req)
  local asked, faults = input.slots(req.query)
  if faults[1] then
    return fields.refusal(faults)
  end
  local row, why, members = confirmed(req)
  if not row then
    return nil, why, members
  end
  return moves.of_customer(row, asked)
end

function handlers.cancel(req)
  local row, why, more = confirmed(req)
  if not row then
    return nil, why, more
  end
  return flow.cancel(read_again(row), flow.customer)
end

function handlers.reschedule(req)
  local row, why, more = confirmed(req)
  if not row then
    return nil, why, more
  end
  return flow.reschedule(read_again(row), input.reschedule(req.body), flow.customer)
end

function handlers.invite(req)
  local row = store.by_token(kordless.crypto.hash(req.params.ics_token))
  if not row then
    return nil, "not_found"
  end
  return 200, ics.render(row), {
    ["Content-Type"] = "text/calendar; charset=utf-8",
    ["Content-Disposition"] = 'inline; filename="booking.ics"',
  }
end

for _, file in ipairs({ "bookings.desk", "bookings.holds", "bookings.away" }) do
  for name, handler in pairs(require(file)) do
    handlers[name] = handler
  end
end

return handlers
