-- What clients ask of availability, checked. Pure.

local fields = require("services.fields")

local input = {}

local LONGEST = 62 * 86400

input.TOO_MANY = "from and to span too many slots: more than 10,000 in one answer; ask for "
  .. "a shorter period."

-- from, to and timezone, as every list of slots takes them.
function input.range(faults, query)
  local from = fields.bound(faults, "from", query.from, true)
  local to = fields.bound(faults, "to", query.to, true)
  if from and to and from >= to then
    fields.fault(faults, "from", "must lie before to")
  elseif from and to and to - from > LONGEST then
    fields.fault(faults, "from", "and to lie more than 62 days apart; ask for a shorter period")
  end
  return from, to
end

-- Returns the query and its faults.
function input.list(query, now)
  local faults, asked = {}, { now = now }
  asked.org_slug = fields.slug(faults, "org_slug", query.org_slug, true)
  asked.service_slug = fields.slug(faults, "service_slug", query.service_slug, true)
  asked.from, asked.to = input.range(faults, query)
  asked.party_size = fields.integer(faults, "partySize", query.partySize,
    { min = 1, max = 1000000, default = 1, query = true })
  asked.timezone = fields.zone(faults, "timezone", query.timezone)
  return asked, faults
end

return input
