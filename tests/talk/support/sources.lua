-- A server with one plugin, "word", that a reload or a start makes other sources of, and what
-- is asked of both. s: the server, dir: where word/ and other/ lie.

local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

local sources = {
  manifest = [[
return { name = "%s", version = "1.0.0",
  routes = { { method = "GET", path = "%s", handler = "word", auth = "none" } } }
]],
}
sources.__index = sources

function sources.start()
  local self = setmetatable({ dir = shell.temp_dir() }, sources)
  os.execute(("mkdir -p %s/word %s/other/migrations"):format(self.dir, self.dir))
  shell.write(self.dir .. "/word/plugin.lua", self.manifest:format("word", "/word"))
  self:say("first")
  self.s = server.start({ load = { self.dir .. "/word" } })
  return self
end

function sources:stop()
  self.s:stop()
  shell.remove(self.dir)
end

function sources:handlers(text) shell.write(self.dir .. "/word/handlers.lua", text) end

-- What /word says, once these sources are live.
function sources:say(word)
  self:handlers(("return { word = function() return 200, { '%s' } end }"):format(word))
end

function sources:spoken() return self.s:client():get("/word"):json()[1] end

function sources:status() return self.s:tell("status").status end

-- Runs a command that has to end with this status; returns what it wrote.
function sources:ends(code, ...)
  local got, out, err = self.s:cli(...)
  assert(code == got, ("status %s: %s%s"):format(got, out, err))
  return out, err
end

function sources.holds(text, ...)
  for _, word in ipairs({ ... }) do
    assert(text:find(word, 1, true), ("'%s' is not in:\n%s"):format(word, text))
  end
end

return sources
