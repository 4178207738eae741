-- Bytes in, bytes out: what the transport accepts, refuses, and says about it.

local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")

describe("on the wire", function()
  local s, c
  setup(function()
    s = server.start({ load = { "examples/echo" } })
    c = s:client()
  end)
  teardown(function() s:stop() end)

  local HOST = "Host: 127.0.0.1\r\n"

  -- Says `bytes`, expects `status`, the error's form, and the end of the connection.
  local function refuses(bytes, status)
    local conn = http.connect(s)
    conn:send(bytes)
    local r = assert(conn:receive())
    assert.equal(status, r.status)
    local body = r:json()
    assert.equal(status, body.status)
    assert.equal("request_error", body.type)
    assert.is_string(body.detail)
    assert.truthy(r.headers["x-request-id"])
    assert.equal("close", r.headers.connection)
    assert.is_true(conn:closes())
    conn:close()
  end

  local function fields(n, size)
    local list = {}
    for i = 1, n do list[i] = ("X-%d: %s\r\n"):format(i, ("v"):rep(size)) end
    return table.concat(list)
  end

  it("takes a request line of 8 KiB and no more", function()
    local fits = ("/" .. ("a"):rep(8192 - #"GET  HTTP/1.1" - 1))
    assert.equal(404, c:get(fits).status)
    refuses("GET " .. fits .. ("a"):rep(3) .. " HTTP/1.1\r\n" .. HOST .. "\r\n", 414)
    refuses("GET /" .. ("a"):rep(20000) .. " HTTP/1.1\r\n" .. HOST .. "\r\n", 414)
  end)

  it("takes 100 fields and 16 KiB of them", function()
    local conn = http.connect(s)
    conn:send("GET / HTTP/1.1\r\n" .. HOST .. fields(99, 1) .. "\r\n")
    assert.equal(200, conn:receive().status)
    refuses("GET / HTTP/1.1\r\n" .. HOST .. fields(100, 1) .. "\r\n", 431)
    refuses("GET / HTTP/1.1\r\n" .. HOST .. fields(20, 1000) .. "\r\n", 431)
  end)

  it("takes a body of 1 MiB and no more", function()
    local whole = ("x"):rep(1024 * 1024)
    assert.equal(whole, c:post("/", whole, { ["Content-Type"] = "text/plain" }).body)
    refuses("POST / HTTP/1.1\r\n" .. HOST .. "Content-Length: 1048577\r\n\r\n", 413)
    refuses("POST / HTTP/1.1\r\n" .. HOST .. "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413)
  end)

  it("wants one Host, whole lines, and one framing", function()
    refuses("GET / HTTP/1.1\r\n\r\n", 400)
    refuses("GET / HTTP/1.1\r\n" .. HOST .. HOST .. "\r\n", 400)
    refuses("GET / HTTP/1.1\n" .. HOST .. "\r\n", 400)
    refuses("GET / HTTP/1.1\r\n" .. HOST .. "A: b\rc\r\n\r\n", 400)
    refuses("GET / HTTP/1.1\r\n" .. HOST .. "A: b\r\n c\r\n\r\n", 400)
    refuses("POST / HTTP/1.1\r\n" .. HOST .. "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400)
    refuses("POST / HTTP/1.1\r\n" .. HOST
      .. "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
    refuses("POST / HTTP/1.0\r\n" .. HOST .. "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
    refuses("POST / HTTP/1.1\r\n" .. HOST .. "Transfer-Encoding: gzip, chunked\r\n\r\n", 400)
    refuses("POST / HTTP/1.1\r\n" .. HOST .. "Transfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n", 400)
  end)

  it("says 417, 501 and 505 for what it does not speak", function()
    refuses("POST / HTTP/1.1\r\n" .. HOST .. "Expect: tea\r\nContent-Length: 1\r\n\r\n", 417)
    refuses("POST / HTTP/1.1\r\n" .. HOST .. "Transfer-Encoding: gzip\r\n\r\n", 501)
    refuses("GET / HTTP/2.0\r\n" .. HOST .. "\r\n", 505)
  end)

  it("says 408 when a head takes more than ten seconds", function()
    refuses("GET / HTTP/1.1\r\nHos", 408)
  end)

  it("answers pipelined requests in their order", function()
    local conn, all = http.connect(s), {}
    for i = 1, 50 do
      all[i] = http.bytes({ method = "POST", path = "/", body = "n" .. i,
        headers = { ["Content-Type"] = "text/plain" } })
    end
    conn:send(table.concat(all))
    for i = 1, 50 do assert.equal("n" .. i, conn:receive().body) end
  end)

  it("reads chunks, wherever they are cut", function()
    local bytes = "POST / HTTP/1.1\r\n" .. HOST
      .. "Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nhell\r\n1\r\no\r\n0\r\nX-Sum: 1\r\n\r\n"
    for cut = 1, #bytes - 1, 3 do
      local conn = http.connect(s)
      conn:send(bytes:sub(1, cut))
      conn:send(bytes:sub(cut + 1))
      assert.equal("hello", conn:receive().body)
      conn:close()
    end
  end)

  it("lets a body wait for 100 Continue", function()
    local conn = http.connect(s)
    conn:send("POST / HTTP/1.1\r\n" .. HOST .. "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    while #conn.buffer == 0 do assert.is_true(conn:fill(http.patience)) end
    assert.truthy(conn.buffer:find("^HTTP/1.1 100 "))
    conn:send("hi")
    local r = conn:receive()
    assert.same({ 200, "hi", 1 }, { r.status, r.body, r.interim })
  end)

  it("keeps connections of HTTP/1.1, and of HTTP/1.0 on request", function()
    local function after(version, connection)
      local conn = http.connect(s)
      local bytes = http.bytes({ path = "/", version = version, headers = { Connection = connection } })
      conn:send(bytes)
      assert.equal(200, conn:receive().status)
      conn:send(bytes)
      return conn:receive() and "kept" or "closed"
    end
    assert.equal("kept", after("1.1", false))
    assert.equal("closed", after("1.1", "close"))
    assert.equal("closed", after("1.0", false))
    assert.equal("kept", after("1.0", "keep-alive"))
  end)

  it("answers HEAD as GET without the body", function()
    local get, head = c:get("/echo"), c:head("/echo")
    assert.same({ 200, "" }, { head.status, head.body })
    assert.equal(get.headers["content-type"], head.headers["content-type"])
    assert.equal(200, c:get("/").status) -- and the connection is still in step
  end)

  it("tells what a path allows, without a key", function()
    local org = "/api/calendar/v1/public/org/some"
    for _, path in ipairs({ org, "/api/calendar/v1/public/bookings", "*" }) do
      local r = c:options(path)
      assert.equal(204, r.status)
      assert.truthy(r.headers.allow:find("OPTIONS", 1, true))
    end
    local r = c:delete(org)
    assert.same({ 405, "request_error" }, { r.status, r:json().type })
    assert.equal("GET, HEAD, OPTIONS", r.headers.allow)
    assert.equal(405, c:request({ method = "TRACE", path = org }).status)
    local missing = c:get("/api/calendar/v1/nothing")
    assert.same({ 404, "not_found" }, { missing.status, missing:json().type })
    assert.equal(404, c:get(org .. "/").status) -- a trailing slash is another path
  end)

  it("gives every answer a request id, the caller's if it is sound", function()
    local function id_for(id) return c:get("/", nil, { ["X-Request-Id"] = id }).headers["x-request-id"] end
    assert.equal("abc_DEF-123", id_for("abc_DEF-123"))
    assert.equal(("x"):rep(64), id_for(("x"):rep(64)))
    for _, bad in ipairs({ ("x"):rep(65), "a b", "a\"b", "ü" }) do
      assert.truthy(id_for(bad):find("^req_[0-9a-hjkmnp-tv-z]+$"), bad)
    end
    assert.not_equal(id_for(false), id_for(false))
  end)
end)
