-- What clients send about bookings: the schemas of plugin.lua have seen each field, here it
-- takes the form the rules want. Pure. Each function returns what was asked for and the faults
-- it has.

local contact = require("bookings.contact")
local fields = require("services.fields")
local ranges = require("availability.input")

local input = {}

-- A start and an end; whether either has a fraction is a matter of the rules.
local function times(asked, starts, ends)
  local odd_start, odd_finish
  asked.start, odd_start = fields.instant(starts)
  asked.finish, odd_finish = fields.instant(ends)
  asked.fraction = odd_start or odd_finish or false
  return asked
end

function input.create(body)
  local faults = {}
  local asked = {
    org_slug = body.org_slug, service_slug = body.service_slug, timezone = body.timezone,
    contact = contact.read(faults, body.contact), party_size = body.party_size,
    host_id = body.host_id, team_id = body.team_id, notes = fields.text(body.notes),
    hold_id = body.hold_id,
  }
  return times(asked, body.starts_at, body.ends_at), faults
end

function input.reschedule(body)
  return times({
    timezone = body.timezone, notes = fields.text(body.notes), wanted_host = body.host_id,
  }, body.start_at, body.end_at)
end

-- A slot to be kept.
function input.hold(body)
  return times({
    service_slug = body.service_slug, party_size = body.party_size, host_id = body.host_id,
    team_id = body.team_id, ttl = body.ttl_minutes * 60,
  }, body.starts_at, body.ends_at)
end

-- When a host is away. A fraction of a second makes it longer.
function input.away(body)
  local faults, asked = {}, { kind = body.kind, note = fields.text(body.note) }
  asked.start, asked.finish = fields.instant(body.start_at), fields.bound(body.end_at)
  if asked.start >= asked.finish then
    fields.fault(faults, "start_at", "must lie before end_at")
  elseif asked.finish - asked.start > 366 * 86400 then
    fields.fault(faults, "start_at", "and end_at lie more than 366 days apart")
  end
  return asked, faults
end

-- What an organization notes; blank clears as null does.
function input.patch(body)
  local null = kordless.json.null
  local notes = body.notes
  if notes ~= nil and notes ~= null then
    notes = fields.text(notes) or null
  end
  return { notes = notes, outcome = body.outcome }
end

function input.slots(query)
  local faults, asked = {}, { timezone = query.timezone, wanted_host = query.host_id }
  asked.from, asked.to = ranges.range(faults, query)
  return asked, faults
end

-- The filters of the organization's list.
function input.list(query)
  local faults = {}
  local asked = {
    from = fields.bound(query.from), to = fields.bound(query.to), status = query.status,
    service_slug = query.service_slug, host_id = query.host_id,
    contact = contact.claim(query.contact), updated_since = fields.asked(query.updated_since),
    limit = query.limit, cursor = query.cursor,
  }
  if asked.from and asked.to and asked.from >= asked.to then
    fields.fault(faults, "from", "must lie before to")
  end
  return asked, faults
end

return input
