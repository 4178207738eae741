-- What a plugin asks other servers: only those on both lists, only public addresses, and
-- whatever they answer costs the one request that asked.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local outside = require("tests.talk.support.outside")
local upstream = require("tests.talk.support.upstream")

local OK = "HTTP/1.1 200 OK\r\n"
local nowhere = ("a"):rep(64) .. ".invalid" -- too long for any name server to be asked

describe("fetch:", function()
  local s, up, dir
  setup(function()
    up, dir = upstream.start(), shell.temp_dir()
    local here = "127.0.0.1:" .. up.port
    local both = { here, "localhost:" .. up.port, "10.0.0.1", "169.254.169.254",
      "[::ffff:10.0.0.1]", nowhere }
    local mine, theirs = { "mine.example" }, { "theirs.example" }
    s = outside.start(server, dir, table.move(both, 1, #both, 2, mine),
      table.move(both, 1, #both, 2, theirs))
  end)
  teardown(function()
    s:stop()
    up:stop()
    shell.remove(dir)
  end)

  local function url(path) return ("http://127.0.0.1:%d%s"):format(up.port, path or "/") end

  -- Asks with `args`; `answer` gets the connection that came of it.
  local function fetch(args, answer)
    args.url = args.url or url()
    local conn = http.connect(s)
    conn:send(http.bytes({ method = "POST", path = "/outside/fetch", body = args }))
    if answer then
      local peer = up:accept()
      answer(peer)
      peer.close()
    end
    local r = conn:receive("POST")
    conn:close()
    assert.equal(200, r.status, r.body)
    return r:json()
  end

  local function answered(bytes, args)
    return fetch(args or {}, function(peer) peer.send(bytes) end)
  end

  it("a response comes back whole", function()
    local asked
    local r = fetch({ url = url("/a?b=c"), method = "PUT", headers = { ["X-Mine"] = "1" }, body = "hi" },
      function(peer)
        asked = peer.head .. peer.body
        peer.send("HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello")
      end)
    assert.same({ status = 201, body = "hello",
      headers = { ["x-a"] = "1, 2", ["content-length"] = "5" } }, r)
    assert.equal("PUT /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:" .. up.port .. "\r\nConnection: close\r\n"
      .. "User-Agent: kordless\r\nX-Mine: 1\r\nContent-Length: 2\r\n\r\nhi", asked)
  end)

  it("a body may be chunked, end with the connection, or be of a name", function()
    assert.equal("abcde",
      answered(OK .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body)
    assert.equal("to the end", answered(OK .. "\r\nto the end").body)
    assert.equal("x", answered(OK .. "Content-Length: 1\r\n\r\nx",
      { url = ("http://localhost:%d/"):format(up.port) }).body)
  end)

  it("a large body comes in pieces", function()
    local text = ("0123456789abcdef"):rep(64 * 1024)
    local r = answered(OK .. "Content-Length: " .. #text .. "\r\n\r\n" .. text)
    assert.equal(#text, #r.body)
    assert.equal(text, r.body)
  end)

  it("redirects are not followed", function()
    local r = answered("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")
    assert.same({ 302, "http://127.0.0.1/" }, { r.status, r.headers.location })
  end)

  it("what is no response is refused", function()
    for _, bytes in ipairs({ "", "SSH-2.0-x\r\n", OK .. "Content-Length: 9\r\n\r\nshort",
      OK .. "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", OK .. "A : b\r\n\r\n",
      OK .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
      OK .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" }) do
      assert.equal("bad_response", answered(bytes).code, bytes)
    end
  end)

  it("what is too large is refused, however it comes", function()
    assert.equal("too_large", answered(OK .. "Content-Length: 11\r\n\r\n", { max_bytes = 10 }).code)
    assert.equal("too_large", answered(OK .. "\r\n" .. ("x"):rep(11), { max_bytes = 10 }).code)
    assert.equal("too_large",
      answered(OK .. "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", { max_bytes = 10 }).code)
    assert.equal("too_large", answered(OK .. "A: " .. ("x"):rep(20000)).code)
    assert.equal("too_large", fetch({}, function(peer)
      peer.send(OK .. "\r\n")
      for _ = 1, 100 do
        if not peer.send(("x"):rep(65536)) then break end
      end
    end).code)
  end)

  it("the deadline is total: a byte now and then does not move it", function()
    local r = fetch({ timeout_ms = 300 }, function(peer)
      repeat until not peer.send("H") or peer.conn:fill(0.02)
    end)
    assert.equal("timeout", r.code)
  end)

  it("a server that never answers costs its time and nobody else's", function()
    local r = fetch({ timeout_ms = 300 }, function(peer)
      assert.equal(200, s:client():get("/outside/nap?seconds=0&tag=x").status)
      assert.truthy(peer.ends())
    end)
    assert.equal("timeout", r.code)
  end)

  it("a host must stand on both lists", function()
    for where, host in pairs({ ["kordless.lua"] = "http://mine.example/",
      ["plugin.lua"] = "http://theirs.example/" }) do
      local r = fetch({ url = host })
      assert.equal("host_not_allowed", r.code)
      assert.truthy(r.why:find(where, 1, true), r.why)
    end
    assert.equal("host_not_allowed", fetch({ url = "http://127.0.0.1/" }).code)
    assert.equal("invalid_url", fetch({ url = "ftp://127.0.0.1/" }).code)
  end)

  it("a name may have no address", function()
    assert.equal("unresolved", fetch({ url = "http://" .. nowhere .. "/" }).code)
  end)

  it("private addresses are refused even when they are listed", function()
    for _, host in ipairs({ "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]" }) do
      assert.equal("address_refused", fetch({ url = "http://" .. host .. "/" }).code)
    end
  end)

  it("what the script gets wrong is its error", function()
    for _, args in ipairs({ { headers = { ["A"] = "b\r\nC: d" } }, { headers = { Host = "x" } },
      { method = "GE T" }, { tiemout_ms = 1 }, { timeout_ms = 0 }, { max_bytes = 1e9 } }) do
      args.url = url()
      local r = s:client():post("/outside/fetch", args)
      assert.equal(500, r.status, r.body)
    end
    assert.truthy(s:log():find("fetch: 'tiemout_ms' is not known here", 1, true))
    assert.is_true(up:nobody_came())
  end)

  it("loopback is refused where no test allows it", function()
    local strict = outside.start(server, dir, { "127.0.0.1:" .. up.port },
      { "127.0.0.1:" .. up.port }, { loopback = false })
    local r = strict:client():post("/outside/fetch", { url = url() }):json()
    assert.equal("address_refused", r.code)
    assert.is_true(up:nobody_came())
    strict:stop()
  end)
end)
