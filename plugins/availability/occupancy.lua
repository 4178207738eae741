-- What a booking takes of its hosts' time, and what is left of theirs. Pure. It says of a start
-- what the ledger's trigger would say of the insert.

local occupancy = {}

-- The subject of the places of one session: a service of several places, given at one
-- start by one candidate.
function occupancy.session(service, who, start)
  return service.id .. "/" .. who.key .. "/" .. start
end

-- What a booking takes of its hosts' time: with the buffers.
function occupancy.reach(service, start)
  local length = service.duration_minutes * 60
  return start - service.buffer_before * 60, start + length + service.buffer_after * 60
end

-- An empty list of slots of a service, for starts in [lo, hi) of which `units` places are free.
-- most: slots; look: starts that may be looked at.
function occupancy.list(service, lo, hi, units, most, look)
  return kordless.slots.new({
    zone = service.timezone,
    step = service.slot_interval_minutes * 60,
    length = service.duration_minutes * 60,
    before = service.buffer_before * 60,
    after = service.buffer_after * 60,
    capacity = service.max_parallel_bookings,
    lo = lo, hi = hi, units = units, most = most, look = look,
  })
end

-- Places left for `who` at `start`, 0 when there are none. taken: store.taken, or nil.
function occupancy.free(service, taken, who, start)
  local one = occupancy.list(service, start, start + 1, 0, 1, 1)
  one:add(1, kordless.span.new(start, start + service.duration_minutes * 60), taken, who.hosts)
  local _, free = one:get(1)
  return free
end

return occupancy
