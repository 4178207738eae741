-- Opening hours and closures: what clients send, what is stored, what they see. Pure.
--
-- A window is ["09:00", "17:00"]; "24:00" ends a day, and an end at or before its beginning
-- lies on the next day: ["22:00", "02:00"]. Stored are hours that count on, "26:00", which is
-- what availability.windows reads.

local fields = require("services.fields")
local patch = require("services.patch")
local rules = require("services.rules")

local hours = {}

local DAY = 1440
local days = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }

-- "09:30" in minutes; nil when it is no time of a day up to 24:00.
local function minutes(text)
  local hour, minute = text:match("^(%d%d):(%d%d)$")
  hour, minute = tonumber(hour), tonumber(minute)
  local total = hour and minute < 60 and hour * 60 + minute
  return total and total <= DAY and total or nil
end

local function text(total)
  return ("%02d:%02d"):format(total // 60, total % 60)
end

-- {a, b} in minutes, b up to a day after a; nil after telling why not.
local function window(faults, name, pair)
  local a, b = minutes(pair[1]), minutes(pair[2])
  if not a or not b or a == DAY then
    fields.fault(faults, name, 'must be two times such as ["09:00", "17:00"], at most "24:00"')
  elseif a == b then
    fields.fault(faults, name, "ends when it begins")
  else
    return { a, b < a and b + DAY or b, name = name }
  end
end

-- The windows of a day in their order, none of which meets another.
local function windows(faults, name, list)
  local found = {}
  for i, pair in ipairs(list) do
    found[#found + 1] = window(faults, name .. "[" .. i .. "]", pair)
  end
  table.sort(found, function(x, y) return x[1] < y[1] end)
  for i = 2, #found do
    if found[i][1] < found[i - 1][2] then
      fields.fault(faults, found[i].name, "overlaps " .. found[i - 1].name)
    end
  end
  return found
end

local function stored(list)
  local pairs_of = kordless.json.array({})
  for i, range in ipairs(list) do
    pairs_of[i] = { text(range[1]), text(range[2]) }
  end
  return pairs_of
end

-- A window past midnight may not run into the next day's first.
local function runs_over(faults, week)
  for i, day in ipairs(days) do
    local last, first = week[day][#week[day]], week[days[i % 7 + 1]][1]
    if last and first and last[2] - DAY > first[1] then
      fields.fault(faults, last.name, "runs into " .. first.name)
    end
  end
end

local function weekly(faults, sent)
  local week, kept = {}, {}
  for _, day in ipairs(days) do
    week[day] = windows(faults, "weekly." .. day, sent[day] or {})
    kept[day] = stored(week[day])
  end
  runs_over(faults, week)
  local strange = {}
  for name in pairs(sent) do
    strange[#strange + 1] = not week[name] and tostring(name) or nil
  end
  table.sort(strange)
  for _, name in ipairs(strange) do
    fields.fault(faults, "weekly." .. name, "is no day; days are mon, tue, wed, thu, fri, sat, sun")
  end
  return kept
end

local function override(faults, name, sent)
  local list = sent.hours or {}
  if sent.closed and list[1] then
    fields.fault(faults, name, "is closed or has hours, not both")
  elseif not sent.closed and not list[1] then
    fields.fault(faults, name, "needs hours, or closed: true")
  end
  local found = windows(faults, name .. ".hours", list)
  if sent.closed then
    return { date = sent.date, closed = true }
  end
  return { date = sent.date, hours = stored(found) }
end

local function overrides(faults, sent)
  local kept, seen = kordless.json.array({}), {}
  for i, one in ipairs(sent) do
    local name = "overrides[" .. i .. "]"
    if seen[one.date] then
      fields.fault(faults, name .. ".date", "is the same as that of " .. seen[one.date])
    end
    seen[one.date] = name
    kept[i] = override(faults, name, one)
  end
  table.sort(kept, function(x, y) return x.date < y.date end)
  return kept
end

-- The schedule as it is stored, and the faults it has.
function hours.schedule(body)
  local faults = {}
  return {
    timezone = body.timezone,
    weekly = weekly(faults, body.weekly),
    overrides = overrides(faults, body.overrides or {}),
  }, faults
end

-- "26:00" is "02:00" to those who read it.
local function shown(list)
  local windows_of = kordless.json.array({})
  for i, range in ipairs(list) do
    local hour, minute = range[2]:match("^(%d+):(%d+)$")
    local ends = tonumber(hour) * 60 + tonumber(minute)
    windows_of[i] = { range[1], text(ends > DAY and ends - DAY or ends) }
  end
  return windows_of
end

function hours.shown(row)
  local week, dates = {}, kordless.json.array({})
  local kept = kordless.json.decode(row.weekly)
  for _, day in ipairs(days) do
    week[day] = shown(kept[day] or {})
  end
  for i, one in ipairs(kordless.json.decode(row.overrides)) do
    dates[i] = one.hours and { date = one.date, hours = shown(one.hours) }
      or { date = one.date, closed = true }
  end
  return { timezone = row.timezone, weekly = week, overrides = dates, version = row.version }
end

-- One of several: with whose it is.
function hours.listed(row)
  local schedule = hours.shown(row)
  schedule.id = row.id
  return schedule
end

-- closures -----------------------------------------------------------------------------

-- One day where no last one is named. Dates beyond are no plans but mistakes.
function hours.closure(id, body)
  local faults = {}
  body = patch.merge({}, body)
  local first, last = body.first_date, body.last_date or body.first_date
  if last < first then
    fields.fault(faults, "last_date", "must not lie before first_date")
  end
  if first < "1970" or last >= "2200" then
    fields.fault(faults, "first_date", "and last_date must lie in the years 1970 to 2199")
  end
  return { id = id, first_date = first, last_date = last, reason = fields.text(body.reason) },
    faults
end

function hours.shown_closure(row)
  return {
    id = row.id, first_date = row.first_date, last_date = row.last_date,
    reason = rules.or_null(row.reason),
  }
end

return hours
