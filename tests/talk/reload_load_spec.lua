-- A hundred reloads while callers call, a third of them broken in every way we know: nobody
-- is refused, no answer is of two generations, nothing broken is ever live.

local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local socket = require("socket")

local rounds = 100 * (tonumber(os.getenv("KORDLESS_TORTURE")) or 1)

local files = {
  ["plugin.lua"] = [[
return {
  name = "numbers", version = "1.0.0", needs = { "sleep", "transaction", "policy" },
  routes = {
    { method = "GET", path = "/number", handler = "number", auth = "none" },
    { method = "GET", path = "/slow", handler = "slow", auth = "none" },
  },
}
]],
  ["handlers.lua"] = [[
local rules = require("rules")
local handlers = {}
function handlers.number()
  return 200, { NUMBER, rules.number, kordless.policy.call("numbers", "number", {}) }
end
function handlers.slow()
  local first = rules.number
  kordless.sleep(0.004)
  return 200, { first, NUMBER, kordless.transaction("number", {}),
    kordless.policy.call("numbers", "number", {}) }
end
return handlers
]],
  ["rules.lua"] = "return { number = NUMBER }\n",
  ["transactions.lua"] = "return { number = function() return require('rules').number end }\n",
}
local policy = [[
return { number = function() return NUMBER end,
  tests = { ["is a number"] = function() assert(NUMBER >= 0, "broken") end } }
]]
local quota = "return { limits = function() return { per_minute = %s, per_hour = 9, per_day = 9 } end }"

-- name -> what to break, and the word that its fault must hold; all beside number -1
local broken = {
  { "handlers.lua", "return {\n oops oops", "handlers.lua:2:" },
  { "unused.lua", "return }", "unused.lua:1:" },
  { "handlers.lua", "local x\nreturn x.y", "handlers.lua:2:" },
  { "handlers.lua", "while true do pcall(error) end", "budget" },
  { "handlers.lua", "local t = {}\nfor i = 1, 1e6 do t[i] = ('x'):rep(1e5) .. i end", "handlers.lua:2" },
  { "handlers.lua", "return { number = function() end }", "'slow'" },
  { "handlers.lua", "return 7", "handlers.lua" },
  { "handlers.lua", "\27LuaT is no text", "handlers.lua" },
  { "handlers.lua", "error({})", "handlers.lua" },
  { "handlers.lua", "return setmetatable({}, { __index = function() while true do end end })", "'number'" },
  { "rules.lua", "return { number = kordless.now() }", "rules.lua:1" },
  { "rules.lua", "--" .. ("x"):rep(1100000), "1 MiB" },
  { "plugin.lua", "return { name = 'other', version = '1' }", "'other'" },
  { "plugin.lua", "return {", "plugin.lua" },
  { "plugin.lua", "while true do end", "plugin.lua" },
  { "transactions.lua", "return nothing.at_all", "transactions.lua:1" },
  { "migrations/001_more.sql", "CREATE TABLE numbers_more (x);", "migration" },
  { "scripts/quota.lua", quota:format("0"), "per_minute" },
  { "scripts/quota.lua", quota:format("'many'"), "per_minute" },
  { "scripts/quota.lua", "return { limits = function() error('no') end }", "quota.lua" },
  { "scripts/kordless.lua", "return { plugins = { 'nothing' } }", "nothing" },
  { "scripts/kordless.lua", "return { lissen = 1 }", "lissen" },
  { "scripts/booking.lua", "return { tests = { x = function() assert(false, 'no') end } }", "'x'" },
}

describe("a hundred reloads under load", function()
  local s, dir, admin, kept

  local function path(name)
    local script = name:match("^scripts/(.*)$")
    return script and s.scripts .. "/" .. script or dir .. "/numbers/" .. name
  end

  -- All files with this number, as good as they come.
  local function good(number)
    for name, text in pairs(files) do
      shell.write(dir .. "/numbers/" .. name, (text:gsub("NUMBER", number)))
    end
    shell.write(dir .. "/scripts.numbers", (policy:gsub("NUMBER", math.abs(number))))
    if s then os.rename(dir .. "/scripts.numbers", s.scripts .. "/numbers.lua") end
  end

  setup(function()
    dir = shell.temp_dir()
    os.execute(("mkdir -p %s/numbers/migrations"):format(dir))
    good(1)
    s = server.start({ load = { dir .. "/numbers" },
      scripts = { ["numbers.lua"] = (policy:gsub("NUMBER", "1")) } })
    admin, kept = client.admin(s), {}
    for _, name in ipairs({ "quota.lua", "kordless.lua", "booking.lua" }) do
      kept[name] = shell.read(s.scripts .. "/" .. name)
    end
  end)
  teardown(function()
    admin.conn:close()
    s:stop()
    shell.remove(dir)
  end)

  local function mend()
    os.execute(("rm -f %s/numbers/unused.lua %s/numbers/migrations/*"):format(dir, dir))
    for name, text in pairs(kept) do s:write_script(name, text) end
  end

  local function status() return admin:get("/api/platform/v1/status"):json().status end

  local function resident()
    return tonumber(shell.read(("/proc/%d/status"):format(s.pid)):match("VmRSS:%s+(%d+)"))
  end

  local function sanitized()
    return shell.read(("/proc/%d/maps"):format(s.pid)):find("libasan", 1, true)
  end

  local function told(r, word)
    local all = table.concat(r:json().faults, "\n")
    assert.truthy(#all > 0 and (not word or all:find(word, 1, true)), (word or "") .. " is not in: " .. all)
  end

  it("lose nobody, mix nothing, keep what is broken out", function()
    local conns, before, live, refusals = {}, nil, 1, 0
    for i = 1, 6 do conns[i] = http.connect(s) end
    local bytes = {}
    for i, name in ipairs({ "/number", "/slow" }) do bytes[i] = http.bytes({ path = name }):rep(8) end
    for n = 2, rounds + 1 do
      local way = n % 3 == 0 and broken[n // 3 % #broken + 1]
      good(way and -1 or n)
      if way then
        refusals = refusals + 1
        shell.write(path(way[1]), way[2])
      end
      for i, conn in ipairs(conns) do conn:send(bytes[i % 2 + 1]) end
      local r = admin:post("/api/platform/v1/reload", { dry_run = false })
      for _, conn in ipairs(conns) do conn:send(bytes[1]) end
      assert.equal(way and 422 or 200, r.status, tostring(r))
      if way then told(r, way[3]) end
      local next_live = way and live or n
      for _, conn in ipairs(conns) do
        for k = 1, 16 do
          local answer = assert(conn:receive())
          assert.equal(200, answer.status, tostring(answer))
          local seen = answer:json()
          for _, value in ipairs(seen) do assert.equal(seen[1], value, answer.body) end
          local expected = k > 8 and seen[1] == next_live or seen[1] == live or seen[1] == next_live
          assert.is_true(expected, ("%s after %d, %d"):format(answer.body, live, next_live))
        end
      end
      live = next_live
      mend()
      if n == rounds // 3 then before = resident() end
    end
    for _, conn in ipairs(conns) do conn:close() end
    assert.equal(rounds // 3 + (rounds % 3 == 2 and 1 or 0), refusals)
    assert.equal(rounds + 1 - refusals, status().generation)
    if not sanitized() then
      assert.is_true(resident() < before * 1.3 + 8 * 1024, ("%d KiB, then %d"):format(before, resident()))
    end
    local deadline = socket.gettime() + http.patience
    while status().older_generations > 0 do -- the next chore of main lets go of it
      assert(socket.gettime() < deadline, "an old generation is still held")
      socket.sleep(0.05)
    end
  end)
end)
