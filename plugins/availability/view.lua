-- Slots as clients see them. Pure.

local view = {}

-- What slots of one candidate have in common, for each. timezone: the one asked for, else the
-- service's. It is shown and changes nothing else.
function view.faces(world, timezone)
  local service, null, list = world.service, kordless.json.null, {}
  for i, who in ipairs(world.candidates) do
    list[i] = {
      capacity = service.max_parallel_bookings,
      serviceId = service.key,
      hostId = who.id or null,
      teamId = who.team and who.team.id or null,
      timezone = timezone or service.timezone,
      host = who.host and { id = who.id, displayName = who.host.display_name } or null,
      team = who.team and { id = who.team.id, name = who.team.name } or null,
    }
  end
  return list
end

-- slots: offer.list of this world.
function view.slots(slots, world, timezone)
  return slots:show({ start = "startsAt", finish = "endsAt", free = "availableCapacity" },
    view.faces(world, timezone))
end

-- The short form, offered when a slot was taken. slots: offer.alternatives.
function view.alternatives(slots, world)
  local list = kordless.json.array({})
  for i, slot in ipairs(slots) do
    list[i] = {
      startsAt = kordless.time.format(slot.start),
      endsAt = kordless.time.format(slot.start + world.service.duration_minutes * 60),
      hostId = world.candidates[slot.who].id or kordless.json.null,
    }
  end
  return list
end

return view
