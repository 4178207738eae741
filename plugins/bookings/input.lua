-- What clients send about bookings, checked. Pure. Each function returns what was asked
-- for and the faults it has.

local contact = require("bookings.contact")
local fields = require("services.fields")
local ranges = require("availability.input")

local input = {}

local NOTES = { max = 2000 }

-- A start and an end; whether either has a fraction is a matter of the rules.
local function times(faults, asked, body, starts, ends)
  local start, odd_start = fields.instant(faults, starts, body[starts], true)
  local finish, odd_finish = fields.instant(faults, ends, body[ends], true)
  asked.start, asked.finish = start, finish
  asked.fraction = odd_start or odd_finish or false
end

-- public: with the organization's slug
function input.create(value, public)
  local faults, asked = {}, {}
  local body = fields.body(faults, value)
  if faults[1] then
    return asked, faults
  end
  if public then
    asked.org_slug = fields.slug(faults, "org_slug", body.org_slug, true)
  end
  asked.service_slug = fields.slug(faults, "service_slug", body.service_slug, true)
  times(faults, asked, body, "starts_at", "ends_at")
  asked.timezone = fields.zone(faults, "timezone", body.timezone, true)
  asked.contact = contact.read(faults, body.contact)
  asked.party_size = fields.integer(faults, "party_size", body.party_size,
    { min = 1, max = 1000000, default = 1 })
  asked.host_id = fields.id(faults, "host_id", body.host_id)
  asked.team_id = fields.id(faults, "team_id", body.team_id)
  asked.notes = fields.text(faults, "notes", body.notes, NOTES)
  return asked, faults
end

-- The confirmation number in a path and the contact in a query.
function input.person(req)
  local faults = {}
  local claim = contact.claim(faults, req.query.contact, true)
  return claim, faults
end

function input.reschedule(value)
  local faults, asked = {}, {}
  local body = fields.body(faults, value)
  if faults[1] then
    return asked, faults
  end
  times(faults, asked, body, "start_at", "end_at")
  asked.timezone = fields.zone(faults, "timezone", body.timezone)
  asked.notes = fields.text(faults, "notes", body.notes, NOTES)
  return asked, faults
end

function input.slots(query)
  local faults, asked = {}, {}
  asked.from, asked.to = ranges.range(faults, query)
  asked.timezone = fields.zone(faults, "timezone", query.timezone)
  return asked, faults
end

-- The filters of the organization's list.
function input.list(query)
  local faults, asked = {}, {}
  asked.from = fields.bound(faults, "from", query.from)
  asked.to = fields.bound(faults, "to", query.to)
  if asked.from and asked.to and asked.from >= asked.to then
    fields.fault(faults, "from", "must lie before to")
  end
  asked.status =
    fields.one_of(faults, "status", query.status, { "confirmed", "pending", "canceled" })
  asked.service_slug = fields.slug(faults, "service_slug", query.service_slug)
  asked.host_id = fields.id(faults, "host_id", query.host_id)
  asked.contact = contact.claim(faults, query.contact)
  asked.updated_since = fields.bound(faults, "updated_since", query.updated_since)
  asked.limit = fields.integer(faults, "limit", query.limit,
    { min = 1, max = 100, default = 50, query = true })
  asked.cursor = query.cursor
  return asked, faults
end

return input
