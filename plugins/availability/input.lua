-- What clients ask of availability: the schemas of plugin.lua have seen each field, here are
-- the rules over two of them. Pure.

local fields = require("services.fields")

local input = {}

local LONGEST = 62 * 86400

input.TOO_MANY = "from and to span too many slots: more than 10,000 in one answer; ask for "
  .. "a shorter period."

-- from and to, as every list of slots takes them.
function input.range(faults, query)
  local from, to = fields.bound(query.from), fields.bound(query.to)
  if from >= to then
    fields.fault(faults, "from", "must lie before to")
  elseif to - from > LONGEST then
    fields.fault(faults, "from", "and to lie more than 62 days apart; ask for a shorter period")
  end
  return from, to
end

-- Returns the query and its faults.
function input.list(query, now)
  local faults = {}
  local from, to = input.range(faults, query)
  return {
    now = now, from = from, to = to,
    org_slug = query.org_slug, service_slug = query.service_slug,
    party_size = query.partySize, timezone = query.timezone,
    host_id = query.host_id, team_id = query.team_id,
    unbookable = query.include == "unbookable",
  }, faults
end

-- In every zone the days of a slot between these lie in the years that can be written.
local FIRST, LAST = -62135424000, 253402214400 -- 0001-01-03 and 9999-12-31, 00:00 in UTC

-- One start of a service, to be explained. Returns what is asked and its faults.
function input.explain(query, service, now)
  local faults, start, fraction = {}, fields.asked(query.at)
  local finish = start + service.duration_minutes * 60
  if start < FIRST or finish > LAST then
    fields.fault(faults, "at", "is so far away that no calendar has it")
  end
  return {
    now = now, start = start, finish = finish, fraction = fraction or false,
    party_size = query.partySize, host_id = query.host_id, team_id = query.team_id,
  }, faults
end

return input
