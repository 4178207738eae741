-- A stand-in for the server around the plugins: the `kordless` global on the real SQLite,
-- one clock that the spec sets, and transactions that pass only plain data.

local declared = require("support.declared")
local json = require("dkjson")
local libraries = require("support.libraries")
local slots = require("support.slots")
local span = require("support.span")
local sqlite = require("support.sqlite")
local zone = require("support.zone")

zone.open = slots.open

local server = {}

local REFUSED = {}

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
  function policy.trace(file, name, args)
    local at = debug.getinfo(script(file)[name], "S")
    return policy.call(file, name, args), ("scripts/%s.lua:%d"):format(file, at.linedefined)
  end
  function policy.fail(file, name, why)
    error(file .. "." .. name .. ": " .. why, 0)
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
  function db.taken(sql, ...)
    return db.query(sql, ...)
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
-- A server begins with fresh copies of the plugins' files: some remember what they read.
local function forget_plugins()
  for name in pairs(package.loaded) do
    if name:find("^services%.") or name:find("^availability%.") or name:find("^bookings%.") then
      package.loaded[name] = nil
    end
  end
end

function server.start(now)
  forget_plugins()
  local self = setmetatable({ now = now, scripts = {}, queries = 0, ids = 0 }, { __index = server })
  self.db = sqlite.open()
  self.db:run("CREATE TABLE organization (id TEXT PRIMARY KEY, name TEXT, slug TEXT UNIQUE,"
    .. " tagline TEXT, branding TEXT, plan TEXT, metadata TEXT, suspended INTEGER, created_at INTEGER);")
  self.db:migrate("plugins/services")
  self.db:migrate("plugins/bookings")
  _G.kordless = {
    json = libraries.json(), time = libraries.time(), zone = zone, span = span, slots = slots,
    crypto = libraries.crypto(), policy = policy_library(self), db = db_library(self),
    log = { info = print, warn = print, error = print },
    fresh = function() end,
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
    emit = function(name, data)
      assert(self.writing, "only a transaction says")
      self.events = self.events or {}
      table.insert(self.events, { name = name, data = data })
    end,
    record = function(action, object, detail, organization_id)
      assert(self.writing, "only a transaction notes")
      assert(action:find("^[a-z_]+%.[a-z_]+$") and #json.encode(detail or {}) <= 4096)
      self.audit = self.audit or {}
      table.insert(self.audit, { action = self.plugin .. "." .. action, object = object,
        detail = detail, organization_id = organization_id })
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
    json = libraries.json(), time = libraries.time(), zone = zone, span = span,
    slots = slots, crypto = libraries.crypto(),
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
  local faults = declared.faults(plugin, handler, req)
  if faults[1] then
    return "validation_error", { detail = table.concat(faults, "; ") .. "." }
  end
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
