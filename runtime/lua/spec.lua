-- The module `kordless.test` for specs of plugins. `host` is lent by the server.
local host = ...
local json = require("dkjson")
local outside = require("kordless.outside")

local test = { null = json.null, answer = outside.answer, fetched = outside.fetched }

local function encode(r)
  local lines, body = {}, r.body
  if type(body) == "table" then
    body = json.encode(body)
  end
  lines[1] = (r.method or "GET") .. " " .. r.path .. " HTTP/1.1"
  lines[2] = "Host: test"
  lines[3] = "Connection: close"
  for name, value in pairs(r.headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  if body then
    if not (r.headers and r.headers["Content-Type"]) then
      lines[#lines + 1] = "Content-Type: application/json"
    end
    lines[#lines + 1] = "Content-Length: " .. #body
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

local function decode(bytes)
  local head, body = bytes:match("^(.-)\r\n\r\n(.*)$")
  assert(head, "the server gave no answer")
  local response = { status = tonumber(head:match("^HTTP/1%.%d (%d+)")), headers = {}, text = body }
  for name, value in head:gmatch("\r\n([^:]+): ([^\r]*)") do
    response.headers[name:lower()] = value
  end
  if (response.headers["content-type"] or ""):find("json", 1, true) then
    response.body = json.decode(body)
  end
  return response
end

-- {method?, path, headers?, body?}: a table as body is sent as JSON. Returns {status,
-- headers (names in lower case), text, body (decoded JSON)} and what it cost, handler and
-- transactions together: instructions, sql_steps, waits; writes {{name, instructions,
-- sql_steps}, …}, one for each run of a transaction. What it sleeps moves the clock; what
-- it leaves behind by kordless.after(0, …) has run.
function test.request(r)
  local bytes, used = host.ask(encode(r))
  local response = decode(bytes)
  for name, value in pairs(used) do
    response[name] = value
  end
  return response
end

-- An organization with an API key and short ways to ask with it:
-- org:get(path), org:post(path, body); also org.id, org.slug, org.key.
local organization = {}
organization.__index = organization

local function ask(self, method, path, body)
  return test.request({ method = method, path = path, body = body, headers = self.headers })
end

for _, method in ipairs({ "GET", "POST", "PUT", "PATCH", "DELETE" }) do
  organization[method:lower()] = function(self, path, body)
    return ask(self, method, path, body)
  end
end

local function platform(path, body)
  local r = test.request({ method = "POST", path = "/api/platform/v1" .. path, body = body })
  assert(r.status == 201, r.text)
  return r.body
end

function test.organization(slug)
  local made = platform("/organizations", { slug = slug, name = slug }).organization
  local key = platform("/organizations/" .. made.id .. "/api-keys", { label = "spec" }).api_key.key
  return setmetatable({ id = made.id, slug = slug, key = key,
    headers = { ["x-kordless-key"] = key, ["x-organization-id"] = made.id } }, organization)
end

-- The same with the demo's services, hosts and hours.
function test.demo(slug)
  local org = test.organization(slug)
  platform("/organizations/" .. org.id .. "/demo")
  return org
end

-- The server's clock stands still: at a time such as "2027-03-01T09:00:00Z", until moved.
-- What was due before that runs there, late.
function test.at(text)
  return host.set_clock(text)
end

-- Forward, through every moment at which something is due (kordless.after, sleeps).
function test.advance(seconds)
  return host.advance(seconds)
end

-- A server on an empty store, as each run begins with.
function test.fresh()
  host.renew()
end

-- test.answer(url, response), test.answer(function(request) … end), test.fetched(): see
-- spec_outside.lua. Stubs hold to the end of their file.

return test
