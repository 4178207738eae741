-- The libraries of `kordless` that need nothing but the values they are given, in plain
-- Lua: as exact as the specs ask, and no more.

local json = require("dkjson")

local libraries = {}

local array_mark = { __jsontype = "array" }
local object_mark = { __jsontype = "object" }

function libraries.json()
  return {
    null = json.null,
    encode = function(value)
      return json.encode(value)
    end,
    decode = function(text)
      local value, _, why = json.decode(text, 1, json.null, object_mark, array_mark)
      return value, why
    end,
    array = function(list)
      return setmetatable(list, array_mark)
    end,
    is_array = function(value)
      return getmetatable(value) == array_mark
    end,
  }
end

-- Days since 1970-01-01 (Hinnant's days_from_civil).
local function days_of(year, month, day)
  local y = month <= 2 and year - 1 or year
  local era = y // 400
  local doy = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  local yoe = y - era * 400
  return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
end

function libraries.time()
  local time = {}
  function time.format(seconds)
    return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds)
  end
  function time.date(days)
    return os.date("!%Y-%m-%d", days * 86400)
  end
  function time.days(text)
    local y, m, d = text:match("^(%d%d%d%d)-(%d%d)-(%d%d)$")
    local days = y and days_of(tonumber(y), tonumber(m), tonumber(d))
    return days and time.date(days) == text and days or nil
  end
  function time.weekday(days)
    return (days + 3) % 7 + 1
  end
  function time.parse(text)
    local date, h, m, s, rest = text:match("^(%d+%-%d%d%-%d%d)[Tt](%d%d):(%d%d):(%d%d)(.*)$")
    local days = date and time.days(date)
    if not days or tonumber(h) > 23 or tonumber(m) > 59 or tonumber(s) > 59 then
      return nil, nil, "is no time"
    end
    local fraction, tail = rest:match("^%.(%d+)(.*)$")
    tail = tail or rest
    local sign, oh, om = tail:match("^([+-])(%d%d):(%d%d)$")
    if not sign and tail:upper() ~= "Z" then
      return nil, nil, "has no offset"
    end
    local offset = sign and (tonumber(oh) * 3600 + tonumber(om) * 60) * (sign == "+" and 1 or -1)
    local seconds = days * 86400 + tonumber(h) * 3600 + tonumber(m) * 60 + tonumber(s)
    return seconds - (offset or 0), fraction ~= nil and fraction:find("[1-9]") ~= nil
  end
  return time
end

function libraries.crypto()
  local crypto = {}
  function crypto.hash(text)
    local sum = 5381
    for i = 1, #text do
      sum = (sum * 33 + text:byte(i)) & 0xffffffffffffff
    end
    return (("%016x"):format(sum)):rep(4)
  end
  local n = 0
  function crypto.token(size)
    n = n + 1
    return ("T%0" .. (size - 1) .. "d"):format(n)
  end
  function crypto.equal(a, b)
    return a == b
  end
  return crypto
end

return libraries
