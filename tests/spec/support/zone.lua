-- Civil time for specs, from the system's tzdata (TZif, RFC 8536). It knows the years the
-- table has and not the rule after them.

local zone = {}

local cache = {}

-- {at = {instants}, offset = {seconds from each on}, first = seconds before all}
local function load(name)
  if cache[name] ~= nil then
    return cache[name]
  end
  local file = name:find("^[%w_/+-]+$") and io.open("/usr/share/zoneinfo/" .. name, "rb")
  local data = file and file:read("a")
  if file then
    file:close()
  end
  if not data or data:sub(1, 4) ~= "TZif" then
    cache[name] = false
    return false
  end
  local function counts(at)
    return string.unpack(">I4I4I4I4I4I4", data, at + 20)
  end
  local isut, isstd, leap, n, types, chars = counts(1)
  local second = 45 + n * 5 + types * 6 + chars + leap * 8 + isstd + isut
  isut, isstd, leap, n, types, chars = counts(second) -- luacheck: no unused
  local times, kinds = second + 44, second + 44 + n * 8
  local loaded = { at = {}, offset = {} }
  local function offset(kind)
    return (string.unpack(">i4", data, kinds + n + kind * 6))
  end
  for i = 1, n do
    loaded.at[i] = string.unpack(">i8", data, times + (i - 1) * 8)
    loaded.offset[i] = offset(data:byte(kinds + i - 1))
  end
  loaded.first = offset(0)
  cache[name] = loaded
  return loaded
end

function zone.known(name)
  return type(name) == "string" and load(name) and true or false
end

local function offset_at(loaded, seconds)
  local found = loaded.first
  local lo, hi = 1, #loaded.at
  while lo <= hi do
    local mid = (lo + hi) // 2
    if loaded.at[mid] <= seconds then
      found, lo = loaded.offset[mid], mid + 1
    else
      hi = mid - 1
    end
  end
  return found
end

function zone.wall(name, seconds)
  local offset = offset_at(assert(load(name)), seconds)
  local wall = seconds + offset
  return wall // 86400, wall % 86400 // 60, offset
end

-- The earliest instant whose wall shows this time; in a gap the transition.
function zone.instant(name, days, minutes)
  local loaded, wall = assert(load(name)), days * 86400 + minutes * 60
  local before = wall - offset_at(loaded, wall - 86400 * 2)
  local after = wall - offset_at(loaded, wall + 86400 * 2)
  local early, late = math.min(before, after), math.max(before, after)
  if early + offset_at(loaded, early) == wall then
    return early
  elseif late + offset_at(loaded, late) == wall then
    return late
  end
  for _, at in ipairs(loaded.at) do
    if at > early - 86400 and at <= late + 86400 then
      return at
    end
  end
end

return zone
