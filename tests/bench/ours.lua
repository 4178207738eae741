-- Our server for the benchmark: started, and filled through the administrator's socket,
-- which takes a thousand organizations in the time the command line takes ten.
local unix = require("socket.unix")
local http = require("tests.talk.support.http")
local measure = require("tests.bench.measure")
local shell = require("tests.talk.support.shell")

local ours = {}
ours.__index = ours

local quota = [[
return {
  reads = {},
  limits = function() return { per_minute = %d, per_hour = %d, per_day = %d } end,
}
]]

local function serve(dir, more)
  local words = { (os.getenv("BUILD") or "build") .. "/kordless",
    "serve", "--data", dir .. "/data", "--listen", "127.0.0.1:0", "--workers", "1",
    "--scripts", dir .. "/scripts", "--plugins", "plugins", "--load", "tests/bench/plugins/bench" }
  for _, word in ipairs(more or {}) do words[#words + 1] = word end
  local s = measure.spawn(words, dir .. "/log", "listening on http://(%S+)")
  s.dir = dir
  return s
end

-- The same folder once more, as it is.
ours.start_again = serve

-- limit: of all three windows; more: further words for `serve`. The native plugin exchange
-- is among them.
function ours.start(dir, limit, more)
  os.execute(("mkdir -p %s/data && cp -r scripts %s/scripts"):format(dir, dir))
  shell.write(dir .. "/scripts/quota.lua", quota:format(limit, limit, limit))
  local settings = shell.read(dir .. "/scripts/kordless.lua"):gsub("\n  plugins = [^\n]*",
    ("%%0\n  native = { %q },"):format((os.getenv("BUILD") or "build") .. "/bench/exchange.so"))
  shell.write(dir .. "/scripts/kordless.lua", settings)
  local s = serve(dir, more)
  local sock = unix()
  assert(sock:connect(dir .. "/data/admin.sock"))
  s.admin = http.over(sock)
  return setmetatable(s, ours)
end

function ours:ask(method, path, body)
  self.admin:send(http.bytes({ method = method, path = "/api/platform/v1" .. path, body = body }))
  local r = assert(self.admin:receive())
  assert(r.status // 100 == 2, tostring(r))
  return r:json()
end

function ours:organization(i, plan)
  local org = self:ask("POST", "/organizations",
    { slug = "bench-" .. i, name = "Bench " .. i, plan = plan })
  org = org.organization
  local key = self:ask("POST", "/organizations/" .. org.id .. "/api-keys", { label = "bench" })
  return { id = org.id, slug = org.slug, key = key.api_key.key }
end

-- Gives it the demo's services; returns their free slots: {slug, slot} by start and host.
function ours:catalogue(org)
  self:ask("POST", "/organizations/" .. org.id .. "/demo")
  local conn = http.connect(self.address)
  local found = {}
  for week = 1, 8 do
    local function day(n) return os.date("!%Y-%m-%dT00:00:00Z", os.time() + n * 86400) end
    local path = "/api/calendar/v1/public/availability" .. http.query({ org_slug = org.slug,
      service_slug = "consultation", from = day(week * 7 - 5), to = day(week * 7 + 2) })
    conn:send(http.bytes({ path = path, headers = { ["x-kordless-key"] = org.key } }))
    for _, slot in ipairs(conn:receive():json().slots) do found[#found + 1] = slot end
  end
  conn:close()
  return found
end

function ours:stop()
  self.admin:close()
  measure.stop(self)
end

return ours
