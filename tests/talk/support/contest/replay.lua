-- Plays back what the callers were told, and says what of it cannot have been so.

local replay = {}

-- All beginnings and ends by tick, ends first.
local function events(spans)
  local list = {}
  for _, span in ipairs(spans) do
    list[#list + 1] = { at = span.from, span = span }
    if span.to then list[#list + 1] = { at = span.to, span = span, over = true } end
  end
  table.sort(list, function(x, y)
    if x.at ~= y.at then return x.at < y.at end
    return x.over and not y.over or false
  end)
  return list
end

-- Two things of which each was surely had at the same time, on one host at the same hour.
local function clash(memory, active, place)
  for _, host in ipairs(place.hosts) do
    for other in pairs(active[host] or {}) do
      if other.group ~= place.group and other.a < place.b and place.a < other.b then
        memory:fault("peak: a host is taken twice, by %s and %s", other.group, place.group)
      end
    end
  end
end

-- Peaks of what was surely taken, at every tick.
local function peaks(memory)
  local active, units = {}, {}
  for _, event in ipairs(events(memory.spans)) do
    local place = event.span.place
    local by = event.over and -place.units or place.units
    units[place.group] = (units[place.group] or 0) + by
    if not event.over then
      if units[place.group] > place.capacity then
        memory:fault("peak: %d units of %d in %s", units[place.group], place.capacity, place.group)
      end
      clash(memory, active, place)
    end
    for _, host in ipairs(place.hosts) do
      active[host] = active[host] or {}
      active[host][place] = not event.over or nil
    end
  end
end

-- Nothing is put where a host is surely away.
local function absences(memory)
  local offs = {}
  for _, one in ipairs(memory.laid) do
    local off, place = one.off, one.place
    if off then offs[off.host] = offs[off.host] or {} end
    if off then table.insert(offs[off.host], off) end
    for _, host in ipairs(place and place.hosts or {}) do
      for _, away in ipairs(offs[host] or {}) do
        if away.from < one.sent and (away.to or math.huge) > one.done and away.a < place.b
          and place.a < away.b then
          memory:fault("away: %s is put where its host is away", place.group)
        end
      end
    end
  end
end

-- One order of the changes of a booking explains all answers: versions are given once, a
-- change that began after another was answered comes later, and nothing follows a cancellation.
local function order(memory, b)
  local versioned, seen = {}, {}
  for _, ack in ipairs(b.acks) do
    if ack.v then
      if seen[ack.v] then memory:fault("order: %s has version %d twice", b.id, ack.v) end
      seen[ack.v] = true
      versioned[#versioned + 1] = ack
    end
    if b.canceled and ack.sent > b.canceled then
      memory:fault("order: %s was changed after it was canceled", b.id)
    end
  end
  table.sort(versioned, function(x, y) return x.v < y.v end)
  local latest = 0
  for _, ack in ipairs(versioned) do
    if ack.done < latest then memory:fault("order: %s goes back in time at %d", b.id, ack.v) end
    latest = math.max(latest, ack.sent)
  end
end

-- One key has one answer, whoever asks again and whatever happened between.
local function answers(memory, try)
  local first, originals = try.answers[1], 0
  for _, answer in ipairs(try.answers) do
    if answer.status ~= first.status or answer.body ~= first.body then
      memory:fault("idempotency: %s is answered %d %s and %d %s", try.key, first.status,
        first.body, answer.status, answer.body)
    end
    originals = originals + (answer.replayed and 0 or 1)
  end
  if originals > 1 or originals == 0 and first and not try.lost then
    memory:fault("idempotency: %s has %d answers that are no replays", try.key, originals)
  end
end

function replay.check(memory)
  peaks(memory)
  absences(memory)
  for _, b in pairs(memory.bookings) do order(memory, b) end
  for _, try in pairs(memory.tries) do answers(memory, try) end
  return memory.faults
end

return replay
