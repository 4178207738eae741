-- What a server says it serves, in /openapi.json, as a list; and of each route a request
-- that is whole, made from its own schemas and an organization's values (world.lua). A route
-- that comes new with a name that nobody can fill says so, and fails.

local book = require("tests.talk.support.book")
local http = require("tests.talk.support.http")

local routes = {}

-- Who may ask: "open", "key", "organization" (a key or a session), "contact" (the booking's;
-- a key may come along) or "platform".
local function kind(security)
  local ways = {}
  for _, way in ipairs(security) do
    for name in pairs(way) do ways[name] = true end
    if next(way) == nil then ways.none = true end
  end
  if ways.operator then return "platform" end
  if ways.key then return ways.session and "organization" or ways.none and "contact" or "key" end
  assert(ways.none, "a route says nothing of who may ask")
  return "open"
end

local function resolve(doc, schema)
  while schema and schema["$ref"] do
    local found = doc
    for word in schema["$ref"]:sub(3):gmatch("[^/]+") do found = found[word] end
    schema = found
  end
  return schema
end

local function query_of(doc, operation)
  local names = {}
  for _, p in ipairs(operation.parameters or {}) do
    p = resolve(doc, p)
    if p["in"] == "query" then
      names[p.name] = { required = p.required, schema = resolve(doc, p.schema) }
    end
  end
  return names
end

function routes.of(s)
  local r = s:client():get("/openapi.json")
  assert(r.status == 200, tostring(r))
  local doc, list = r:json(), {}
  for path, methods in pairs(doc.paths) do
    for method, op in pairs(methods) do
      local body = op.requestBody and op.requestBody.content["application/json"]
      list[#list + 1] = { name = method:upper() .. " " .. path, method = method:upper(),
        path = path, kind = kind(op.security), role = op["x-role"], query = query_of(doc, op),
        scope = (op.description or ""):match("needs the scope ([%w:]+)"),
        body = body and resolve(doc, body.schema), example = body and body.example, doc = doc }
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- Bodies that no schema can tell.
local bodies = {
  ["POST /api/calendar/v1/services"] = { name = "New", slug = "new", duration = 30,
    calendarSettings = { timezone = "America/New_York" } },
  ["POST /notes"] = { text = "Tea." },
  ["POST /api/platform/v1/session/password"] = { password = "wrong horse", new_password = "0123456789" },
}

-- What members of a body may be, by name; the organization's own values come first.
local samples = {
  contact = book.ada, displayName = "Ada", label = "new", reason = "why not", name = "New",
  email = "new@example.com", slug = "new-one", password = "0123456789", value = "secret",
  source = book.no_limits["quota.lua"],
  token = "kord_link_" .. ("x"):rep(38), first_date = "2031-09-01", grace_seconds = 60,
}

local function sample(route, name, schema, values)
  schema = resolve(route.doc, schema)
  if name ~= "contact" and values[name] then return values[name] end
  if samples[name] then return samples[name] end
  if schema.enum then return schema.enum[1] end
  if schema.properties then return routes.fill(route, schema, values) end
  error(("%s: what should %s be?"):format(route.name, name), 0)
end

-- All that a schema requires; and if that is nothing, the first it knows how to fill.
function routes.fill(route, schema, values)
  local body = {}
  for _, name in ipairs(schema.required or {}) do
    body[name] = sample(route, name, schema.properties[name], values)
  end
  if next(body) then return body end
  for _, name in ipairs({ "label", "name", "reason", "grace_seconds" }) do
    if (schema.properties or {})[name] then body[name] = samples[name] return body end
  end
  return body
end

-- The path of a route with these ids in it: by the route's name, by the word before {id},
-- or by its own name.
function routes.path(route, ids, values)
  local before
  return (route.path:gsub("[^/]+", function(word)
    local name = word:match("{([%w_]+)}")
    local owner = before
    before = word
    if not name then return nil end
    local value = name == "id" and (ids[route.name] or ids[owner]) or values[name] or ids[owner]
    assert(value, ("%s: what should {%s} be?"):format(route.name, name))
    return (word:gsub("{[%w_]+}", { ["{" .. name .. "}"] = value }))
  end))
end

-- A whole request: {method, path, body}
function routes.request(route, ids, values)
  local query, body = {}, nil
  for name, p in pairs(route.query) do
    local any = p.schema.format == "date-time" and values.from or p.schema.enum and p.schema.enum[1]
    if p.required then query[name] = assert(values[name] or any, route.name .. ": " .. name) end
  end
  if route.method ~= "GET" and route.method ~= "DELETE" then
    body = bodies[route.name] or route.body and next(route.body.required or {}) == nil and route.example
      or route.body and routes.fill(route, route.body, values) or nil
  end
  local tail, copy = next(query) and http.query(query) or "", body and {}
  for name, value in pairs(body or {}) do copy[name] = value end -- it may be changed
  return { method = route.method, path = routes.path(route, ids, values) .. tail,
    body = copy and next(copy) and copy or nil }
end

return routes
