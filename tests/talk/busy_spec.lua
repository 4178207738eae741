-- A thousand and twenty-four writes may wait, and no more: whoever comes then is told when
-- to come again, and loses nothing that was let in. Two workers have a thousand
-- writes each left for later, which knock again and again.

local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")

local QUEUE, WORKERS, ASKED = 1024, 2, 40

describe("a full queue of writes", function()
  local s
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/queue" }, workers = WORKERS,
      args = { "--group", "1" } })
  end)
  teardown(function() s:stop() end)

  -- Which worker takes a connection is the kernel's choice, so it is asked until both have.
  local function fill()
    local left = 0
    for i = 1, 100 do
      local r = s:client():request({ method = "POST", path = "/queue/fill/" .. i })
      left = left + r:json().n
      if left > QUEUE + ASKED then return end
    end
    error("only " .. left .. " writes are left for later")
  end

  it("answers 503 with Retry-After, and commits what it let in", function()
    local org = s:organization("acme")
    local list, made, refused = {}, {}, 0
    for i = 1, ASKED do
      list[i] = org.client:bytes({ method = "POST", path = "/queue/quick/mine-" .. i })
    end
    fill()
    for i, r in ipairs(client.many(s, list)) do
      if r.status == 503 then
        assert.same({ "busy", "1" }, { r:json().code, r.headers["retry-after"] })
        refused = refused + 1
      else
        assert.equal(200, r.status, r.body)
        made["mine-" .. i] = true
      end
    end
    assert.is_true(refused > 0, "all were let in")
    for _, row in ipairs(s:client():get("/queue/rows"):json().rows) do
      assert.truthy(made[row.id] or not row.id:find("^mine"), row.id)
      made[row.id] = nil
    end
    assert.is_nil(next(made))
  end)
end)
