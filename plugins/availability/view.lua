-- Slots as clients see them. Pure.

local view = {}

-- What slots of one candidate have in common.
local function face(who)
  local null = kordless.json.null
  return {
    id = who.id or null,
    team_id = who.team and who.team.id or null,
    host = who.host and { id = who.id, displayName = who.host.display_name } or null,
    team = who.team and { id = who.team.id, name = who.team.name } or null,
  }
end

-- timezone: the one asked for, else the service's. It is shown and changes nothing else.
function view.slots(slots, service, timezone)
  local list, faces = kordless.json.array({}), {}
  for i, slot in ipairs(slots) do
    local who = faces[slot.who] or face(slot.who)
    faces[slot.who] = who
    list[i] = {
      startsAt = kordless.time.format(slot.start),
      endsAt = kordless.time.format(slot.finish),
      capacity = service.max_parallel_bookings,
      availableCapacity = slot.free,
      serviceId = service.key,
      hostId = who.id,
      teamId = who.team_id,
      timezone = timezone or service.timezone,
      host = who.host,
      team = who.team,
    }
  end
  return list
end

-- The short form, offered when a slot was taken.
function view.alternatives(slots)
  local list = kordless.json.array({})
  for i, slot in ipairs(slots) do
    list[i] = {
      startsAt = kordless.time.format(slot.start),
      endsAt = kordless.time.format(slot.finish),
      hostId = slot.who.id or kordless.json.null,
    }
  end
  return list
end

return view
