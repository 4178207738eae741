-- A booking as clients see it: short, full for the person who made it, and everything for
-- the organization. Pure. row: store.booking.

local money = require("services.money")
local services = require("services.rules")

local view = {}

local or_null = services.or_null
local function time(seconds)
  return kordless.time.format(seconds)
end

function view.number(row)
  return row.id:upper()
end

function view.short(row)
  return {
    id = row.id,
    confirmation_number = view.number(row),
    status = row.status,
    start_at = time(row.start_at),
    end_at = time(row.end_at),
    service_name = row.service_name,
    organization_name = row.organization_name,
    location = services.location(row.location_type, row.location_value),
  }
end

function view.full(row)
  local shown = view.short(row)
  shown.organization_slug = row.organization_slug
  shown.service_id = row.service_key
  shown.service_slug = row.service_slug
  shown.timezone = row.timezone
  shown.contact = {
    name = row.contact_name,
    email = or_null(row.contact_email),
    phone = or_null(row.contact_phone),
  }
  return shown
end

function view.own(row)
  local shown = view.full(row)
  shown.host_id = or_null(row.host_id)
  shown.team_id = or_null(row.team_id)
  shown.party_size = row.party_size
  shown.notes = or_null(row.notes)
  shown.price = or_null(money.major(row.price, row.currency))
  shown.currency = or_null(row.currency)
  shown.outcome = or_null(row.outcome)
  shown.cancel_reason = or_null(row.cancel_reason)
  shown.policy = row.policy
  shown.created_at = time(row.created_at)
  shown.updated_at = time(row.updated_at)
  shown.version = row.version
  return shown
end

return view
