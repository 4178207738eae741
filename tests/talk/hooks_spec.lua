-- Events and hooks: what a transaction says is told once it stands, and never when it does not.
-- And kordless.problem, which ends a request from anywhere.

local socket = require("socket")
local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

describe("hooks", function()
  local s, c
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/ears" }, scripts = book.no_limits })
    s:freeze(book.monday)
    c = s:client()
  end)
  teardown(function() s:stop() end)

  local seen = 0 -- what earlier cases left

  -- What was heard since, once there are `n` of it; and that no more comes.
  local function heard(n)
    local list
    for _ = 1, 3000 do
      list = c:get("/ears/heard"):json().heard
      if #list >= seen + n then break end
      socket.sleep(0.01)
    end
    local new = table.move(list, seen + 1, #list, 1, {})
    seen = #list
    return new
  end

  local function say(how, text)
    return c:post("/ears/say/" .. how, { text = text })
  end

  it("are told what a transaction said, in its order", function()
    assert.equal(200, say("one", "hello").status)
    assert.same({ "ears.said hello" }, heard(1))
    assert.equal(200, say("three", "n").status)
    assert.same({ "ears.said n1", "ears.said n2", "ears.said n3" }, heard(3))
  end)

  it("hear nothing of what was undone, nor of what nobody listens to", function()
    assert.equal(200, say("refused", "no").status)
    assert.equal(500, say("failed", "no").status)
    assert.equal(200, say("unheard").status)
    assert.equal(200, say("one", "after").status)
    assert.same({ "ears.said after" }, heard(1))
  end)

  it("are not reached by an event that is not declared, is no data, or is too large", function()
    for how, why in pairs({ unknown = "did you mean 'said'", no_data = "is a function",
      large = "more than 64 KiB" }) do
      local r = say(how)
      assert.equal(500, r.status)
      assert.truthy(s:log():find(why, 1, true), how)
    end
    assert.equal(200, say("one", "then").status)
    assert.same({ "ears.said then" }, heard(1))
  end)

  it("that fail are logged, and harm nobody", function()
    assert.equal(200, say("one", "fail").status)
    assert.equal(200, say("one", "well").status)
    assert.same({ "ears.said well" }, heard(1))
    assert.truthy(s:log():find('event=handler_failed plugin=ears route="hook on_said"', 1, true))
  end)

  it("of another plugin hear of bookings, with all an organization sees", function()
    local org = s:demo()
    local slot = book.slots(org.client, org, "consultation", book.day(3), book.day(6))[1]
    local made = book.create(org.client, org, "consultation", slot)
    assert.equal(201, made.status, made.body)
    assert.same({ "bookings.created confirmed" }, heard(1))
    assert.equal(409, book.create(org.client, org, "consultation", slot).status)
    local number = made:json().booking.confirmation_number
    assert.equal(200, c:post(book.confirmation(number, "/cancel")).status)
    assert.same({ "bookings.canceled canceled" }, heard(1))
  end)
end)

describe("hooks in a manifest", function()
  local dir
  setup(function() dir = shell.temp_dir() end)
  teardown(function() shell.remove(dir) end)

  local function faults(change)
    os.execute(("rm -rf %s/ears && cp -r tests/talk/plugins/ears %s/ears"):format(dir, dir))
    local text = shell.read(dir .. "/ears/plugin.lua")
    shell.write(dir .. "/ears/plugin.lua", change(text))
    local code, out, err = shell.run({ os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test", "check",
      "--load", dir .. "/ears", "--data", dir .. "/none" })
    assert.equal(1, code)
    return out .. err
  end

  it("name an event that is, and a function that is", function()
    local text = faults(function(t)
      return (t:gsub('"ears.said"', '"ears.sayd"'):gsub('"bookings.canceled"%] = "on_booking"',
        '"bookings.canceled"] = "on_bookin"'))
    end)
    assert.truthy(text:find("plugin.lua:%d+: hooks.ears.sayd: no plugin has this event; did you mean "
      .. "'ears.said'?"), text)
    assert.truthy(faults(function(t) return (t:gsub('"on_said"', '"on_sayd"')) end)
      :find("hooks.ears.said: handlers.lua has no function 'on_sayd'", 1, true))
    assert.truthy(faults(function(t) return (t:gsub('"said", "sung"', '"Said", 7')) end)
      :find("events%[1%]: must be a word"))
    assert.truthy(faults(function(t) return (t:gsub('= "on_said"', '= 7')) end)
      :find('must be ["plugin.event"] = "function of handlers.lua"', 1, true))
  end)
end)

describe("a problem", function()
  local s, c
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/ears" } })
    c = s:client()
  end)
  teardown(function() s:stop() end)

  local function try(how)
    local r = c:get("/ears/problem/" .. how)
    return r.status, r:json().code
  end

  it("ends the request from anywhere, as returning it would", function()
    assert.same({ 418, "teapot" }, { try("plain") })
    local body = c:get("/ears/problem/deep"):json()
    assert.same({ 418, "teapot", "Tipped over.", 1 }, { body.status, body.code, body.detail, body.spout })
    assert.same({ 404, "not_found" }, { try("after_waiting") })
    assert.is_nil(s:log():find("handler_failed", 1, true))
  end)

  it("stands whatever catches it, and nothing is written after it", function()
    assert.same({ 418, "teapot" }, { try("caught") })
    assert.same({}, c:get("/ears/heard"):json().heard)
  end)

  it("gives way to a call that is killed, and must be declared", function()
    assert.same({ 503, "over_budget" }, { try("failing") })
    assert.same({ 500, "internal_error" }, { try("unknown") })
  end)
end)
