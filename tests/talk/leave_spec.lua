-- Callers who leave, and calls that begin when their caller has long been answered.

local socket = require("socket")
local http = require("tests.talk.support.http")
local outside = require("tests.talk.support.outside")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local upstream = require("tests.talk.support.upstream")

local function logs(s, text)
  local deadline = socket.gettime() + http.patience
  while not s:log():find(text, 1, true) do
    if socket.gettime() > deadline then return false end
    socket.sleep(0.01)
  end
  return true
end

local function count(text, what)
  return select(2, text:gsub(what, ""))
end

describe("a caller who leaves", function()
  local s, up, dir, address
  setup(function()
    up, dir = upstream.start(), shell.temp_dir()
    address = "127.0.0.1:" .. up.port
    s = outside.start(server, dir, { address }, { address }, { workers = 1 })
  end)
  teardown(function()
    s:stop()
    up:stop()
    shell.remove(dir)
  end)

  local function ask(tag, detached)
    local conn = http.connect(s)
    conn:send(http.bytes({ method = "POST", path = "/outside/fetch?tag=" .. tag,
      body = { url = "http://" .. address .. "/", timeout_ms = 60000, detached = detached } }))
    return conn, up:accept()
  end

  it("takes the request made for it along", function()
    local conn, peer = ask("left")
    conn:close()
    assert.is_true(peer.ends())
    assert.equal(200, s:client():get("/outside/nap?seconds=0&tag=x").status)
    assert.is_nil(s:log():find("tag=left", 1, true))
  end)

  it("leaves behind what is detached", function()
    local conn, peer = ask("stays", true)
    conn:close()
    assert.equal(200, s:client():get("/outside/nap?seconds=0&tag=x").status)
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert.is_true(logs(s, "tag=stays"))
  end)

  it("ends a sleep", function()
    local conn = http.connect(s)
    conn:send(http.bytes({ path = "/outside/nap?seconds=0.2&tag=gone" }))
    conn:close()
    assert.equal(200, s:client():get("/outside/nap?seconds=0.4&tag=here").status)
    assert.truthy(s:log():find("tag=here", 1, true))
    assert.is_nil(s:log():find("tag=gone", 1, true))
  end)

  it("is answered if only its own side is shut", function()
    local conn, peer = ask("half")
    conn.sock:shutdown("send")
    assert.is_true(peer.ends())
    local r = conn:receive("POST")
    assert.same({ 503, "caller_left" }, { r.status, r:json().code })
    conn:close()
  end)
end)

describe("after:", function()
  local s, dir
  setup(function()
    dir = shell.temp_dir()
    s = outside.start(server, dir, {}, {}, { workers = 1 })
  end)
  teardown(function()
    s:stop()
    shell.remove(dir)
  end)

  local function later(args)
    return s:client():post("/outside/later", args)
  end

  it("a handler's function runs later, without a request", function()
    assert.equal(1, later({ seconds = 0.02, name = "note", args = { tag = "later" } }):json().put)
    assert.is_true(logs(s, "tag=later"))
  end)

  it("it runs in what is live by then", function()
    local path = dir .. "/outside/handlers.lua"
    later({ seconds = 0, name = "tick", args = { tag = "old" } })
    assert.is_true(logs(s, "tag=old"))
    local text = shell.read(path)
    local last = 'kordless.log.info("ticking_over")'
    shell.write(path, (text:gsub('kordless.after%(0.05, "tick", args%)', last)))
    s:kill("HUP")
    local stopped = logs(s, "ticking_over")
    shell.write(path, text)
    assert.is_true(stopped)
  end)

  it("what goes wrong there is logged and hurts nobody", function()
    later({ seconds = 0, name = "fault" })
    later({ seconds = 0, name = "loop" })
    assert.is_true(logs(s, "as it was told"))
    assert.is_true(logs(s, "over_budget"))
    assert.truthy(s:log():find("after fault", 1, true))
    assert.equal(200, s:client():get("/outside/nap?seconds=0&tag=x").status)
  end)

  it("what cannot be put off is the caller's error", function()
    for _, args in ipairs({ { seconds = 1, name = "nothing" }, { seconds = -1, name = "note" },
      { seconds = 86401, name = "note" }, { seconds = 1, name = "note", args = ("x"):rep(70000) } }) do
      assert.equal(500, later(args).status)
    end
  end)

  it("at most 1,000 wait, and what waits at the end is dropped and told", function()
    local r = later({ seconds = 3600, name = "note", args = { tag = "never" }, times = 1005 })
    assert.equal(1000, r:json().put)
    s:restart("TERM")
    assert.equal(1000, count(s:log(), "after_dropped"))
    assert.is_nil(s:log():find("tag=never", 1, true))
  end)

  it("one that waits when the server stops is dropped as well", function()
    later({ seconds = 0, name = "doze", args = { tag = "dozed" } })
    assert.equal(200, s:client():get("/outside/nap?seconds=0.05&tag=x").status)
    s:restart("TERM")
    assert.truthy(s:log():find("stopped while it ran", 1, true))
  end)
end)
