-- Native plugins: shared objects that the operator lists. tests/abi/v1 is compiled against
-- the first header in every run.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local socket = require("socket")

local build = os.getenv("BUILD") or "build"
local v1, wrong = build .. "/abi/v1/all.so", build .. "/abi/wrong.so"

local function listing(...)
  local quoted = {}
  for i, path in ipairs({ ... }) do quoted[i] = ("%q"):format(path) end
  return ([[return { plugins = { "services", "availability", "bookings", "platform" },
    native = { %s }, public_url = "https://book.example.com/" }]]):format(table.concat(quoted, ", "))
end

local function count(s, event)
  return select(2, s:log():gsub("event=" .. event .. "%f[%W]", ""))
end

local function hup(s)
  local before = count(s, "reloaded") + count(s, "reload_refused")
  local good = count(s, "reloaded")
  s:kill("HUP")
  local deadline = socket.gettime() + http.patience
  while count(s, "reloaded") + count(s, "reload_refused") == before do
    assert(socket.gettime() < deadline, "no word of the reload")
    socket.sleep(0.005)
  end
  return count(s, "reloaded") > good
end

describe("a native plugin", function()
  local s, org
  setup(function()
    s = server.start({ scripts = { ["kordless.lua"] = listing(v1, build .. "/examples/tally.so") } })
    s:freeze("2031-06-02T13:00:00Z")
    org = s:organization("acme")
  end)
  teardown(function()
    s:kill("TERM")
    s:wait()
    local stopped = count(s, "v1_stopped")
    s:forget()
    assert.equal(1, stopped)
  end)

  local function find(pairs_list, name)
    for _, pair in ipairs(pairs_list) do
      if pair[1]:lower() == name then return pair[2] end
    end
  end

  it("of the examples answers a route", function()
    local c = s:client()
    assert.same({ hello = "world", count = 1 }, c:get("/tally"):json())
    assert.same({ hello = "A\"B\n", count = 2 }, c:get("/tally?name=A%22B%0A"):json())
    assert.equal("", c:request({ method = "HEAD", path = "/tally" }).body)
    assert.equal(405, c:post("/tally", {}).status)
  end)

  it("sees the request, and no secret of it", function()
    local r = org.client:post("/v1/show/a%20b?x=1&y=%C3%A9", { a = 1 },
      { ["X-Request-Id"] = "mine", Cookie = "c=1", Authorization = "Bearer t", ["X-Other"] = "o",
        ["X-Kordless-CSRF"] = "x" })
    assert.equal(207, r.status, r.body)
    assert.equal("abi 1", r.headers["x-seen-by"])
    assert.truthy(r.headers["x-ratelimit-limit"])
    local seen = r:json()
    assert.same({ { "x", "1" }, { "y", "é" } }, seen.query)
    assert.equal("o", find(seen.headers, "x-other"))
    for _, name in ipairs({ "x-kordless-key", "cookie", "authorization", "x-kordless-csrf" }) do
      assert.is_nil(find(seen.headers, name), name)
    end
    assert.is_nil(r.body:find(org.key, 1, true))
    seen.query, seen.headers = nil, nil
    assert.same({ now = 1938171600, whole = true, method = "POST",
      path = "/v1/show/a%20b", body = '{"a":1}', request_id = "mine",
      public_url = "https://book.example.com", id = "a b", organization_id = org.id,
      organization_slug = "acme", organization_name = "Org acme", key_id = org.key_id,
      key_label = "front desk", key_last4 = org.key:sub(-4), key_environment = http.null }, seen)
  end)

  it("sees nobody where nobody has to be known", function()
    local seen = s:client():get("/v1/open/x"):json()
    assert.equal(http.null, seen.organization_id)
    assert.equal(http.null, seen.key_id)
  end)

  it("stands behind the same gates as one in Lua", function()
    local nobody = s:client()
    local json = { ["Content-Type"] = "text/plain" }
    assert.equal(401, nobody:post("/v1/show/x", {}).status)
    assert.equal(415, org.client:post("/v1/show/x", "x", json).status)
    assert.equal(400, org.client:get("/v1/organization/x").status)
    assert.equal(207, org.client:get("/v1/organization/x", nil, { ["x-organization-id"] = org.id }).status)
    assert.equal(207, nobody:get("/v1/contact/x").status)
    assert.equal(401, org.client:get("/v1/platform/x").status)
    assert.equal(400, nobody:get("/v1/open/x?a=1&a=2").status)
    local made = require("tests.talk.support.client").admin(s):post(
      ("/api/platform/v1/organizations/%s/api-keys"):format(org.id),
      { label = "narrow", scopes = { "services:read" } })
    local narrow = s:client({ ["x-kordless-key"] = made:json().api_key.key })
    assert.equal("insufficient_scope", narrow:post("/v1/show/x", {}):json().code)
  end)

  it("can only answer what a server may say", function()
    local c = s:client()
    local r = c:get("/v1/wrong/header")
    assert.same({ "refused", "text/plain", "max-age=60" },
      { r.body, r.headers["content-type"], r.headers["cache-control"] })
    assert.is_nil(r.headers["x-c"])
    assert.equal(204, c:get("/v1/wrong/json").status)
    r = c:get("/v1/wrong/problem")
    assert.same({ detail = 'It is "late".', status = 409, type = "conflict_error", code = "too_late" },
      r:json())
    for _, how in ipairs({ "code", "status", "silence" }) do
      r = c:get("/v1/wrong/" .. how)
      assert.same({ 500, "internal_error" }, { r.status, r:json().code }, how)
      assert.is_nil(r.headers["x-half"])
    end
    assert.truthy(s:log():find("why=\"it set no status\"", 1, true))
    assert.equal(204, c:get("/v1/wrong/log").status)
    assert.is_nil(s:log():find("\nforged", 1, true))
    assert.equal(1, count(s, "seen_wrong"))
  end)

  it("stays when it is taken off the list, and may come later", function()
    local before = s:client():get("/tally"):json().count
    s:write_script("kordless.lua", listing(wrong))
    assert.is_true(hup(s))
    assert.equal(404, s:client():get("/tally").status)
    assert.equal(204, s:client():get("/wrong").status)
    s:write_script("kordless.lua", listing(v1, build .. "/examples/tally.so", wrong))
    assert.is_true(hup(s))
    assert.equal(before + 1, s:client():get("/tally"):json().count)
    assert.equal(1, count(s, "v1_started"))
  end)

  it("that cannot be loaded leaves everything as it was", function()
    s:write_script("kordless.lua", listing(build .. "/abi/empty.so", v1, v1))
    assert.is_false(hup(s))
    assert.truthy(s:log():find("empty.so: exports no function kordless_plugin_entry", 1, true))
    assert.truthy(s:log():find("all.so: is listed twice", 1, true))
    assert.equal(200, s:client():get("/tally").status)
  end)
end)

describe("a start with a native plugin", function()
  local dir
  setup(function()
    dir = shell.temp_dir()
    os.execute(("mkdir %s/data && cp -r scripts %s/scripts"):format(dir, dir))
    shell.write(dir .. "/scripts/kordless.lua", listing(v1, wrong))
  end)
  teardown(function() shell.remove(dir) end)

  local function refused(command, how)
    local binary = os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test"
    local code, out, err = shell.run({ "timeout", "30", binary, command, -- one that starts never ends
      "--data", dir .. "/data", "--scripts", dir .. "/scripts", "--plugins", "plugins",
      "--listen", "127.0.0.1:0" }, "KORDLESS_WRONG=" .. how)
    assert.equal(1, code, out .. err)
    return err
  end

  it("says of a fault which it is", function()
    for how, what in pairs({
      abi = "wrong.so: it is built for ABI 7; this server has ABI 1",
      clash = "wrong.so: routes[0].path: the route GET /healthz is taken by GET /healthz",
      path = "wrong.so: routes[0].path: 'no/slash' is no route path",
      handle = "wrong.so: routes[1].handle is missing",
      lua_name = "wrong.so: there is a plugin 'bookings' already",
      shared_name = "wrong.so: name: 'v1' is the name of ",
    }) do
      for _, command in ipairs({ "serve", "check" }) do
        local err = refused(command, how)
        assert.truthy(err:find(what, 1, true), how .. ": " .. err)
      end
    end
  end)

  it("is refused by the plugin in its own words", function()
    local err = refused("serve", "start")
    assert.truthy(err:find("it does not start: the moon is not full", 1, true), err)
    assert.equal(1, select(2, err:gsub("v1_stopped", "")))
  end)
end)

describe("the first header", function()
  it("stays as it was: a change belongs in include/ and, when it breaks, into an abi/v2", function()
    local _, out = shell.run({ "sha256sum", "tests/abi/v1/kordless_plugin.h" })
    assert.equal("4b657a177e3442c196453a6dc07832f99f51a7585536410ea9d84dd5a7ef530a", out:sub(1, 64))
  end)
end)
