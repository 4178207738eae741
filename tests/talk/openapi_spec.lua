-- What the server says of itself: /openapi.json follows the rules of its standard and shows
-- every route of every loaded plugin; /docs is one page that fetches and runs nothing.

local socket = require("socket")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local http = require("tests.talk.support.http")

local methods = { "get", "post", "put", "patch", "delete" }
local plugins = {
  "services", "availability", "bookings", "platform", "people", "usage", "secrets",
}
local build = os.getenv("BUILD") or "build"
local natives = ("native = { %q, %q }"):format(build .. "/examples/tally.so", build .. "/abi/v1/all.so")
local own = { -- of the runtime and of the natives: who has to prove what
  ["GET /api/calendar/v1/rate-limit"] = "key", ["POST /api/platform/v1/reload"] = "operator",
  ["POST /api/platform/v1/rollback"] = "operator", ["GET /api/platform/v1/status"] = "operator",
  ["GET /api/platform/v1/decisions"] = "operator", ["GET /metrics"] = "operator",
  ["GET /api/platform/v1/scripts"] = "operator",
  ["GET /healthz"] = false, ["GET /readyz"] = false, ["GET /openapi.json"] = false,
  ["GET /docs"] = false, ["GET /docs/lua"] = false, ["GET /tally"] = false, ["POST /v1/show/{id}"] = "key",
  ["GET /v1/organization/{id}"] = "key", ["GET /v1/contact/{id}"] = "key",
  ["GET /v1/open/{id}"] = false, ["GET /v1/platform/{id}"] = "operator",
  ["GET /v1/wrong/{how}"] = false,
}

describe("the reference", function()
  local s, open, document, operations
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/schema" },
      scripts = { ["kordless.lua"] = server.settings(natives) } })
    open = s:client()
    document = open:get("/openapi.json"):json()
    operations = {}
    for path, item in pairs(document.paths) do
      for _, method in ipairs(methods) do
        if item[method] then
          operations[method:upper() .. " " .. path] = item[method]
        end
      end
    end
  end)
  teardown(function() s:stop() end)

  local function manifest(folder)
    return assert(loadfile(folder .. "/plugin.lua", "t", {}))()
  end

  it("is JSON that anybody may read", function()
    local r = open:get("/openapi.json")
    assert.equal(200, r.status)
    assert.equal("application/json", r.headers["content-type"])
    assert.equal("3.1.0", document.openapi)
    assert.is_string(document.info.title)
    assert.is_string(document.info.version)
  end)

  it("has every route of every loaded plugin, and none of others", function()
    local n = 0
    for name, scheme in pairs(own) do
      n = n + 1
      local operation = assert(operations[name], name)
      assert.equal(scheme or nil, next(operation.security[1]), name)
    end
    local folders = { "tests/talk/plugins/schema" }
    for i, name in ipairs(plugins) do folders[i + 1] = "plugins/" .. name end
    for _, folder in ipairs(folders) do
      for _, route in ipairs(manifest(folder).routes) do
        n = n + 1
        local shown = operations[route.method .. " " .. route.path]
        assert.is_table(shown, route.method .. " " .. route.path)
        assert.equal(route.summary or route.method .. " " .. route.path, shown.summary)
      end
    end
    local count = 0
    for _ in pairs(operations) do count = count + 1 end
    assert.equal(n, count)
  end)

  it("refers to nothing that is not there", function()
    local refs = 0
    local function walk(value)
      if type(value) ~= "table" then return end
      if type(value["$ref"]) == "string" then
        local at = document
        for step in value["$ref"]:gsub("^#/", ""):gmatch("[^/]+") do
          at = assert(at[step], value["$ref"])
        end
        refs = refs + 1
      end
      for _, inside in pairs(value) do walk(inside) end
    end
    walk(document)
    assert.is_true(refs > 50)
  end)

  it("names each operation once, and its errors", function()
    local ids = {}
    for name, operation in pairs(operations) do
      assert.is_nil(ids[operation.operationId], name)
      assert.truthy(operation.operationId:find("^[%w_-]+$"))
      ids[operation.operationId] = name
      local good, refused, failed = 0, 0, 0
      for status, response in pairs(operation.responses) do
        local class = status:sub(1, 1)
        good = good + (class == "2" and 1 or 0)
        refused = refused + (class == "4" and 1 or 0)
        failed = failed + (class == "5" and 1 or 0)
        assert.truthy(response.description or response["$ref"], name)
      end
      assert.is_true(good > 0 and refused > 0 and failed > 0, name)
      for _, requirement in ipairs(operation.security) do
        for scheme in pairs(requirement) do
          assert.is_table(document.components.securitySchemes[scheme], name)
        end
      end
    end
    assert.equal("POST /api/calendar/v1/public/bookings", ids.bookings_create)
  end)

  it("knows of plugins in C what they say", function()
    local tally, show = operations["GET /tally"], operations["POST /v1/show/{id}"]
    assert.same({ "Greets who is named, and counts.", "tally_get_tally" },
      { tally.summary, tally.operationId })
    assert.equal("POST /v1/show/{id}", show.summary) -- of the first header, without summaries
    assert.truthy(show.description:find("scope bookings:read", 1, true))
    assert.is_table(show.responses["415"])
    assert.is_nil(tally.responses["415"])
    local tags = {}
    for _, tag in ipairs(document.tags) do tags[tag.name] = tag["x-version"] or true end
    assert.equal("1.0.0", tags.tally)
    for _, operation in pairs(operations) do assert.truthy(tags[operation.tags[1]]) end
  end)

  local function resolve(response)
    local name = (response["$ref"] or ""):match("([^/]+)$")
    return name and document.components.responses[name] or response
  end

  it("says of each answer which fields come with it", function()
    for name, operation in pairs(operations) do
      local scheme = next(operation.security[1])
      local all = operation.responses
      if scheme or name:find("^GET") then -- an open route may sign in, and say so
        assert.equal(scheme ~= nil, all["401"] ~= nil, name)
        assert.equal(scheme ~= nil, all["429"] ~= nil, name)
      end
      assert.truthy(all["500"] and all["503"] and all["default"] and all["400"], name)
      if name:find("{", 1, true) then assert.is_table(all["404"], name) end
      local by_session = operation.security[2] and operation.security[2].session
      assert.equal(by_session ~= nil, name:find("/platform/") ~= nil and scheme ~= nil
        or operation.description:find("x-organization-id", 1, true) ~= nil
        or name == "GET /metrics", name)
      if all["429"] then assert.is_table(resolve(all["429"]).headers["Retry-After"]) end
      for status, response in pairs(all) do
        local headers = resolve(response).headers or {}
        local counted = scheme == "key" and status:find("^[24]") and status ~= "401" and status ~= "413"
        if counted then assert.is_table(headers["X-RateLimit-Limit"], name .. " " .. status) end
        if status:find("^2") and scheme ~= "key" then assert.is_nil(headers["X-RateLimit-Limit"]) end
      end
    end
  end)

  it("has no part that nothing refers to", function()
    local text = open:get("/openapi.json").body
    for kind, parts in pairs(document.components) do
      for part in pairs(parts) do
        local used = kind == "securitySchemes"
          or text:find(('"#/components/%s/%s"'):format(kind, part), 1, true)
        assert.truthy(used, kind .. "/" .. part)
      end
    end
  end)

  it("bounds every text, list and whole number", function()
    local seen = 0
    local function walk(value, path)
      if type(value) ~= "table" then return end
      local types = type(value.type) == "table" and value.type or { value.type }
      for _, kind in ipairs(types) do
        seen = seen + 1
        if kind == "string" then assert.truthy(value.maxLength or value.enum, path) end
        if kind == "array" then assert.truthy(value.maxItems, path) end
        if kind == "integer" then assert.truthy(value.minimum and value.maximum, path) end
      end
      for key, inside in pairs(value) do walk(inside, path .. "/" .. tostring(key)) end
    end
    for _, operation in pairs(operations) do
      walk(operation.parameters, operation.operationId)
      walk(operation.requestBody, operation.operationId)
      walk(operation.responses, operation.operationId)
    end
    assert.is_true(seen > 300)
  end)

  it("lists the parameters of each path", function()
    for name, operation in pairs(operations) do
      local listed = {}
      for _, parameter in ipairs(operation.parameters) do
        if parameter["in"] == "path" then
          assert.is_true(parameter.required)
          listed[parameter.name] = true
        end
        assert.truthy(parameter["$ref"] or parameter.schema, name)
      end
      for key in name:gmatch("{([%w_]+)}") do
        assert.is_true(listed[key], name)
        listed[key] = nil
      end
      assert.is_nil(next(listed), name)
    end
  end)

  it("shows what is declared", function()
    local create = operations["POST /api/calendar/v1/public/bookings"]
    local body = create.requestBody.content["application/json"]
    assert.same({ "org_slug", "service_slug", "starts_at", "ends_at", "timezone", "contact" },
      table.move(body.schema.required, 1, #body.schema.required, 1, {}))
    assert.equal(2000, body.schema.properties.notes.maxLength)
    assert.equal("acme-salon", body.example.org_slug)
    local reply = create.responses["201"]
    assert.truthy(reply.headers["X-RateLimit-Remaining"])
    local status = reply.content["application/json"].schema.properties.booking.properties.status
    assert.equal(3, #status.enum)
    local scheme = document.components.securitySchemes.key
    assert.same({ "apiKey", "header", "x-kordless-key" }, { scheme.type, scheme["in"], scheme.name })
    local order = operations["POST /schema/orders"].requestBody.content["application/json"].schema
    assert.same({ "integer", "null" }, table.move(order.properties.count.type, 1, 2, 1, {}))
    assert.equal('a "quoted" <word>', order.properties.word.description)
    local invite = operations["GET /api/calendar/v1/public/bookings/{ics_token}.ics"]
    assert.is_table(invite.responses["200"].content["text/calendar"])
    assert.is_nil(operations["PUT /test/clock"])
    assert.is_table(operations["POST /api/platform/v1/organizations"].responses["409"]) -- slug_taken
  end)

  it("has an example of what each calendar route shows and takes, nulls and all", function()
    local n = 0
    for name, operation in pairs(operations) do
      local media = name:find("^GET /api/calendar/") and operation.responses["200"].content or {}
      local json = media["application/json"]
      if json and name ~= "GET /api/calendar/v1/rate-limit" then
        n = n + 1
        assert.is_table(json.example, name)
        for _, member in ipairs(json.schema.required or {}) do
          assert.is_not_nil(json.example[member], name)
        end
      end
      local body = operation.requestBody and operation.requestBody.content["application/json"]
      if body and name:find("^%u+ /api/calendar/") then assert.is_table(body.example, name) end
    end
    assert.is_true(n >= 17, n)
    local list = operations["GET /api/calendar/v1/bookings"].responses["200"]
    assert.equal(http.null, list.content["application/json"].example.bookings[1].outcome)
    assert.equal(http.null, list.content["application/json"].example.next_cursor)
  end)

  it("is a page too, that runs nothing and fetches nothing", function()
    local r = open:get("/docs")
    assert.equal(200, r.status)
    assert.equal("text/html; charset=utf-8", r.headers["content-type"])
    assert.equal("nosniff", r.headers["x-content-type-options"])
    local policy = r.headers["content-security-policy"]
    assert.truthy(policy:find("default-src 'none'", 1, true))
    local style = r.body:match("<style>(.-)</style>")
    local path = s.dir .. "/style"
    local f = assert(io.open(path, "wb"))
    f:write(style)
    f:close()
    local _, hash = shell.run({ "python3", "-c",
      "import base64,hashlib,sys;print(base64.b64encode(hashlib.sha256(open(sys.argv[1],'rb')"
        .. ".read()).digest()).decode())", path })
    assert.truthy(policy:find("'sha256-" .. hash:match("%S+") .. "'", 1, true), hash)
    assert.is_nil(r.body:lower():find("<script", 1, true))
    assert.is_nil(r.body:find(' src=', 1, true))
    assert.truthy(r.body:find('a &quot;quoted&quot; &lt;word&gt;', 1, true))
    for _, operation in pairs(operations) do
      assert.truthy(r.body:find('id="' .. operation.operationId .. '"', 1, true))
    end
  end)

  it("is as new as what runs", function()
    s:write_script("kordless.lua", 'return { plugins = { "services" } }')
    assert.truthy(open:get("/docs").body:find("tally_get_tally", 1, true))
    s:kill("HUP")
    local deadline = socket.gettime() + http.patience
    while not s:log():find("event=reloaded", 1, true) do
      assert(socket.gettime() < deadline, "no word of the reload")
      socket.sleep(0.005)
    end
    local now = open:get("/openapi.json"):json()
    assert.is_nil(now.paths["/api/calendar/v1/public/bookings"])
    assert.is_table(now.paths["/api/calendar/v1/public/org/{org_slug}"])
    assert.is_nil(now.paths["/tally"])
    assert.is_nil(now.components.parameters.IdempotencyKey)
    assert.is_nil(open:get("/docs").body:find("bookings_create", 1, true))
  end)
end)
