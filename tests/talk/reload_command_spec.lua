-- kordless reload and status: what they say and what they change.

local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local sources = require("tests.talk.support.sources")

local function lists(t) -- the lists in a table, sorted, for comparing
  for _, list in pairs(t) do table.sort(list) end
  return t
end

describe("the sources of a server", function()
  local at, s, dir
  before_each(function()
    at = sources.start()
    s, dir = at.s, at.dir
  end)
  after_each(function() at:stop() end)

  it("are told by what a reload changes, and stay in a dry run", function()
    at:say("second")
    shell.write(dir .. "/word/plugin.lua", at.manifest:format("word", "/words"))
    shell.write(dir .. "/word/more.lua", "return {}")
    local dry = s:tell("reload", "--dry-run")
    assert.same({ "first", false }, { at:spoken(), dry.live })
    at.holds(at:ends(0, "reload", "--dry-run"), "not live", "plugins/word/more.lua", "GET /words")
    assert.equal(1, at:status().generation)
    local live = s:tell("reload")
    assert.same({ true, 2, true }, { live.live, live.generation, live.kept })
    assert.same({ changed = { "plugins/word/handlers.lua", "plugins/word/plugin.lua" },
      added = { "plugins/word/more.lua" }, removed = {} }, lists(live.files))
    local kept = #live.routes.kept
    live.routes.kept = nil
    assert.same({ changed = {}, added = { "GET /words" }, removed = { "GET /word" } }, live.routes)
    assert.is_true(kept > 10)
    dry.live, dry.routes.kept, live.kept, live.live = nil, nil, nil, nil
    lists(dry.files)
    assert.same(dry, live)
    assert.equal("second", s:client():get("/words"):json()[1])
  end)

  it("are changed routes where a file changes that the plugin uses", function()
    local copy = dir .. "/plugins"
    os.execute(("cp -r plugins %s"):format(copy))
    s:stop()
    s = server.start({ args = { "--plugins", copy } })
    at.s = s
    os.execute(("echo '-- more' >>%s/services/store.lua"):format(copy))
    local routes = s:tell("reload").routes
    local owner = {}
    for fate, list in pairs(routes) do
      for _, label in ipairs(list) do owner[label] = fate end
    end
    assert.equal("changed", owner["GET /api/calendar/v1/public/availability"])
    assert.equal("kept", owner["GET /api/platform/v1/organizations"])
  end)

  it("say how many live keys get other limits", function()
    s:tell("org", "create", "--slug", "small", "--name", "Small", "--plan", "small")
    s:tell("org", "create", "--slug", "big", "--name", "Big", "--plan", "big")
    s:organization("plain")
    for _ = 1, 2 do s:key("small", "desk") end
    for _ = 1, 3 do s:key("big", "desk") end
    at:ends(0, "key", "revoke", s:key("big", "gone").id, "--org", "big", "--yes")
    local quota = [[
      local by_plan = { small = %d, big = %d }
      return { reads = { "plan" }, limits = function(key)
        return { per_minute = by_plan[key.plan] or 10, per_hour = 1000, per_day = 10000 } end }]]
    s:write_script("quota.lua", quota:format(100, 100))
    s:tell("reload")
    s:write_script("quota.lua", quota:format(50, 200))
    at.holds(at:ends(0, "reload", "--dry-run"), "of 6 live keys 2 get tighter limits, 3 looser")
    assert.same({ keys = 6, tighter = 2, looser = 3 }, s:tell("reload").limits)
    assert.same({ keys = 6, tighter = 0, looser = 0 }, s:tell("reload").limits)
  end)

  it("with faults leave all as it is, and say all of them", function()
    at:handlers("return {\n  oops oops\n}")
    s:write_script("booking.lua", "return 7")
    for _, words in ipairs({ { "reload" }, { "reload", "--dry-run" } }) do
      local out, err = at:ends(1, table.unpack(words))
      assert.equal("", out)
      at.holds(err, "/word/handlers.lua:2: ", "booking.lua")
    end
    assert.same({ "first", 1 }, { at:spoken(), at:status().generation })
    assert.equal(401, s:client():post("/api/platform/v1/reload").status)
  end)

  it("are shown with what they hold", function()
    local now = at:status()
    assert.same({ 1, "disk", 2, 0 }, { now.generation, now.source, now.workers, now.queue })
    assert.truthy(now.hash:find("^%x+$") and now.scripts["quota.lua"]:find("^%x+$"))
    local word = now.plugins[#now.plugins]
    assert.same({ "word", 1, 2, 0 }, { word.name, word.routes, #word.memory, word.calls })
    assert.is_true(word.memory[1] > 1000 and word.memory[2] > 1000)
    assert.equal(401, s:client():get("/api/platform/v1/status").status)
    at:handlers("return { word = function() while true do pcall(error) end end }")
    s:tell("reload")
    for _ = 1, 3 do assert.equal(503, s:client():get("/word").status) end
    word = at:status().plugins[#now.plugins]
    assert.same({ 3, 0, false }, { word.kills, word.calls, word.quarantined })
  end)

  it("are put live by somebody, and the audit says who", function()
    local P = "/api/platform/v1"
    local token = s:tell("token", "create", "--label", "deploy")
    local c = s:client({ Authorization = "Bearer " .. token.token })
    at:say("second")
    s:tell("reload")
    s:tell("reload", "--dry-run")
    at:handlers("return {")
    assert.equal(422, c:post(P .. "/reload").status)
    at:say("third")
    assert.equal(200, c:post(P .. "/reload").status)
    assert.equal(200, c:post(P .. "/rollback").status)
    local seen = {}
    for _, row in ipairs(c:get(P .. "/audit?limit=3"):json().audit) do
      seen[#seen + 1] = { row.action, row.actor, row.detail.generation }
    end
    assert.same({ { "sources.rollback", token.id, 4 }, { "sources.reload", token.id, 3 },
      { "sources.reload", "operator", 2 } }, seen)
  end)

  it("without a server are refused with a sentence", function()
    s:kill("TERM")
    assert.equal(0, s:wait())
    for _, word in ipairs({ "reload", "rollback", "status" }) do
      local _, err = at:ends(1, word)
      at.holds(err, "no server runs on " .. s.data)
    end
    s:spawn()
  end)
end)
