-- What the bookings of a service leave of its limits (services/limits.lua), for many starts at
-- once. Pure.

local limits = require("services.limits")

local tally = {}

local LONGEST = { day = 2, week = 8, month = 32 } -- days, with one to spare for the zones

-- How far around [lo, hi) bookings count for it: instants; nil when nothing is limited.
function tally.reach(world, lo, hi)
  local days = 0
  for _, members in ipairs({ world.limits or {}, (world.limits or {}).per_host }) do
    for unit, longest in pairs(LONGEST) do
      if members["per_" .. unit] or members["minutes_per_" .. unit] then
        days = math.max(days, longest)
      end
    end
  end
  if days > 0 then
    return lo - days * 86400, hi + days * 86400
  end
end

-- Bookings of a host count on the days of its own schedule's zone, those of the service on
-- the days of the service's.
function tally.zone(world, owner)
  local schedule = owner and world.schedules[owner]
  return schedule and schedule.timezone or world.service.timezone
end

-- Looks up the windows of an instant; neighbours share a day and are worked out once.
local function calendar(members, zone)
  local day, known = nil, nil
  return function(start)
    local today = kordless.zone.wall(zone, start)
    if today ~= day then
      day, known = today, limits.windows(members, zone, today)
    end
    return known
  end
end

local function add(sums, windows, row)
  for _, window in ipairs(windows) do
    local key = window.unit .. window.from
    local sum = sums[key] or { n = 0, minutes = 0 }
    sum.n, sum.minutes = sum.n + row.n, sum.minutes + row.minutes
    sums[key] = sum
  end
end

local none = { n = 0, minutes = 0 }

local function broken(sums, windows, of, length)
  for _, window in ipairs(windows) do
    local sum = sums[window.unit .. window.from] or none
    local why = limits.broken(window, of, sum.n, sum.minutes, length)
    if why then
      return why
    end
  end
end

-- taken: {host_id?, start_at, n, minutes} of the service's bookings, by start. Returns a
-- function that says of a slot which limit it would break, or nil.
function tally.build(world, taken)
  local all, length = world.limits, world.service.duration_minutes
  local of_service = calendar(all, tally.zone(world, world.service.id))
  local sums, hosts = {}, {}
  local function host(id)
    hosts[id] = hosts[id] or { sums = {}, windows = calendar(all.per_host, tally.zone(world, id)) }
    return hosts[id]
  end
  for _, row in ipairs(taken) do
    add(sums, of_service(row.start_at), row)
    local one = all.per_host and host(row.host_id or "")
    if one then
      add(one.sums, one.windows(row.start_at), row)
    end
  end
  return function(slot)
    local one = all.per_host and host(slot.who.id or "")
    return broken(sums, of_service(slot.start), "service", length)
      or one and broken(one.sums, one.windows(slot.start), "host", length) or nil
  end
end

return tally
