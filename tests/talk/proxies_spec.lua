-- Behind a proxy: whom it asks for is who is counted, if the operator trusts it.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

describe("a proxy", function()
  local s
  after_each(function() s:stop() end)

  local function serve(proxies)
    s = server.start({ scripts = { ["kordless.lua"] = server.settings("trusted_proxies = " .. proxies) } })
    s:freeze("2031-06-02T13:00:00Z")
  end

  -- The status of a request with no key that a proxy passes on.
  local function try(forwarded)
    return s:client({ ["X-Forwarded-For"] = forwarded })
      :get("/api/calendar/v1/rate-limit").status
  end

  it("that is trusted says who failed too often", function()
    serve('{ "127.0.0.0/8" }')
    for i = 1, 60 do assert.equal(401, try("198.51.100." .. i .. ", 192.0.2.1, 127.0.0.9"), i) end
    assert.equal(429, try("192.0.2.1"))
    assert.equal(401, try("192.0.2.2"))
    assert.equal(401, try("192.0.2.1, 192.0.2.3")) -- what the client made up is not believed
    assert.equal(401, try("nonsense"))
  end)

  it("that is not trusted says nothing", function()
    serve('{ "10.0.0.0/8" }')
    for i = 1, 60 do assert.equal(401, try("192.0.2." .. i)) end
    assert.equal(429, try("192.0.2.200"))
  end)

  it("that is trusted holds more connections than a client may", function()
    local function held(n)
      local open, answered = {}, 0
      for i = 1, n do open[i] = http.connect(s) end
      for _, conn in ipairs(open) do
        conn:send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        if conn:receive("GET") then answered = answered + 1 end
      end
      for _, conn in ipairs(open) do conn:close() end
      return answered
    end
    serve('{ "127.0.0.1" }')
    assert.equal(600, held(600))
    s:stop()
    serve("{}")
    assert.is_true(held(600) <= 512) -- 256 on each of two workers
  end)
end)
