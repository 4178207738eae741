-- Opening hours as sets of instants, and the grid of starts in them. Pure, but for what is kept
-- of it for the next question.
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

local function lay_out(world, from, to)
  local layout = { schedules = world.schedules, from = from, to = to, hours = {}, open = {},
    closed = windows.closed(world, world.closures) }
  for _, owner in ipairs({ world.organization_id, world.team_id or false, world.service.id }) do
    local schedule = world.schedules[owner]
    if schedule then
      local set = windows.open(schedule, from, to)
      layout.shared = layout.shared and layout.shared:intersect(set) or set
    end
  end
  return layout
end

-- What was laid out of a world stays true for as long as the world is read anew for each change:
-- whole days of it are kept, since the next question is about the same ones. By the world's
-- service, of its newest source (worlds.lua), then by days; all of it goes when it has `ROOM`
-- spans, where a source counts as many as it may be worth.
local ROOM, SOURCE = 50000, 200
local kept, room = {}, ROOM

local function keep(spans)
  room = room - spans
  if room < 0 then
    kept, room = {}, ROOM
  end
end

local function keep_of(world)
  local known = kept[world.service.id]
  if not known or known.source ~= world.source then
    keep(SOURCE)
    known = { source = world.source }
    kept[world.service.id] = known
  end
  return known
end

-- Lays out everything a look at [lo, hi) needs: the hours of the tiers all candidates
-- share, and as they are asked for those of each. An absent schedule does not restrict.
function windows.layout(world, lo, hi)
  local first, last = lo // 86400, (hi - 1) // 86400
  local key = first << 12 | last - first -- no question is about more than 62 days
  local known = world.source and kept[world.service.id]
  local layout = known and known.source == world.source and known[key]
  if not layout then
    layout = lay_out(world, first * 86400 - BEFORE,
      (last + 1) * 86400 + world.service.duration_minutes * 60)
    if world.source then
      keep(8 + #layout.closed + (layout.shared and #layout.shared or 0))
      keep_of(world)[key] = layout
    end
  end
  return layout
end

-- The hours of a candidate (all of its hosts), also on closed days. With no schedule at all
-- there are none.
function windows.hours(layout, who)
  local set = layout.hours[who.key]
  if set then
    return set
  end
  set = layout.shared
  for _, id in ipairs(who.hosts) do
    local schedule = layout.schedules[id]
    local own = schedule and windows.open(schedule, layout.from, layout.to)
    set = own and set and set:intersect(own) or own or set
  end
  set = set or kordless.span.new()
  layout.hours[who.key] = set
  keep(#set)
  return set
end

-- When a candidate can be booked.
function windows.of(layout, who)
  local set = layout.open[who.key]
  if not set then
    set = windows.hours(layout, who)
    set = #layout.closed > 0 and set:subtract(layout.closed) or set
    layout.open[who.key] = set
    keep(#set)
  end
  return set
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
