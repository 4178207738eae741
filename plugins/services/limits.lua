-- How many bookings a service takes in a day, a week (from Monday) and a month, and how many
-- minutes of them: of all, of one host, of one contact. Pure.
--
-- {per_day, per_week, per_month, minutes_per_day, minutes_per_week, minutes_per_month,
-- per_host = {the same}, per_contact = {the same}}; each is optional. Stored as JSON in
-- service.limits, NULL where there are none.

local limits = {}

local units = { "day", "week", "month" }
local nested = { "per_host", "per_contact" }

-- Counting is the writer's work at every booking: it is bounded here.
limits.MOST = 10000
limits.MOST_MINUTES = 1000000

local function whole(faults, path, value, most)
  if math.type(value) ~= "integer" or value < 1 or value > most then
    faults[#faults + 1] = ("%s must be a whole number from 1 to %d"):format(path, most)
  end
end

local function look(faults, path, value)
  for _, unit in ipairs(units) do
    for name, most in pairs({ per_ = limits.MOST, minutes_per_ = limits.MOST_MINUTES }) do
      local member = value[name .. unit]
      if member ~= nil and member ~= kordless.json.null then
        whole(faults, path .. name .. unit, member, most)
      end
    end
  end
end

-- What is wrong with `limits` as a client sends it: appended to faults. null clears a member,
-- and in its place all of them.
function limits.check(faults, value)
  if value == nil or value == kordless.json.null then
    return
  end
  if type(value) ~= "table" then
    faults[#faults + 1] = "limits must be an object"
    return
  end
  look(faults, "limits.", value)
  for _, name in ipairs(nested) do
    local inside = value[name]
    if type(inside) == "table" then
      look(faults, "limits." .. name .. ".", inside)
    elseif inside ~= nil and inside ~= kordless.json.null then
      faults[#faults + 1] = "limits." .. name .. " must be an object"
    end
  end
end

local function merged(old, patch)
  for _, unit in ipairs(units) do
    for _, name in ipairs({ "per_" .. unit, "minutes_per_" .. unit }) do
      local value = patch[name]
      if value == kordless.json.null then
        old[name] = nil
      elseif value ~= nil then
        old[name] = value
      end
    end
  end
  return old
end

-- The limits of a stored text, or nil.
function limits.of(text)
  return text and kordless.json.decode(text) or nil
end

-- What to store: a stored text (or nil) with what a client sends laid over it (RFC 7396);
-- json.null when nothing is left.
function limits.merge(text, patch)
  if patch == nil then
    return text or kordless.json.null
  end
  if patch == kordless.json.null then
    return patch
  end
  local all = merged(limits.of(text) or {}, patch)
  for _, name in ipairs(nested) do
    if patch[name] == kordless.json.null then
      all[name] = nil
    elseif patch[name] ~= nil then
      all[name] = merged(all[name] or {}, patch[name])
    end
    all[name] = all[name] and next(all[name]) and all[name] or nil
  end
  return next(all) and kordless.json.encode(all) or kordless.json.null
end

-- What clients see: null where there are none.
function limits.show(text)
  return limits.of(text) or kordless.json.null
end

-- The first day of the unit that `day` lies in, and the first of the next one.
local function reach(unit, day)
  if unit == "day" then
    return day, day + 1
  elseif unit == "week" then
    local monday = day - kordless.time.weekday(day) + 1
    return monday, monday + 7
  end
  local year, month = kordless.time.date(day):match("^(%d+)-(%d+)")
  local first = kordless.time.days(year .. "-" .. month .. "-01")
  local following = month == "12" and ("%04d-01-01"):format(year + 1)
    or ("%s-%02d-01"):format(year, month + 1)
  return first, kordless.time.days(following) or first + 31 -- there is no year 10000
end

local FIRST, LAST = -719162, 2932896 -- 0001-01-01 and 9999-12-31: nobody has hours beyond

-- The spans that a booking on `day` counts in, in a zone's wall time: {unit, from, to, count?,
-- minutes?}, instants and what they take at most. members: limits, or per_host of them.
function limits.windows(members, zone, day)
  local list, known = {}, members and FIRST <= day and day <= LAST
  for _, unit in ipairs(known and units or {}) do
    local count, minutes = members["per_" .. unit], members["minutes_per_" .. unit]
    if count or minutes then
      local first, after = reach(unit, day)
      list[#list + 1] = {
        unit = unit, count = count, minutes = minutes,
        from = kordless.zone.instant(zone, first, 0), to = kordless.zone.instant(zone, after, 0),
      }
    end
  end
  return list
end

local whose = { service = "", host = " of one host", contact = " of one customer" }

-- Why a booking of `length` minutes is one too many in a window that has n of `minutes`; nil
-- when it is not. of: "service", "host" or "contact".
function limits.broken(window, of, n, minutes, length)
  local most, what = window.count, "bookings"
  if not (most and n + 1 > most) then
    most, what = window.minutes, "minutes"
    if not (most and minutes + length > most) then
      return nil
    end
  end
  return {
    code = "limit_reached",
    message = ("This service takes at most %d %s%s a %s."):format(most, what, whose[of],
      window.unit),
  }
end

return limits
