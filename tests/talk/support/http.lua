-- An HTTP client that hides nothing: raw bytes when a conversation is about bytes, and
-- requests with JSON when it is not. Waits are generous; they only end what hangs.

local socket = require("socket")
local json = require("dkjson")

local http = { json = json, null = json.null, patience = 30 }

local conn = {}
conn.__index = conn

-- A connection to "127.0.0.1:8080" or to a server (anything with an address).
function http.connect(to)
  local host, port = (to.address or to):match("^(.*):(%d+)$")
  local sock = assert(socket.tcp())
  sock:settimeout(http.patience)
  assert(sock:connect(host, tonumber(port)))
  sock:setoption("tcp-nodelay", true)
  return http.over(sock)
end

-- The same over a socket that is connected already.
function http.over(sock)
  return setmetatable({ sock = sock, buffer = "", ended = false }, conn)
end

-- A peer that closed early is no error here: the answer says what happened.
function conn:send(bytes)
  self.sock:settimeout(http.patience)
  local at = 0
  while at < #bytes do
    local sent, why, partial = self.sock:send(bytes, at + 1)
    at = sent or partial or at
    if why then return nil, why end
  end
  return true
end

-- Takes what has arrived; waits at most `seconds` for something. False: nothing came.
function conn:fill(seconds)
  if self.ended then return false end
  if #socket.select({ self.sock }, nil, seconds) == 0 then return false end
  self.sock:settimeout(0)
  local data, why, partial = self.sock:receive(65536)
  self.buffer = self.buffer .. (data or partial or "")
  if why == "closed" then self.ended = true end
  return true
end

local function need(self, seconds, ready)
  local deadline = socket.gettime() + (seconds or http.patience)
  while true do
    local found = ready(self.buffer)
    if found then return found end
    if self.ended then return nil, "closed" end
    if not self:fill(math.max(0, deadline - socket.gettime())) then
      if socket.gettime() >= deadline then return nil, "timeout" end
    end
  end
end

local function take(self, n)
  local bytes = self.buffer:sub(1, n)
  self.buffer = self.buffer:sub(n + 1)
  return bytes
end

local function parse_head(text)
  local version, status, reason = text:match("^HTTP/(%d%.%d) (%d%d%d) ([^\r]*)\r\n")
  assert(status, "not a response: " .. text:sub(1, 200))
  local r = { version = version, status = tonumber(status), reason = reason, fields = {} }
  r.headers = {}
  for name, value in text:gmatch("\r\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
    name = name:lower()
    r.fields[#r.fields + 1] = { name, value }
    r.headers[name] = r.headers[name] and (r.headers[name] .. ", " .. value) or value
  end
  return r
end

local function chunked(self, seconds)
  local parts = {}
  while true do
    local ends, why = need(self, seconds, function(b) return b:find("\r\n", 1, true) end)
    if not ends then return nil, why end
    local size = tonumber(take(self, ends + 1):match("^%x+"), 16)
    local whole = size == 0 and 2 or size + 2
    local _, missing = need(self, seconds, function(b) return #b >= whole end)
    if missing then return nil, missing end
    parts[#parts + 1] = take(self, whole):sub(1, size)
    if size == 0 then return table.concat(parts) end
  end
end

local function body(self, r, method, seconds)
  local length = tonumber(r.headers["content-length"])
  if method == "HEAD" or r.status == 204 or r.status == 304 then return "" end
  if r.headers["transfer-encoding"] == "chunked" then return chunked(self, seconds) end
  if not length then -- until the peer closes
    need(self, seconds, function() return nil end)
    return take(self, #self.buffer)
  end
  local _, why = need(self, seconds, function(b) return #b >= length end)
  if why then return nil, why end
  return take(self, length)
end

-- The next response, 100 Continue counted in `interim`. nil and "closed" or "timeout".
function conn:receive(method, seconds)
  local interim = 0
  while true do
    local ends, why = need(self, seconds, function(b)
      return select(2, b:find("\r\n\r\n", 1, true))
    end)
    if not ends then return nil, why end
    local r = parse_head(take(self, ends))
    if r.status >= 200 or r.status == 101 then
      r.interim = interim
      r.body, why = body(self, r, method, seconds)
      if not r.body then return nil, why end
      return setmetatable(r, http.response)
    end
    interim = interim + 1
  end
end

-- Has the peer closed, with nothing more to say? Waits for it.
function conn:closes(seconds)
  local _, why = need(self, seconds, function(b) return #b > 0 or nil end)
  return why == "closed"
end

function conn:close()
  self.sock:close()
  self.ended = true
end

http.response = {
  __index = {
    -- The body as JSON; null is http.null, so that absent and null differ.
    json = function(self)
      local value, _, why = json.decode(self.body, 1, json.null)
      assert(not why, ("no JSON: %s\n%s"):format(why, self.body))
      return value
    end,
  },
  __tostring = function(self) return ("%d %s\n%s"):format(self.status, self.reason, self.body) end,
}

-- Bytes of a request: {method =, path =, headers = {name = value}, body = text or table,
-- version =}. A table as body is sent as JSON. A header false is left out.
function http.bytes(r, host)
  local headers = { Host = host or "127.0.0.1" }
  local text = r.body
  if type(text) == "table" then
    text, headers["Content-Type"] = json.encode(text), "application/json"
  end
  if text then headers["Content-Length"] = #text end
  for name, value in pairs(r.headers or {}) do headers[name] = value end
  local lines = { ("%s %s HTTP/%s"):format(r.method or "GET", r.path, r.version or "1.1") }
  for name, value in pairs(headers) do
    if value then lines[#lines + 1] = name .. ": " .. value end
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (text or "")
end

function http.escape(text)
  return (tostring(text):gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- {from = "…"} as "?from=…", sorted
function http.query(values)
  local list = {}
  for name, value in pairs(values) do
    list[#list + 1] = http.escape(name) .. "=" .. http.escape(value)
  end
  table.sort(list)
  return "?" .. table.concat(list, "&")
end

return http
