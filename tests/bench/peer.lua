-- Runs inside nginx (LuaJIT); see nginx.lua.
-- luacheck: std luajit, globals ngx
local ffi = require("ffi")
local cjson = require("cjson")

ffi.cdef("unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);")
local digest = ffi.new("unsigned char[32]")

local peer = {}

local windows = { { "key-minute", 60 }, { "key-hour", 3600 }, { "org-day", 86400 } }
local limit = 1000000000
local policy = {}
for i, window in ipairs(windows) do policy[i] = ('"%s";q=%d;w=%d'):format(window[1], limit, window[2]) end
policy = table.concat(policy, ", ")

local function hash(text)
  ffi.C.SHA256(text, #text, digest)
  return ffi.string(digest, 32)
end

function peer.load(path)
  local i = 0
  for key in io.lines(path) do
    i = i + 1
    ngx.shared.keys:set(hash(key), "org_" .. i)
  end
end

local function refuse(status, detail)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print(cjson.encode({ status = status, detail = detail }))
end

-- Counts in all three and tells the caller, as the answer under test does.
local function over_limit(id, now)
  local told, least, reset = {}, limit, 0
  for i, window in ipairs(windows) do
    local name = id .. window[1] .. math.floor(now / window[2])
    local left = limit - ngx.shared.counts:incr(name, 1, 0, window[2])
    local ends = window[2] - now % window[2]
    told[i] = ('"%s";r=%d;t=%d'):format(window[1], left, ends)
    if left < least then least, reset = left, now + ends end
  end
  local headers = ngx.header
  headers["X-RateLimit-Limit"] = limit
  headers["X-RateLimit-Remaining"] = least
  headers["X-RateLimit-Reset"] = reset
  headers["RateLimit-Policy"] = policy
  headers["RateLimit"] = table.concat(told, ", ")
  return least < 0
end

function peer.answer()
  local key = ngx.req.get_headers()["x-kordless-key"]
  if not key then return refuse(401, "no key") end
  local organization = ngx.shared.keys:get(hash(key))
  if not organization then return refuse(401, "unknown key") end
  local now = ngx.time()
  ngx.header["X-Request-Id"] = ngx.var.request_id
  ngx.header["Cache-Control"] = "no-store"
  if over_limit(organization, now) then return refuse(429, "too many requests") end
  ngx.header["Content-Type"] = "application/json"
  ngx.print(cjson.encode({
    organization = organization, slug = "bench", label = "bench", last4 = key:sub(-4),
    now = now, duration = 30, price = 45.5, bookable = true, name = "Consultation",
    timezone = "America/New_York",
  }))
end

return peer
