-- A stand-in for the server around the plugins: the `kordless` global on the real SQLite,
-- one clock that the spec sets, and transactions that pass only plain data.

local json = require("dkjson")
local span = require("support.span")
local sqlite = require("support.sqlite")
local zone = require("support.zone")

local server = {}

local array_mark = { __jsontype = "array" }
local object_mark = { __jsontype = "object" }
local REFUSED = {}

local function json_library()
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

local function time_library()
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

local function crypto_library()
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

-- A copy of plain data; raises on anything else, as the way to the writer does.
local function copy(value, path)
  local kind = type(value)
  if kind ~= "table" then
    assert(kind ~= "function" and kind ~= "userdata" and kind ~= "thread", path .. " is a " .. kind)
    return value
  end
  assert(value ~= json.null, path .. " is json.null")
  local out = {}
  for k, v in pairs(value) do
    out[copy(k, path)] = copy(v, path .. "." .. tostring(k))
  end
  return out
end
server.copy = copy

local function policy_library(self)
  local policy = {}
  local function script(file)
    return self.scripts[file] or {}
  end
  function policy.has(file, name)
    return script(file)[name] ~= nil
  end
  function policy.call(file, name, args)
    return copy(script(file)[name](copy(args, "args")), "result")
  end
  function policy.hash()
    return "0123456789abcdef"
  end
  return policy
end

local function db_library(self)
  local db = {}
  local function marked(rows)
    for _, row in ipairs(rows) do
      setmetatable(row, nil)
    end
    return setmetatable(rows, nil)
  end
  function db.query(sql, ...)
    self.queries = self.queries + 1
    return marked(self.db:query(sql, ...))
  end
  function db.one(sql, ...)
    return db.query(sql, ...)[1]
  end
  function db.exec(sql, ...)
    assert(self.writing, "only a transaction writes")
    self.db:query(sql, ...)
    return self.db:query("SELECT changes() AS n")[1].n
  end
  return db
end

local function transaction(self, name, args)
  if self.before_transaction then
    self.before_transaction(name, args)
  end
  args = copy(args, "args")
  self.db:query("SAVEPOINT t")
  self.writing = true
  local ok, result = pcall(require(self.plugin .. ".transactions")[name], args)
  self.writing = false
  if not ok then
    self.db:query("ROLLBACK TO t")
  end
  self.db:query("RELEASE t")
  if ok then
    return copy(result, "result")
  elseif type(result) == "table" and result.mark == REFUSED then
    return result.value
  end
  error(result, 0)
end

-- Sets the global `kordless`. now: the clock; scripts: policies by file name.
function server.start(now)
  local self = setmetatable({ now = now, scripts = {}, queries = 0, ids = 0 }, { __index = server })
  self.db = sqlite.open()
  self.db:run("CREATE TABLE organization (id TEXT PRIMARY KEY, name TEXT, slug TEXT UNIQUE,"
    .. " tagline TEXT, branding TEXT, plan TEXT, metadata TEXT, suspended INTEGER, created_at INTEGER);")
  self.db:migrate("plugins/services")
  self.db:migrate("plugins/bookings")
  _G.kordless = {
    json = json_library(), time = time_library(), zone = zone, span = span,
    crypto = crypto_library(), policy = policy_library(self), db = db_library(self),
    log = { info = print, warn = print, error = print },
    now = function()
      return self.now
    end,
    id = function(prefix)
      self.ids = self.ids + 1
      return ("%s%026d"):format(prefix, self.ids)
    end,
    transaction = function(name, args)
      return transaction(self, name, args)
    end,
    refuse = function(value)
      error({ mark = REFUSED, value = value }, 0)
    end,
    answer = function(status, body)
      return { status = status, body = json.encode(body) }
    end,
  }
  return self
end

function server:stop()
  self.db:close()
end

-- Only the pure libraries, for specs without a store.
function server.pure()
  _G.kordless = {
    json = json_library(), time = time_library(), zone = zone, span = span,
    crypto = crypto_library(),
  }
end

function server:organization(id, slug)
  self.db:query("INSERT INTO organization (id, name, slug) VALUES (?, ?, ?)", id, "Org " .. slug, slug)
  return { id = id, slug = slug, name = "Org " .. slug }
end

-- Calls a handler as the server would. Returns status, body (decoded) or, for an error,
-- its name and the members it adds.
function server:call(plugin, handler, req)
  self.plugin = plugin
  req.query, req.params = req.query or {}, req.params or {}
  req.public_url = "https://book.example"
  req.body = req.body and kordless.json.decode(json.encode(req.body))
  local status, body, headers = require(plugin .. ".handlers")[handler](req)
  if status == nil then
    return body, headers or {}
  end
  if type(body) == "string" and not headers then
    return status, json.decode(body)
  end
  return status, type(body) == "table" and json.decode(json.encode(body)) or body, headers
end

return server
