-- serve --dev: an edit is a reload.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local socket = require("socket")

local manifest = [[
return { name = "word", version = "1.0.0",
  routes = { { method = "GET", path = "/word", handler = "word", auth = "none" } } }
]]

describe("serve --dev", function()
  it("takes edits live, and refuses those that are broken", function()
    local dir = shell.temp_dir()
    os.execute("mkdir " .. dir .. "/word")
    local function say(text) shell.write(dir .. "/word/handlers.lua", text) end
    local function answer(word)
      return ("return { word = function() return 200, { '%s' } end }"):format(word)
    end
    shell.write(dir .. "/word/plugin.lua", manifest)
    say(answer("first"))
    local s = server.start({ load = { dir .. "/word" }, args = { "--dev" } })
    local function wait(what, ready)
      local deadline = socket.gettime() + http.patience
      while not ready() do
        assert(socket.gettime() < deadline, what)
        socket.sleep(0.02)
      end
    end
    local function speaks(word)
      return function() return s:client():get("/word"):json()[1] == word end
    end
    say(answer("second"))
    wait("the edit does not go live", speaks("second"))
    say("return { oops oops")
    wait("the fault is not told", function() return s:log():find("event=reload_refused", 1, true) end)
    assert.is_true(speaks("second")())
    say(answer("third"))
    wait("the mended one does not go live", speaks("third"))
    s:write_script("quota.lua", "return { reads = {}, limits = function() return 1 end }")
    wait("a script is not watched", function() return s:log():find("quota.lua: limits", 1, true)
      or s:log():find("quota.lua:1", 1, true) end)
    s:stop()
    shell.remove(dir)
  end)
end)
