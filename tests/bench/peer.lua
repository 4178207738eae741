-- Runs inside nginx (LuaJIT); see nginx.lua.
-- luacheck: std luajit, globals ngx
local ffi = require("ffi")
local cjson = require("cjson")

ffi.cdef("unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);")
local digest = ffi.new("unsigned char[32]")

local peer = {}

local windows = { { "m", 60 }, { "h", 3600 }, { "d", 86400 } }
local limit = 1000000000

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

local function over_limit(id, now)
  for _, window in ipairs(windows) do
    local name = id .. window[1] .. math.floor(now / window[2])
    if ngx.shared.counts:incr(name, 1, 0, window[2]) > limit then return true end
  end
end

function peer.answer()
  local key = ngx.req.get_headers()["x-kordless-key"]
  if not key then return refuse(401, "no key") end
  local organization = ngx.shared.keys:get(hash(key))
  if not organization then return refuse(401, "unknown key") end
  local now = ngx.time()
  if over_limit(organization, now) then return refuse(429, "too many requests") end
  ngx.header["Content-Type"] = "application/json"
  ngx.print(cjson.encode({
    organization = organization, slug = "bench", label = "bench", last4 = key:sub(-4),
    now = now, duration = 30, price = 45.5, bookable = true, name = "Consultation",
    timezone = "America/New_York",
  }))
end

return peer
