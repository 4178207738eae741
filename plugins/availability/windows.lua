-- Opening hours as sets of instants, and the grid of starts in them. Pure.
--
-- Each tier's hours are laid out date by date in the zone of its schedule, every end
-- looked up on that date's wall clock: a day has 23 to 25 hours and nothing here adds
-- 86,400 to reach the next one. What is open is organization ∩ team ∩ host ∩ service,
-- minus closures.
--
-- The grid is anchored where a window opens: 09:10 and every 30 minutes give 09:10, 09:40
-- … in elapsed time. A window that runs over midnight (of the service's zone) is anchored
-- anew there; else the grid of a place that never closes would depend on how far back one
-- looks. Only the grid is cut: a slot may run over midnight where the window does.

local windows = {}

local names = { mon = 1, tue = 2, wed = 3, thu = 4, fri = 5, sat = 6, sun = 7 }

-- Looked at before a range: a window that runs into it began at most a day earlier, and a
-- day may have 25 hours. Behind it a slot's length is enough.
local BEFORE = 50 * 3600

local function minutes(text)
  local hour, minute = text:match("^(%d%d):(%d%d)$")
  return tonumber(hour) * 60 + tonumber(minute)
end

local function ranges(hours)
  local list = {}
  for i, range in ipairs(hours or {}) do
    list[i] = { minutes(range[1]), minutes(range[2]) }
  end
  return list
end

-- From its stored form: weekly by number of the day, overrides by day since 1970.
function windows.schedule(timezone, weekly, overrides)
  local schedule = { timezone = timezone, weekly = {}, overrides = {} }
  for name, number in pairs(names) do
    schedule.weekly[number] = ranges(weekly[name])
  end
  for _, override in ipairs(overrides) do
    schedule.overrides[kordless.time.days(override.date)] = ranges(override.hours)
  end
  return schedule
end

-- One schedule's open instants on every date that touches [lo, hi).
function windows.open(schedule, lo, hi)
  return kordless.zone.open(schedule.timezone, schedule.weekly, schedule.overrides, lo, hi)
end

-- Closed days: in the organization's zone, or where it has no schedule the service's.
function windows.closed(world, closures)
  local own = world.schedules[world.organization_id]
  local zone = own and own.timezone or world.service.timezone
  local set = kordless.span.new()
  for _, closure in ipairs(closures) do
    local a = kordless.zone.instant(zone, kordless.time.days(closure.first_date), 0)
    local b = kordless.zone.instant(zone, kordless.time.days(closure.last_date) + 1, 0)
    set:add(a, b)
  end
  return set
end

-- Lays out everything a look at [lo, hi) needs: the hours of the tiers all candidates
-- share, and of each host. An absent schedule does not restrict.
function windows.layout(world, lo, hi)
  local from, to = lo - BEFORE, hi + world.service.duration_minutes * 60
  local layout = { hosts = {}, closed = windows.closed(world, world.closures) }
  for _, owner in ipairs({ world.organization_id, world.team_id or false, world.service.id }) do
    local schedule = world.schedules[owner]
    if schedule then
      local set = windows.open(schedule, from, to)
      layout.shared = layout.shared and layout.shared:intersect(set) or set
    end
  end
  for _, who in ipairs(world.candidates) do
    for _, id in ipairs(who.hosts) do
      local schedule = world.schedules[id]
      layout.hosts[id] = schedule and windows.open(schedule, from, to)
    end
  end
  return layout
end

-- The hours of a candidate (all of its hosts), also on closed days. With no schedule at all
-- there are none.
function windows.hours(layout, who)
  local set = layout.shared
  for _, id in ipairs(who.hosts) do
    local own = layout.hosts[id]
    if own then
      set = set and set:intersect(own) or own
    end
  end
  return set or kordless.span.new()
end

-- When a candidate can be booked.
function windows.of(layout, who)
  return windows.hours(layout, who):subtract(layout.closed)
end

-- The grid's starts in [lo, hi), ascending, at most `max` of them.
function windows.starts(set, zone, step, lo, hi, max)
  local grid = kordless.slots.new({
    zone = zone, step = step, length = 1, before = 0, after = 0, lo = lo, hi = hi,
    capacity = 1, units = 0, most = max, look = max,
  })
  local list = {}
  grid:add(1, set)
  for i = 1, #grid do
    list[i] = grid:get(i)
  end
  return list
end

return windows
