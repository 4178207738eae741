-- SIGHUP: all of it goes live, or none; and whoever is on the way does not notice.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local socket = require("socket")

local manifest = [[
return {
  name = "%s", version = "1.0.0",
  routes = { { method = "GET", path = "%s", handler = "number", auth = "none" } },
}
]]
local handlers = [[
local rules = require("rules")
local handlers = {}
function handlers.number() return 200, { here = %d, there = rules.number } end
return handlers
]]
local settings = [[
return { plugins = { "services", "availability", "bookings", "platform" }, listen = "127.0.0.1:8080",
  support_contact = "%s" }
]]

describe("a reload", function()
  local s, dir, reloads
  setup(function()
    dir = shell.temp_dir()
    for _, name in ipairs({ "numbers", "other" }) do os.execute(("mkdir %s/%s"):format(dir, name)) end
  end)
  teardown(function() shell.remove(dir) end)

  local function write(name, text) shell.write(dir .. "/" .. name, text) end

  local function set_number(n)
    write("numbers/handlers.lua", handlers:format(n))
    write("numbers/rules.lua", ("return { number = %d }"):format(n))
  end

  before_each(function()
    os.execute(("rm -rf %s/other/*"):format(dir))
    write("numbers/plugin.lua", manifest:format("numbers", "/number"))
    write("other/plugin.lua", manifest:format("other", "/other"))
    write("other/handlers.lua", "return { number = function() return 204 end }")
    set_number(1)
    s = server.start({ load = { dir .. "/numbers", dir .. "/other" } })
    reloads = 0
  end)
  after_each(function() s:stop() end)

  -- Waits for the server's word on it: "reloaded" or "reload_refused".
  local function hup()
    local _, before = s:log():gsub("event=reloaded", "")
    local _, refused = s:log():gsub("event=reload_refused", "")
    s:kill("HUP")
    local deadline = socket.gettime() + http.patience
    while true do
      local log = s:log()
      if select(2, log:gsub("event=reloaded", "")) > before then reloads = reloads + 1 return "reloaded" end
      if select(2, log:gsub("event=reload_refused", "")) > refused then return "refused" end
      assert(socket.gettime() < deadline, "no word of the reload")
      socket.sleep(0.005)
    end
  end

  local function numbers()
    local seen = {}
    for i = 1, 4 do -- new connections: either worker
      local r = s:client():get("/number"):json()
      assert.equal(r.here, r.there)
      seen[i] = r.here
    end
    return seen
  end

  it("that is good goes live everywhere", function()
    set_number(2)
    assert.same({ 1, 1, 1, 1 }, numbers())
    assert.equal("reloaded", hup())
    assert.same({ 2, 2, 2, 2 }, numbers())
    write("numbers/plugin.lua", manifest:format("numbers", "/moved"))
    assert.equal("reloaded", hup())
    assert.equal(404, s:client():get("/number").status)
    assert.equal(200, s:client():get("/moved").status)
  end)

  local function faults()
    local list = {}
    for line in s:log():gmatch("event=reload_fault ([^\n]+)") do list[#list + 1] = line end
    return list
  end

  -- Refused, for this reason, and everything is as before; mended, it goes live.
  local function refused_for(...)
    set_number(2)
    assert.equal("refused", hup())
    local told = table.concat(faults(), "\n")
    for _, reason in ipairs({ ... }) do
      assert.truthy(told:find(reason, 1, true), ("'%s' is not in:\n%s"):format(reason, told))
    end
    assert.equal(select("#", ...), #faults(), told)
    assert.same({ 1, 1, 1, 1 }, numbers())
  end

  it("with a syntax error changes nothing", function()
    write("other/handlers.lua", "return {\n  oops oops\n}")
    refused_for("other/handlers.lua:2: ")
  end)
  it("with one in a file that nobody requires yet, too", function()
    write("other/later.lua", "return }")
    refused_for("other/later.lua:1: ")
  end)
  it("with an error while a file runs", function()
    write("other/handlers.lua", "local x\nreturn x.y")
    refused_for("other/handlers.lua:2: attempt to index a nil value")
  end)
  it("with handlers that never end loading", function()
    write("other/handlers.lua", "while true do end")
    refused_for("other/handlers.lua:1: the instruction budget is used up")
  end)
  it("with a faulty manifest", function()
    write("other/plugin.lua",
      'return { name = "another", version = 1, needs = { "fire" }, uses = { x = 1 } }')
    refused_for("other/plugin.lua:1: name: 'another' must be", "other/plugin.lua:1: version: ",
      "other/plugin.lua:1: needs[1] = 'fire': is no capability",
      "other/plugin.lua:1: uses: must be a list")
  end)
  it("with a handler that is not there", function()
    write("other/handlers.lua", "return { nummer = function() end }")
    refused_for(
      "routes[1].handler = 'number': handlers.lua has no such function; did you mean 'nummer'?")
  end)
  it("with a route that is taken", function()
    write("other/plugin.lua", manifest:format("other", "/number"))
    refused_for(": routes[1].path: the route GET /number is taken by GET /number")
  end)
  it("with a plugin it may not use", function()
    write("other/plugin.lua",
      'return { name = "other", version = "1", uses = { "nubmers" }, reads = { "api_key" } }')
    refused_for("1: uses: no plugin 'nubmers' stands before 'other'; did you mean 'numbers'?",
      "other/plugin.lua:1: reads: 'api_key' is closed")
  end)
  it("with quotas out of range", function()
    s:write_script("quota.lua", [[return { reads = { "moon" },
      limits = function() return { per_minute = 1000001, per_hour = 1, per_day = 1 } end }]])
    refused_for("quota.lua: reads: 'moon' is none of plan environment")
    s:write_script("quota.lua", [[return {
      limits = function() return { per_minute = 1000001, per_hour = 1, per_day = 1 } end }]])
    assert.equal("refused", hup())
    assert.truthy(faults()[2]:find("'per_minute' must be a whole number from 1 to 1000000", 1, true))
  end)
  it("with settings that make no sense", function()
    s:write_script("kordless.lua", settings:format("x"):gsub("listen", "lissen"))
    refused_for("kordless.lua:1: lissen: is not known here; did you mean 'listen'?")
  end)
  it("with rules that break their own promises", function()
    s:write_script("booking.lua", [[return { tests = {
      ["one is two"] = function() assert(1 == 2, "it is not") end, ["one is one"] = function() end } }]])
    refused_for("booking.lua: tests: 'one is two': ")
  end)
  it("with a pending migration asks for a restart", function()
    os.execute(("mkdir -p %s/other/migrations"):format(dir))
    write("other/migrations/001_other.sql", "CREATE TABLE other_table (x INTEGER);")
    refused_for("1 migration is pending")
    s:restart()
    assert.same({ 2, 2, 2, 2 }, numbers())
    os.execute(("rm -r %s/other/migrations"):format(dir))
    write("other/handlers.lua", "return {}")
    assert.equal("refused", hup())
    s:crash() -- a migration that vanished: the next start is refused as well
    s.data = s.dir .. "/fresh"
    write("other/handlers.lua", "return { number = function() return 204 end }")
    s:spawn()
  end)

  it("tells all faults at once, of all files", function()
    write("other/handlers.lua", "return { oops")
    write("numbers/plugin.lua", (manifest:format("numbers", "/number"):gsub('"GET"', '"FETCH"')))
    s:write_script("quota.lua", "return { limits = function() return {} end }")
    s:write_script("booking.lua", "return 7")
    s:write_script("kordless.lua", (settings:format("x"):gsub("listen", "lissen")))
    refused_for("other/handlers.lua:1: ",
      ": routes[1].method = 'FETCH': is none of",
      "quota.lua: limits: ", "booking.lua: must return a table",
      ": lissen: is not known here; did you mean 'listen'?")
  end)

  it("loses no request and mixes no two generations", function()
    local conns, sent, got, highest = {}, 0, 0, 1
    local bytes = http.bytes({ path = "/number" }):rep(16)
    for i = 1, 4 do conns[i] = http.connect(s) end
    for n = 2, 51 do
      for _, conn in ipairs(conns) do
        conn:send(bytes)
        sent = sent + 16
      end
      set_number(n)
      assert.equal("reloaded", hup())
      for _, conn in ipairs(conns) do
        for _ = 1, 16 do
          local r = assert(conn:receive())
          assert.equal(200, r.status)
          local answer = r:json()
          assert.equal(answer.here, answer.there)
          assert.is_true(answer.here >= n - 1 and answer.here <= n, answer.here .. " after " .. n)
          highest = math.max(highest, answer.here)
          got = got + 1
        end
      end
    end
    assert.same({ sent, 50 }, { got, reloads })
    assert.is_true(highest >= 50)
    for _, conn in ipairs(conns) do conn:close() end
  end)

  it("two hundred times needs no more memory than a few", function()
    local function resident()
      return tonumber(shell.read(("/proc/%d/status"):format(s.pid)):match("VmRSS:%s+(%d+)"))
    end
    for _ = 1, 50 do assert.equal("reloaded", hup()) end
    local before = resident()
    for _ = 1, 150 do assert.equal("reloaded", hup()) end
    assert.is_true(resident() < before * 1.5 + 16 * 1024, ("%d KiB, then %d"):format(before, resident()))
  end)
end)
