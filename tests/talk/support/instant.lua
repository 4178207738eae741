-- Times on the wire and as seconds, in UTC whatever the machine's zone.

local instant = {}

-- "2031-06-02T13:00:00Z" -> seconds since 1970; what stands behind the seconds is not looked at.
function instant.seconds(text)
  local y, m, d, hour, minute, second = text:match("(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  y, m = y + 0 - (m + 0 <= 2 and 1 or 0), (m + 9) % 12 -- years from March: their day is last
  local days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + d - 1 - 719468
  return math.tointeger(days * 86400 + hour * 3600 + minute * 60 + second)
end

function instant.written(at)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", at)
end

return instant
