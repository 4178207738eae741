-- Secrets of plugins: set by an operator, read by the plugin they belong to, in clear nowhere.

local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local sql = require("tests.talk.support.sql")

describe("a secret", function()
  local s, c, admin
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/vaulted" } })
    c, admin = s:client(), client.admin(s)
  end)
  teardown(function() s:stop() end)

  local path = "/api/platform/v1/secrets"
  local value = "s3cr3t-" .. math.random(1, 2 ^ 52) .. "-" .. math.random(1, 2 ^ 52)

  local function seen(name)
    local r = c:get("/vaulted/" .. (name or "token"))
    assert.equal(200, r.status, r.body)
    return r:json().length
  end

  local function cli(text, ...)
    local words = { os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test", ... }
    words[#words + 1] = "--data"
    words[#words + 1] = s.data
    return shell.run(words, nil, text)
  end

  it("is read by its plugin from the moment it is set, on every worker", function()
    assert.equal(http.null, seen())
    local r = admin:put(path .. "/vaulted.token", { value = value })
    assert.equal(200, r.status, r.body)
    for _ = 1, 8 do -- a connection each, on both workers
      local answer = s:client():get("/vaulted/token"):json()
      assert.same({ #value, "s" }, { answer.length, answer.first })
    end
    assert.equal(http.null, seen("unset"))
  end)

  it("must be declared by who reads it", function()
    assert.equal(500, c:get("/vaulted/tokn").status)
    assert.truthy(s:log():find("plugin.lua lists no 'tokn' under secrets; did you mean 'token'?", 1, true))
  end)

  it("is listed by name and never shown", function()
    local r = admin:get(path)
    assert.equal("vaulted.token", r:json().secrets[1].name)
    assert.is_nil(r.body:find(value, 1, true))
    assert.equal(401, c:get(path).status)
    assert.equal(401, c:put(path .. "/vaulted.token", { value = "x" }).status)
  end)

  it("has a name and a text", function()
    for _, name in ipairs({ "token", "a.b.c", "A.b", ".b", "a.", ("a"):rep(80) .. "." .. ("b"):rep(80) }) do
      assert.equal(400, admin:put(path .. "/" .. name, { value = "x" }).status, name)
    end
    for _, bad in ipairs({ "", ("x"):rep(8193), 7, ("é"):rep(5000) }) do
      assert.equal(400, admin:put(path .. "/vaulted.token", { value = bad }).status)
    end
    assert.equal(400, admin:put(path .. "/vaulted.token", {}).status)
    assert.equal(#value, seen())
  end)

  it("outlives a crash, and stands in clear in no file", function()
    s:restart("KILL")
    c, admin = s:client(), client.admin(s)
    assert.equal(#value, seen())
    for file in io.popen("find " .. shell.quote(s.dir) .. " -type f"):lines() do
      assert.is_nil((shell.read(file) or ""):find(value, 1, true), file)
    end
    local audit = select(2, shell.run({ "sqlite3", s.data .. "/kordless.db",
      "SELECT actor, action, object FROM audit WHERE action LIKE 'secret%'" }))
    assert.equal("operator|secret.set|vaulted.token\n", audit)
  end)

  it("is set from standard input, with a server and without one", function()
    assert.equal(0, (cli("from the shell\n", "secret", "set", "vaulted.token")))
    assert.equal(#"from the shell", seen())
    assert.equal(2, (cli("x", "secret", "set", "vaulted")))
    assert.equal(2, (cli("", "secret", "set", "vaulted.token")))
    local _, out = cli("", "secret", "list")
    assert.truthy(out:find("^vaulted.token%s+20"), out)
    s:kill("TERM")
    s:wait()
    assert.equal(0, (cli("another", "secret", "set", "vaulted.token")))
    s:spawn()
    c, admin = s:client(), client.admin(s)
    assert.equal(#"another", seen())
  end)

  it("that many set at once is in memory what it is in the store", function()
    local operator = s:client({
      Authorization = "Bearer " .. shell.read(s.data .. "/operator-token"):match("%S+") })
    for _ = 1, 20 do
      local list = {}
      for i = 1, 16 do
        list[i] = operator:bytes({ method = "PUT", path = path .. "/vaulted.token",
          body = { value = ("x"):rep(i) } })
      end
      for _, r in ipairs(client.many(s, list)) do assert.equal(200, r.status, r.body) end
      -- a box is 40 bytes longer than what is in it
      assert.equal(tonumber(sql.read(s, "SELECT length(box) - 40 FROM secret")), seen())
    end
  end)

  it("that the disk does not take is as it was, and that is said", function()
    local had = seen()
    local size = #shell.read(s.data .. "/kordless.db-wal")
    assert.equal(0, (shell.run({ "prlimit", "--pid", tostring(s.pid), "--fsize=" .. size .. ":" })))
    for _, r in ipairs({ admin:put(path .. "/vaulted.token", { value = "another" }),
      admin:delete(path .. "/vaulted.token") }) do
      assert.same({ 503, "storage_unavailable" }, { r.status, r:json().code })
    end
    assert.equal(had, seen())
    assert.equal(0, (shell.run({ "prlimit", "--pid", tostring(s.pid), "--fsize=unlimited:" })))
  end)

  it("that is dropped is gone at once", function()
    assert.equal(204, admin:delete(path .. "/vaulted.token").status)
    assert.equal(http.null, seen())
    assert.equal(404, admin:delete(path .. "/vaulted.token").status)
    assert.equal(1, (cli("", "secret", "drop", "vaulted.token")))
    assert.equal("[]\n", select(2, cli("", "secret", "list", "--json")))
  end)
end)
