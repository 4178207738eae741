-- The real binary with a directory of its own: started, spoken to, killed, restarted. When
-- a test fails, what the server logged is shown; a sanitizer's report is a failure too.

local socket = require("socket")
local busted = require("busted")
local http = require("tests.talk.support.http")
local shell = require("tests.talk.support.shell")
local steps = require("tests.talk.support.steps")

local server = {}
server.__index = server

local known = {} -- those not stopped yet: whose log to show, and what to clear away
local watched = false

local function binary()
  return os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test"
end

local function watch()
  if watched then return end
  watched = true
  local function show()
    for s in pairs(known) do
      io.write("\n-- log of the server --\n", shell.tail(s:log(), 40), "\n-- end of the log --\n")
    end
  end
  busted.subscribe({ "failure" }, show)
  busted.subscribe({ "error" }, show)
  busted.subscribe({ "exit" }, function() -- what a test that broke off left behind
    for s in pairs(known) do s:forget("KILL") end
  end)
end

-- The shipped scripts/kordless.lua with more set, "memory_mib = 16", in place of what it says.
function server.settings(more)
  local name = more:match("^[%w_]+")
  local text = shell.read("scripts/kordless.lua"):gsub("\n  " .. name .. " = [^\n]*\n", "\n", 1)
  return (text:gsub("return {\n", function(head) return head .. "  " .. more .. ",\n" end, 1))
end

-- opts: workers (2), load (list of plugin directories), scripts (name -> text, laid over a
-- copy of scripts/), args (more words for the command line),
-- environment ("NAME=value"). Nothing else is shared.
function server.start(opts)
  opts = opts or {}
  local s = setmetatable({ opts = opts, dir = shell.temp_dir() }, server)
  s.data, s.scripts = s.dir .. "/data", s.dir .. "/scripts"
  s.errors = s.dir .. "/stderr"
  os.execute(("mkdir %s && cp -r scripts %s"):format(shell.quote(s.data), shell.quote(s.scripts)))
  for name, text in pairs(opts.scripts or {}) do s:write_script(name, text) end
  watch()
  known[s] = true
  s:spawn()
  return s
end

function server:command()
  local words = { binary(), "serve", "--data", self.data, "--listen", "127.0.0.1:0",
    "--workers", tostring(self.opts.workers or 2), "--scripts", self.scripts,
    "--plugins", "plugins" }
  for _, dir in ipairs(self.opts.load or {}) do
    words[#words + 1] = "--load"
    words[#words + 1] = dir
  end
  for _, word in ipairs(self.opts.args or {}) do words[#words + 1] = word end
  return words
end

-- The shell says its process id and then becomes the server.
function server:spawn()
  local line = ("exec 2>>%s; echo $$; exec env %s %s"):format(shell.quote(self.errors),
    self.opts.environment or "", shell.join(self:command()))
  self.pipe = io.popen(line, "r")
  self.pid = tonumber(self.pipe:read("l"))
  for text in self.pipe:lines() do
    self.address = text:match("listening on https?://(%S+)")
    if self.address then return end
  end
  local _, _, code = self.pipe:close()
  self.pid = nil
  error(("the server did not start (exit %s)\n%s"):format(code, shell.tail(self:log(), 40)), 0)
end

function server:log()
  return shell.read(self.errors) or ""
end

function server:kill(signal)
  os.execute(("kill -%s %d"):format(signal, self.pid))
end

-- A process that ended waits as a zombie until its pipe is closed.
local function ended(pid)
  local stat = shell.read(("/proc/%d/stat"):format(pid))
  return not stat or stat:match("%) (%a)") == "Z"
end

-- How it ended: its exit status, or 128 and the signal.
function server:wait()
  local deadline = socket.gettime() + 2 * http.patience
  while not ended(self.pid) do
    if socket.gettime() > deadline then
      self:kill("KILL")
      error("the server did not end\n" .. shell.tail(self:log(), 40), 0)
    end
    socket.sleep(0.01)
  end
  local _, how, code = self.pipe:close()
  self.pid = nil
  return how == "signal" and 128 + code or code
end

local function check_log(self)
  local text = self:log()
  local bad = text:find("Sanitizer", 1, true) or text:find("runtime error:", 1, true)
  assert(not bad, "the sanitizer spoke\n" .. shell.tail(text, 60))
end

-- Ends it, if it runs, and removes what it had.
function server:forget(signal)
  local code = 0
  if self.pid then
    self:kill(signal)
    code = self:wait()
  end
  known[self] = nil
  shell.remove(self.dir)
  return code
end

-- Ends it as an operator would; it must end well.
function server:stop()
  self:kill("TERM")
  local code = self:wait()
  check_log(self)
  local log = shell.tail(self:log(), 40)
  self:forget()
  assert(code == 0, ("the server ended with %s\n%s"):format(code, log))
end

-- As power loss does to a process: no goodbye.
function server:crash()
  self:kill("KILL")
  self:wait()
  check_log(self)
end

-- signal: "TERM" (the default) or "KILL"; the data stays, the port is another.
function server:restart(signal)
  self:kill(signal or "TERM")
  local code = self:wait()
  check_log(self)
  assert(signal == "KILL" or code == 0, "it ended with " .. tostring(code))
  self:spawn()
end

-- The command line on this server's data: exit status, standard output, standard error.
function server:cli(...)
  local words = { binary(), ... }
  words[#words + 1] = "--data"
  words[#words + 1] = self.data
  return shell.run(words)
end

-- The same where it must work; the answer decoded from JSON.
function server:tell(...)
  local words = { binary(), ... }
  for _, word in ipairs({ "--data", self.data, "--json" }) do words[#words + 1] = word end
  local code, out, err = shell.run(words)
  assert(code == 0, ("%s: exit %d\n%s%s"):format(table.concat({ ... }, " "), code, out, err))
  return (assert(http.json.decode(out, 1, http.null), out))
end

function server:write_script(name, text)
  shell.write(self.scripts .. "/" .. name, text)
end

steps(server)
return server
