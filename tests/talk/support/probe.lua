-- One case of an HTTP conformance suite: sends its parts, watches what comes back, and says
-- "pass", "warn" or "fail" by the case's own words ("400 or close", "2xx + echo", …).

local http = require("tests.talk.support.http")

local probe = {}

local function decode(part, address) -- Latin-1 in the file, bytes on the wire
  local bytes = part:gsub("[\xC2\xC3][\x80-\xBF]", function(c)
    return string.char(utf8.codepoint(c))
  end)
  return (bytes:gsub("HOSTPORT", (address:gsub("%%", "%%%%"))))
end

-- A case that may also end in silence is waited for shortly: silence then is an answer.
local function patience(case)
  local desc = case.expect.desc or ""
  if desc:find("timeout", 1, true) then return 1 end
  return case.scored and http.patience or 2
end

-- Returns what was seen: responses, and whether the peer closed.
function probe.run(case, address)
  local conn = http.connect(address)
  local seen, wait = { responses = {} }, patience(case)
  for _, part in ipairs(case.parts) do
    local bytes = decode(part, address)
    conn:send(bytes)
    local ok, response, why = pcall(conn.receive, conn, bytes:match("^HEAD") or "GET", wait)
    if not ok then seen.garbage = response break end
    if response then seen.responses[#seen.responses + 1] = response end
    if why == "closed" then break end
  end
  seen.first = seen.responses[1]
  seen.status = seen.first and seen.first.status
  local last = seen.responses[#seen.responses]
  seen.closed = conn.ended
  if not seen.closed and last and last.headers.connection == "close" then
    seen.closed = conn:closes(http.patience)
  end
  seen.extra = #conn.buffer > 0 -- an answer to what was smuggled
  conn:close()
  return seen
end

local function ok(seen) return seen.status and seen.status // 100 == 2 end
local function refused(seen) return seen.status == 400 or (not seen.status and seen.closed) end

-- What a sound chunked body says.
local function dechunk(text)
  local parts, at = {}, 1
  while true do
    local size, from = text:match("^(%x+)[^\r]*\r\n()", at)
    local n = tonumber(size, 16)
    if n == 0 then return table.concat(parts) end
    parts[#parts + 1] = text:sub(from, from + n - 1)
    at = from + n + 2
  end
end

-- Words that say more than a list of codes.
local special = {
  ["2xx + echo"] = function(s, case)
    local head, sent = table.concat(case.parts):match("^(.-\r\n\r\n)(.*)$")
    if head:find("chunked", 1, true) then sent = dechunk(sent) end
    return ok(s) and s.first.body == sent
  end,
  ["!101"] = function(s) return s.status and s.status ~= 101 end,
  ["non-101 (426 preferred)"] = function(s) return s.status and s.status ~= 101 end,
  ["non-1xx response"] = function(s) return s.status and s.first.interim == 0 end,
  ["2xx with no body"] = function(s) return ok(s) and not s.extra end,
  ["405 + Allow header"] = function(s) return s.status == 405 and s.first.headers.allow end,
  ["2xx with Date header"] = function(s) return ok(s) and s.first.headers.date end,
  ["IMF-fixdate format"] = function(s)
    return (s.first.headers.date or ""):find("^%u%l%l, %d%d %u%l%l %d%d%d%d %d%d:%d%d:%d%d GMT$")
  end,
  ["204 without CL"] = function(s)
    return ok(s) and (s.status ~= 204 or not s.first.headers["content-length"])
  end,
  ["2xx with Allow header"] = function(s) return ok(s) and s.first.headers.allow end,
  ["2xx with Content-Type"] = function(s) return ok(s) and s.first.headers["content-type"] end,
  ["2xx + 2xx"] = function(s)
    return ok(s) and s.responses[2] and s.responses[2].status // 100 == 2
  end,
  ["304"] = function(s) return s.responses[2] and s.responses[2].status == 304 end,
  ["200"] = function(s) return s.responses[2] and s.responses[2].status == 200 end,
  ["not 414"] = function(s) return s.status and s.status ~= 414 end,
  ["Reject/drop (pass), normalize (fail), preserve (warn)"] = function(s)
    return refused(s) or (ok(s) and s.first.body:find("hello", 1, true) ~= nil)
  end,
}
special["Reject/drop (pass), normalize casing (fail), preserve (warn)"] =
  special["Reject/drop (pass), normalize (fail), preserve (warn)"]

-- "400/501, or 2xx + close": every code in it will do, with what it says about closing.
local function by_list(seen, desc)
  local words = desc:gsub("%b()", "")
  if seen.status and words:find(("%03d"):format(seen.status), 1, true) then return true end
  if ok(seen) and words:find("2xx", 1, true) then
    return not words:find("2xx ?%+ ?close") or (seen.closed and not seen.extra)
  end
  local no = not seen.status or seen.status >= 400
  if no and seen.closed then return words:find("close", 1, true) ~= nil end
  return not seen.status and words:find("timeout", 1, true) ~= nil
end

function probe.judge(case, seen)
  local expect = case.expect
  local good
  if seen.garbage then return "fail" end
  if special[expect.desc] then
    good = special[expect.desc](seen, case)
  elseif expect.desc then
    good = by_list(seen, expect.desc)
  elseif expect.status == "Range2xx" then
    good = ok(seen)
  else -- Exact(400): a peer that hangs up at once has refused as well, where that is enough
    local code = tonumber(expect.status:match("%d+"))
    good = seen.status == code or (expect.close and refused(seen))
  end
  return good and not seen.extra and "pass" or "fail"
end

return probe
