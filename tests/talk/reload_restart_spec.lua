-- What a start makes of the sources: broken ones, pinned ones, ones cut short by a crash.

local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local socket = require("socket")
local sql = require("tests.talk.support.sql")

local manifest = [[
return { name = "%s", version = "1.0.0",
  routes = { { method = "GET", path = "%s", handler = "word", auth = "none" } } }
]]

describe("the sources of a server", function()
  local s, dir
  before_each(function()
    dir = shell.temp_dir()
    os.execute(("mkdir -p %s/word %s/other/migrations"):format(dir, dir))
    shell.write(dir .. "/word/plugin.lua", manifest:format("word", "/word"))
    shell.write(dir .. "/word/handlers.lua", "return { word = function() return 200, { 'first' } end }")
    s = server.start({ load = { dir .. "/word" } })
  end)
  after_each(function()
    s:stop()
    shell.remove(dir)
  end)

  local function say(word)
    shell.write(dir .. "/word/handlers.lua",
      ("return { word = function() return 200, { '%s' } end }"):format(word))
  end
  local function spoken() return s:client():get("/word"):json()[1] end
  local function status() return s:tell("status").status end
  local function ends(code, ...)
    local got, out, err = s:cli(...)
    assert.equal(code, got, out .. err)
    return out, err
  end
  local function holds(text, ...)
    for _, word in ipairs({ ... }) do
      assert.truthy(text:find(word, 1, true), ("'%s' is not in:\n%s"):format(word, text))
    end
  end

  it("that are broken at a restart are those that were good", function()
    say("second")
    s:tell("reload")
    shell.write(dir .. "/word/handlers.lua", "return { word = function() return nil .. 1")
    s:restart()
    holds(s:log(), "event=start_fault", "/word/handlers.lua:1: ", "event=started_last_good")
    local now = status()
    assert.same({ "second", "last-good" }, { spoken(), now.source })
    assert.same({ "plugins/word/handlers.lua" }, now.drift.changed)
    holds(now.drift.faults[1], "/word/handlers.lua:1: ")
    holds(ends(0, "status"), "last-good", "1 file on disk differs")
    ends(1, "reload")
    say("third")
    s:tell("reload")
    now = status()
    assert.same({ "third", "disk", 0 }, { spoken(), now.source, now.drift.files })
  end)

  it("are whole whenever a crash comes in between", function()
    for n = 1, 12 do
      say("word " .. n)
      local admin = client.admin(s)
      admin.conn:send(client.new(s):bytes({ method = "POST", path = "/api/platform/v1/reload" }))
      socket.sleep(0.003 * (n - 1))
      s:crash()
      admin.conn:close()
      shell.write(dir .. "/word/handlers.lua", "return }")
      s:spawn()
      local now, word = status(), spoken()
      assert.equal("last-good", now.source)
      assert.is_true(word == "word " .. n or word == "word " .. n - 1 or n == 1 and word == "first",
        word .. " after " .. n)
      say("word " .. n)
      s:tell("reload")
    end
  end)

  it("that were kept and changed by hand do not start", function()
    say("second")
    s:tell("reload")
    shell.write(dir .. "/word/handlers.lua", "return }")
    local kept = s.data .. "/last-good/good/plugins/word/handlers.lua"
    shell.write(kept, (shell.read(kept):gsub("second", "forged")))
    s:kill("TERM")
    assert.equal(0, s:wait())
    local ok, why = pcall(s.spawn, s)
    assert.is_false(ok)
    holds(why, "/word/handlers.lua:1: ")
    say("mended")
    s:spawn()
    assert.equal("mended", spoken())
  end)

  it("go back by a rollback, and stay until the next reload", function()
    local _, err = ends(1, "rollback")
    holds(err, "no sources from before")
    say("second")
    s:tell("reload")
    local back = s:tell("rollback")
    assert.same({ "first", true, 3 }, { spoken(), back.pinned, back.generation })
    assert.equal("pinned", status().source)
    ends(1, "rollback")
    s:restart()
    assert.same({ "first", "pinned" }, { spoken(), status().source })
    s:restart("KILL")
    assert.equal("first", spoken())
    assert.same({ "plugins/word/handlers.lua" }, status().drift.changed)
    s:tell("reload")
    assert.same({ "second", "disk" }, { spoken(), status().source })
    s:restart()
    assert.equal("second", spoken())
    s:tell("rollback") -- the one before is known after a restart as well
    assert.equal("first", spoken())
  end)

  it("migrate all together or not at all", function()
    os.execute(("mkdir -p %s/word/migrations"):format(dir))
    shell.write(dir .. "/word/migrations/001_word.sql", "CREATE TABLE word_table (x INTEGER);")
    shell.write(dir .. "/other/plugin.lua", manifest:format("other", "/other"))
    shell.write(dir .. "/other/handlers.lua", "return { word = function() return 204 end }")
    shell.write(dir .. "/other/migrations/001_other.sql",
      "CREATE TABLE other_table (x INTEGER); INSERT INTO nowhere VALUES (1);")
    s.opts.load[2] = dir .. "/other"
    s:restart()
    holds(s:log(), "other, migration 001_other", "event=started_last_good")
    local function made()
      return sql.read(s, "SELECT count(*) FROM schema_table "
        .. "WHERE name IN ('word_table', 'other_table')"):match("%d+")
    end
    assert.equal("0", made())
    shell.write(dir .. "/other/migrations/001_other.sql", "CREATE TABLE other_table (x INTEGER);")
    shell.write(dir .. "/other/handlers.lua", "return {}") -- the migrations are good, the code is not
    s:restart()
    assert.equal("0", made())
    shell.write(dir .. "/other/handlers.lua", "return { word = function() return 204 end }")
    s:restart()
    assert.same({ "2", 204 }, { made(), s:client():get("/other").status })
  end)
end)
