-- https from plugins: a server must prove that it is the one that was asked for.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local outside = require("tests.talk.support.outside")
local upstream = require("tests.talk.support.upstream")

local OK = "HTTP/1.1 200 OK\r\n"

describe("fetch over TLS:", function()
  local s, dir, good, other, stranger
  setup(function()
    dir = shell.temp_dir()
    upstream.certificate(dir, "good", "IP:127.0.0.1,DNS:localhost")
    upstream.certificate(dir, "other", "DNS:other.example")
    upstream.certificate(dir, "stranger", "IP:127.0.0.1,DNS:localhost")
    shell.write(dir .. "/known.pem", shell.read(dir .. "/good.pem") .. shell.read(dir .. "/other.pem"))
    shell.write(dir .. "/answer", OK .. "Content-Length: 6\r\n\r\nsecret")
    good, other = upstream.tls(dir, "good"), upstream.tls(dir, "other")
    stranger = upstream.tls(dir, "stranger")
    local hosts = { "localhost:" .. good.port }
    for _, t in ipairs({ good, other, stranger }) do hosts[#hosts + 1] = "127.0.0.1:" .. t.port end
    s = outside.start(server, dir, hosts, hosts,
      { environment = "SSL_CERT_FILE=" .. shell.quote(dir .. "/known.pem") })
  end)
  teardown(function()
    s:stop()
    for _, t in ipairs({ good, other, stranger }) do t:stop() end
    shell.remove(dir)
  end)

  local function fetch(host, port, scheme)
    local where = ("%s://%s:%d/answer"):format(scheme or "https", host, port)
    return s:client():post("/outside/fetch", { url = where }):json()
  end

  it("a server that proves its name or address is believed", function()
    assert.equal("secret", fetch("127.0.0.1", good.port).body)
    assert.equal("secret", fetch("localhost", good.port).body)
  end)

  it("a certificate for another name is not", function()
    local r = fetch("127.0.0.1", other.port)
    assert.equal("tls_failed", r.code)
    assert.truthy(r.why:find("mismatch", 1, true), r.why)
  end)

  it("nor one that nobody known has signed", function()
    local r = fetch("127.0.0.1", stranger.port)
    assert.equal("tls_failed", r.code)
    assert.truthy(r.why:find("self-signed", 1, true), r.why)
  end)

  it("a server that speaks no TLS, or only the old", function()
    local old = upstream.tls(dir, "good", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    local plain = upstream.start()
    local hosts = { "127.0.0.1:" .. old.port, "127.0.0.1:" .. plain.port }
    local t = outside.start(server, dir, hosts, hosts,
      { environment = "SSL_CERT_FILE=" .. shell.quote(dir .. "/known.pem") })
    local c = t:client()
    local r = c:post("/outside/fetch", { url = "https://127.0.0.1:" .. old.port .. "/answer" }):json()
    assert.equal("tls_failed", r.code)
    local conn = http.connect(t)
    conn:send(http.bytes({ method = "POST", path = "/outside/fetch",
      body = { url = "https://127.0.0.1:" .. plain.port .. "/" } }))
    local raw = assert(plain.sock:accept())
    raw:send("HTTP/1.1 400 Bad Request\r\n\r\n")
    assert.equal("tls_failed", conn:receive("POST"):json().code)
    raw:close()
    conn:close()
    t:stop()
    old:stop()
    plain:stop()
  end)
end)
