-- A caller with a kept connection and headers of its own (an API key, say), and crowds of
-- callers who speak all at once.

local socket = require("socket")
local unix = require("socket.unix")
local http = require("tests.talk.support.http")

local client = {}
client.__index = client

-- to: a server; headers: sent with every request unless the request has its own
function client.new(to, headers)
  return setmetatable({ to = to, headers = headers or {} }, client)
end

function client:with(headers)
  local all = {}
  for name, value in pairs(self.headers) do all[name] = value end
  for name, value in pairs(headers) do all[name] = value end
  return client.new(self.to, all)
end

local function prepare(self, r)
  local headers = {}
  for name, value in pairs(self.headers) do headers[name] = value end
  for name, value in pairs(r.headers or {}) do headers[name] = value end
  return http.bytes({ method = r.method, path = r.path, headers = headers, body = r.body },
    self.to.address)
end
client.bytes = prepare

-- One request over the kept connection; a new one when the old has been closed.
function client:request(r)
  local bytes = prepare(self, r)
  for attempt = 1, 2 do
    local fresh = not self.conn or self.conn.ended
    if fresh then self.conn = http.connect(self.to) end
    self.conn:send(bytes)
    local response, why = self.conn:receive(r.method)
    if response then
      if response.headers.connection == "close" then self.conn:close() end
      return response
    end
    self.conn:close()
    if fresh or attempt == 2 then
      error(("%s %s: %s"):format(r.method or "GET", r.path, why), 2)
    end
  end
end

for _, method in ipairs({ "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE" }) do
  client[method:lower()] = function(self, path, body, headers)
    return self:request({ method = method, path = path, body = body, headers = headers })
  end
end

-- An operator of a server: what the command line says over DIR/admin.sock.
function client.admin(s)
  local sock = unix()
  assert(sock:connect(s.data .. "/admin.sock"))
  local operator = client.new(s)
  operator.conn = http.over(sock)
  return operator
end

-- n connections, opened first, then all spoken to in one loop. `ask(i)` gives the bytes of
-- the next request of connection i, nil when it is through; `answer(i, response, why)` gets
-- each answer (nil and why when the connection broke).
function client.crowd(to, n, ask, answer)
  local conns, by_sock, left = {}, {}, 0
  local function advance(i)
    local bytes = ask(i)
    if bytes then return conns[i]:send(bytes) end
    by_sock[conns[i].sock] = nil
    conns[i]:close()
    left = left - 1
  end
  for i = 1, n do
    conns[i] = http.connect(to)
    by_sock[conns[i].sock] = i
    left = left + 1
  end
  for i = 1, n do advance(i) end
  local deadline = socket.gettime() + 4 * http.patience
  while left > 0 do
    assert(socket.gettime() < deadline, "the crowd is still waiting for answers")
    local socks = {}
    for sock in pairs(by_sock) do socks[#socks + 1] = sock end
    for _, sock in ipairs((socket.select(socks, nil, http.patience))) do
      local i = by_sock[sock]
      local response, why = conns[i]:receive("POST")
      answer(i, response, why)
      if response then
        advance(i)
      else
        by_sock[sock] = nil
        left = left - 1
        conns[i]:close()
      end
    end
  end
end

-- All of these requests at once, a connection each; their responses in the same order.
function client.many(to, list)
  local asked, responses = {}, {}
  client.crowd(to, #list, function(i)
    if asked[i] then return nil end
    asked[i] = true
    return list[i]
  end, function(i, response, why)
    responses[i] = assert(response, why)
  end)
  return responses
end

return client
