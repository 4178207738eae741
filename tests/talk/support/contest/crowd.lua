-- Many callers on kept connections in one loop, of whom some hang up: after their request, or
-- in the middle of it.

local socket = require("socket")
local http = require("tests.talk.support.http")

local crowd = {}
crowd.__index = crowd

-- n callers of a server. ask() gives {bytes, hang_up = nil, "after" or "within"} or nil at the
-- end; answer(request, response or nil) hears of it: nil when nothing was heard.
function crowd.new(s, n, ask, answer)
  local self = setmetatable({ server = s, n = n, ask = ask, answer = answer }, crowd)
  self.conns, self.asked = {}, {}
  return self
end

local function hang_up(self, i)
  local request, conn = self.asked[i], self.conns[i]
  self.asked[i], self.conns[i] = nil, nil
  if conn then conn:close() end
  if request then self.answer(request, nil) end
end

-- The next request of caller i; false when there is none. Who hangs up comes again with another.
local function advance(self, i)
  while true do
    local request = self.ask()
    if not request then return false end
    self.conns[i] = self.conns[i] or http.connect(self.server)
    self.asked[i] = request
    local bytes = request.bytes
    self.conns[i]:send(request.hang_up == "within" and bytes:sub(1, #bytes // 2) or bytes)
    if not request.hang_up then return true end
    hang_up(self, i)
  end
end

-- Talks until there is nothing left to ask, or until stop() says so; then whoever still waits
-- goes on waiting.
function crowd:run(stop)
  for i = 1, self.n do
    if not self.asked[i] then advance(self, i) end
  end
  while next(self.asked) do
    local socks, by_sock = {}, {}
    for i in pairs(self.asked) do
      local sock = self.conns[i].sock
      socks[#socks + 1], by_sock[sock] = sock, i
    end
    local ready = socket.select(socks, nil, http.patience)
    assert(ready[1], "the server answers nobody any more")
    for _, sock in ipairs(ready) do
      local i = by_sock[sock]
      local response, why = self.conns[i]:receive("POST")
      assert(response, why)
      local request = self.asked[i]
      self.asked[i] = nil
      self.answer(request, response)
      if stop() then return end
      advance(self, i)
    end
  end
end

-- The server is dead: nobody will hear any more.
function crowd:lose()
  for i = 1, self.n do hang_up(self, i) end
end

return crowd
