-- Who keeps being killed no longer runs; the others do, and an operator lets it run again.

local socket = require("socket")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local client = require("tests.talk.support.client")
local book = require("tests.talk.support.book")

local rules = [[
return { loop = function() while true do end end, fine = function() return { fine = true } end }
]]

describe("a plugin that is killed again and again", function()
  local s, c
  before_each(function()
    s = server.start({ load = { "tests/talk/plugins/rails", "examples/hello" },
      scripts = { ["rails.lua"] = rules, ["quota.lua"] = book.no_limits["quota.lua"] } })
    s:freeze(book.monday)
    c = s:client()
  end)
  after_each(function() s:stop() end)

  local function get(path, status, code)
    local r = c:get(path)
    assert.same({ status, code }, { r.status, r:json().code }, path)
  end

  local function count(event)
    return select(2, s:log():gsub("event=" .. event .. " plugin=", ""))
  end

  local function kill(times, what)
    for _ = 1, times do get(what or "/rails/do/loop", 503, "over_budget") end
  end

  it("is off after the tenth time, whoever asks, and the others serve on", function()
    kill(5)
    kill(4, "/rails/tx/loop")
    get("/rails/rows", 200)
    kill(1)
    for _ = 1, 4 do -- both workers
      local r = s:client():get("/rails/rows")
      assert.same({ 503, "plugin_quarantined" }, { r.status, r:json().code })
      assert.truthy(r.body:find(r.headers["x-request-id"], 1, true))
      assert.equal(200, s:client():get("/hello").status)
    end
    assert.equal(1, count("plugin_quarantined"))
    s:advance(3600)
    get("/rails/rows", 503, "plugin_quarantined")
  end)

  it("runs again when an operator says so", function()
    kill(10)
    assert.equal("rails runs again\n", (select(2, s:cli("plugin", "resume", "rails"))))
    get("/rails/rows", 200)
    assert.equal("rails was running\n", (select(2, s:cli("plugin", "resume", "rails"))))
    assert.equal(1, count("plugin_resumed"))
    local rows = client.admin(s):get("/api/platform/v1/audit?action=plugin.resume"):json().audit
    assert.same({ 1, "rails", "operator" }, { #rows, rows[1].object, rows[1].actor })
    kill(9) -- counted anew
    get("/rails/rows", 200)
    kill(1)
    local r = client.admin(s):post("/api/platform/v1/plugins/rails/resume")
    assert.same({ 200, { name = "rails", resumed = true } }, { r.status, r:json().plugin })
    get("/rails/rows", 200)
    assert.equal(1, (s:cli("plugin", "resume", "nobody")))
    assert.equal(2, (s:cli("plugin", "resume", "a/b")))
    assert.equal(2, (s:cli("plugin", "resume")))
    assert.equal(401, c:post("/api/platform/v1/plugins/rails/resume").status)
  end)

  it("does not run what it left for later either", function()
    local function wait(what, met)
      local deadline = socket.gettime() + http.patience
      while not met() do assert(socket.gettime() < deadline, what) end
    end
    local waiting = s:client() -- it was let in before, so it goes on
    waiting.conn = http.connect(s.address)
    waiting.conn:send(waiting:bytes({ path = "/rails/later/30" }))
    kill(10)
    s:advance(30)
    assert.equal(200, waiting.conn:receive().status)
    wait("nothing was refused", function() return count("after_refused") == 1 end)
    assert.truthy(s:log():find('event=after_refused plugin=rails name=add why="its plugin', 1, true))
    s:cli("plugin", "resume", "rails")
    assert.equal(0, c:get("/rails/rows"):json().n)
    get("/rails/later/0", 200)
    wait("it did not run", function() return c:get("/rails/rows"):json().n == 1 end)
  end)

  it("is not when that took longer than a minute", function()
    for _ = 1, 12 do
      kill(1)
      s:advance(7)
    end
    get("/rails/rows", 200)
    assert.equal(0, count("plugin_quarantined"))
  end)

  it("and errors of other kinds are none", function()
    for _ = 1, 12 do get("/rails/do/error", 500, "internal_error") end
    get("/rails/rows", 200)
  end)

  it("policies fail closed, and only they", function()
    local function ask(name) return "/rails/policy/" .. name end
    for _ = 1, 10 do get(ask("loop"), 503, "policy_failed") end
    get(ask("fine"), 503, "policy_failed")
    get("/rails/rows", 200)
    assert.equal(1, count("plugin_quarantined"))
    assert.equal(0, (s:cli("plugin", "resume", "policy")))
    get(ask("fine"), 200)
  end)
end)
