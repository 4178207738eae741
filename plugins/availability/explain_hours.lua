-- What the schedules and closures have to say of one slot, tier by tier. Pure.

local windows = require("availability.windows")

local hours = {}

local days = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }
local EARLIER = 50 * 3600 -- a window that a slot lies in may have begun the day before

local function clock(minutes)
  return ("%02d:%02d"):format(minutes // 60, minutes % 60)
end

local function told(ranges)
  local list = {}
  for i, range in ipairs(ranges) do
    list[i] = clock(range[1]) .. "–" .. clock(range[2])
  end
  return ranges[1] and table.concat(list, ", ") or "closed"
end

local function ranges_of(schedule, day)
  return schedule.overrides[day] or schedule.weekly[kordless.time.weekday(day)] or {}
end

-- The day whose hours decide: that of the start, or the one before when its last window runs
-- past midnight and the start lies in it.
local function deciding(schedule, start)
  local today = kordless.zone.wall(schedule.timezone, start)
  for _, range in ipairs(ranges_of(schedule, today - 1)) do
    local a = kordless.zone.instant(schedule.timezone, today - 1, range[1])
    local b = kordless.zone.instant(schedule.timezone, today - 1, range[2])
    if range[2] > 1440 and a <= start and start < b then
      return today - 1
    end
  end
  return today
end

-- tier: "organization", "team", "host" or "service"; schedule: windows.schedule, or nil.
function hours.of(tier, schedule, start, finish)
  if not schedule then
    return { tier = tier, rule = "schedule", effect = "allows",
      message = "Has no hours of its own, which restricts nothing." }
  end
  local day = deciding(schedule, start)
  local set = windows.open(schedule, start - EARLIER, finish)
  local effect = "closes"
  if set:covers(start, finish) then
    effect = "opens"
  elseif set:touches(start, finish) then
    effect = "narrows"
  end
  local name, date = days[kordless.time.weekday(day)], kordless.time.date(day)
  return {
    tier = tier, effect = effect,
    rule = schedule.overrides[day] and "overrides." .. date or "weekly." .. name,
    message = ("%s %s: %s (%s)%s."):format(name, date, told(ranges_of(schedule, day)),
      schedule.timezone, effect == "narrows" and ", which has only a part of it" or ""),
  }
end

-- One step for each closure that is in the way, or one that says there is none.
function hours.closures(world, start, finish)
  local steps = {}
  for _, closure in ipairs(world.closures) do
    if windows.closed(world, { closure }):touches(start, finish) then
      steps[#steps + 1] = {
        tier = "closure", rule = closure.first_date .. "/" .. closure.last_date, effect = "closes",
        message = "The organization is closed" .. (closure.reason and ": " .. closure.reason or "")
          .. ".",
      }
    end
  end
  return steps[1] and steps
    or { { tier = "closure", rule = "closures", effect = "allows", message = "No closed day." } }
end

return hours
