-- A calendar minute by minute: slow, naive, and written apart from the plugins. It marks every
-- minute that is open and whom it finds there, and knows civil time only by looking at clocks.
--
-- cal: {now, tiers (list of schedules), hosts (id -> {schedule?}), closures, closed_in (zone),
-- offs ({host, a, b}), taken ({service, start, host, units})}; service: {duration, step, before,
-- after, notice, window, capacity, zone, hosts, collective, limits?}; instants are seconds.

local instant = require("tests.talk.support.instant")
local zone = require("tests.spec.support.zone")

local minutes = {}

local DAYS = { "thu", "fri", "sat", "sun", "mon", "tue", "wed" } -- 1970 began on a Thursday
local AROUND = 4 * 1440

local function number(date) return instant.seconds(date .. "T00:00:00Z") // 86400 end
local function of_day(text) return tonumber(text:sub(1, 2)) * 60 + tonumber(text:sub(4, 5)) end

-- The first minute in [lo, hi] at which a zone's clock shows each minute, or a later one.
local function reached(name, lo, hi)
  local first, latest = {}, nil
  for m = lo, hi do
    local day, minute = zone.wall(name, m * 60)
    local shown = day * 1440 + minute
    for passed = (latest or shown - 1) + 1, shown do first[passed] = m end
    latest = math.max(latest or shown, shown)
  end
  return first
end

-- Marks the minutes at which a schedule is open.
local function opened(schedule, lo, hi)
  local clock, open, by_date = reached(schedule.timezone, lo, hi), {}, {}
  for _, one in ipairs(schedule.overrides) do by_date[number(one.date)] = one.hours or {} end
  for day = lo // 1440, hi // 1440 do
    for _, range in ipairs(by_date[day] or schedule.weekly[DAYS[day % 7 + 1]] or {}) do
      local a, b = of_day(range[1]), of_day(range[2])
      a, b = clock[day * 1440 + a], clock[day * 1440 + (b > a and b or b + 1440)]
      for m = a or b and lo or hi + 1, (b or hi + 1) - 1 do open[m] = true end
    end
  end
  return open
end

local function closed(cal, lo, hi)
  local clock, shut = reached(cal.closed_in, lo, hi), {}
  for _, one in ipairs(cal.closures) do
    local a, b = clock[number(one.first_date) * 1440], clock[(number(one.last_date) + 1) * 1440]
    for m = a or b and lo or hi + 1, (b or hi + 1) - 1 do shut[m] = true end
  end
  return shut
end

-- Minutes open for all of a candidate's hosts, in all tiers, on no closed day.
local function hours(cal, service, hosts, lo, hi)
  local sets = {}
  for _, tier in ipairs(cal.tiers) do
    if not tier.of or tier.of == service.slug then sets[#sets + 1] = opened(tier, lo, hi) end
  end
  for _, id in ipairs(hosts) do
    local own = cal.hosts[id].schedule
    if own then sets[#sets + 1] = opened(own, lo, hi) end
  end
  local shut, open = closed(cal, lo, hi), {}
  for m = lo, hi do
    local yes = sets[1] and not shut[m]
    for _, set in ipairs(sets) do yes = yes and set[m] end
    open[m] = yes or nil
  end
  return open
end

local function key_of(service, host) return service.collective and "all" or host end

-- Who is where: host -> minute -> list of what is there.
local function crowd(cal)
  local there = {}
  local function put(host, a, b, what)
    there[host] = there[host] or {}
    for m = a // 60, (b - 1) // 60 do
      there[host][m] = there[host][m] or {}
      table.insert(there[host][m], what)
    end
  end
  for _, off in ipairs(cal.offs) do put(off.host, off.a, off.b, { off = true }) end
  for i, one in ipairs(cal.taken) do
    local s = one.service
    local group = s.capacity > 1 and table.concat({ s.slug, key_of(s, one.host), one.start }, "/") or i
    local finish = one.start + s.duration * 60 + s.after * 60
    for _, host in ipairs(s.collective and s.hosts or { one.host }) do
      put(host, one.start - s.before * 60, finish, { group = group })
    end
  end
  return there
end

local function places(cal, service, hosts, host, start, there)
  local group = table.concat({ service.slug, key_of(service, host), start }, "/")
  for _, id in ipairs(hosts) do
    for m = start // 60 - service.before, start // 60 + service.duration + service.after - 1 do
      for _, what in ipairs(there[id] and there[id][m] or {}) do
        if what.group ~= group then return 0 end
      end
    end
  end
  local left = service.capacity
  for _, one in ipairs(cal.taken) do
    if one.service == service and one.start == start and (service.collective or one.host == host) then
      left = left - one.units
    end
  end
  return left
end

local function labels(name, at)
  local day = zone.wall(name, at)
  return { day = day, week = (day + 3) // 7, month = os.date("!%Y-%m", day * 86400) }
end

-- Whether one more booking at `start` is too much for these limits.
local function too_many(cal, service, limits, name, host, start)
  local here = labels(name, start)
  for unit, label in pairs(here) do
    local n, long = 1, service.duration
    for _, one in ipairs(cal.taken) do
      local counts = one.service == service and not one.hold and (not host or one.host == host)
      if counts and labels(name, one.start)[unit] == label then
        n, long = n + 1, long + service.duration
      end
    end
    if n > (limits["per_" .. unit] or n) or long > (limits["minutes_per_" .. unit] or long) then
      return true
    end
  end
end

local function limited(cal, service, host, start)
  local all = service.limits
  if not all then return false end
  local own = host and cal.hosts[host].schedule
  return too_many(cal, service, all, service.zone, nil, start)
    or all.per_host and too_many(cal, service, all.per_host, own and own.timezone or service.zone,
      not service.collective and host, start)
end

-- Slots {start, host or false, free} of a service that begin in [from, to), by start and host.
function minutes.slots(cal, service, from, to, party)
  local list, there = {}, crowd(cal)
  local lo, hi = from // 60 - AROUND, to // 60 + AROUND
  local clock, midnight = reached(service.zone, lo, hi), {}
  for day = lo // 1440, hi // 1440 do midnight[clock[day * 1440] or -1] = true end
  for _, host in ipairs(service.collective and { false } or service.hosts) do
    local hosts = host and { host } or service.hosts
    local open, run, anchor = hours(cal, service, hosts, lo, hi), {}, nil
    for m = hi, lo, -1 do run[m] = open[m] and (run[m + 1] or 0) + 1 or 0 end
    for m = lo, to // 60 - 1 do
      if open[m] and (not open[m - 1] or midnight[m]) then anchor = m end
      local start = m * 60
      if open[m] and (m - anchor) % service.step == 0 and run[m] >= service.duration and start >= from
        and start >= cal.now + service.notice * 60 and start <= cal.now + service.window * 86400
        and not limited(cal, service, host, start) then
        local free = places(cal, service, hosts, host, start, there)
        if free >= party then list[#list + 1] = { start = start, host = host, free = free } end
      end
    end
  end
  table.sort(list, function(x, y)
    return x.start < y.start or x.start == y.start and (x.host or "") < (y.host or "")
  end)
  return list
end

return minutes
