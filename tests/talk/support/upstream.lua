-- Somebody else's server, for what plugins fetch: a listening socket that the test itself
-- answers from, and `openssl s_server` for TLS with certificates made on the spot.

local socket = require("socket")
local http = require("tests.talk.support.http")
local shell = require("tests.talk.support.shell")

local upstream = {}
upstream.__index = upstream

function upstream.start()
  local sock = assert(socket.bind("127.0.0.1", 0))
  sock:settimeout(http.patience)
  local _, port = sock:getsockname()
  return setmetatable({ sock = sock, port = tonumber(port) }, upstream)
end

-- The next connection, its request's head read whole: {head =, send =, ends =, close =}.
function upstream:accept()
  local conn = http.over(assert(self.sock:accept()))
  local peer = { conn = conn }
  repeat
    local ends = select(2, conn.buffer:find("\r\n\r\n", 1, true))
    if ends then peer.head, peer.body = conn.buffer:sub(1, ends), conn.buffer:sub(ends + 1) end
  until ends or not conn:fill(http.patience)
  function peer.send(bytes) return conn:send(bytes) end
  function peer.close() conn:close() end
  -- Waits until the other side has gone, reading nothing more of use.
  function peer.ends()
    while not conn.ended do
      if not conn:fill(http.patience) then return false end
    end
    return true
  end
  return peer
end

function upstream:nobody_came()
  return #socket.select({ self.sock }, nil, 0) == 0
end

function upstream:stop() self.sock:close() end

-- DIR/NAME.pem and .key: a certificate for `names` ("IP:127.0.0.1,DNS:localhost").
function upstream.certificate(dir, name, names)
  local code, _, why = shell.run({ "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=" .. name, "-addext",
    "subjectAltName=" .. names, "-keyout", dir .. "/" .. name .. ".key", "-out",
    dir .. "/" .. name .. ".pem" })
  assert(code == 0, why)
end

local tls = {}
tls.__index = tls

-- Serves files of `dir`, which are whole responses, with certificate `name`.
function upstream.tls(dir, name, ...)
  local words = { "openssl", "s_server", "-accept", "127.0.0.1:0", "-HTTP", "-cert",
    name .. ".pem", "-key", name .. ".key", ... }
  local t = setmetatable({}, tls)
  t.pipe = io.popen(("cd %s && echo $$ && exec %s 2>&1 </dev/null"):format(shell.quote(dir),
    shell.join(words)))
  t.pid = tonumber(t.pipe:read("l"))
  for line in t.pipe:lines() do
    t.port = tonumber(line:match("^ACCEPT .*:(%d+)$"))
    if t.port then return t end
  end
  error("openssl s_server did not start")
end

function tls:stop()
  os.execute("kill " .. self.pid)
  self.pipe:close()
end

return upstream
