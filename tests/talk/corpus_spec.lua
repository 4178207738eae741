-- Every bad script of tests/rails: it ends as its line says, within its budget, and the worker
-- it ran on (the only one) and the writer go on serving.

local socket = require("socket")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local book = require("tests.talk.support.book")
local corpus = require("tests.talk.support.corpus")

local torture = os.getenv("KORDLESS_TORTURE") ~= nil
local BUDGET = 10000000 -- instructions of a handler

local answers = { -- how a call may end: status and code
  budget = { ["503 over_budget"] = true },
  memory = { ["503 out_of_memory"] = true },
  stopped = { ["503 over_budget"] = true, ["503 out_of_memory"] = true },
  error = { ["500 internal_error"] = true },
  ends = { ["500 internal_error"] = true, ["503 over_budget"] = true, ["503 out_of_memory"] = true },
  fine = { ["200 true"] = true },
  policy = { ["503 policy_failed"] = true },
}

local function expected(s)
  return answers[s.place == "policy" and s.ends ~= "fine" and "policy" or s.ends]
end

describe("bad scripts", function()
  local s, c, dir, log
  setup(function()
    dir = shell.temp_dir()
    local scripts = corpus.write_plugin(dir .. "/rails")
    scripts["quota.lua"] = book.no_limits["quota.lua"]
    scripts["kordless.lua"] = server.settings("memory_mib = 16") -- full before it counts as slow
    s = server.start({ workers = 1, load = { dir .. "/rails", "examples/hello" }, scripts = scripts })
    s:freeze(book.monday)
    c = s:client()
    log = assert(io.open(s.errors))
  end)
  teardown(function()
    log:close()
    s:stop()
    shell.remove(dir)
  end)

  -- The line of the log about this request.
  local function logged(id)
    local found
    for line in log:lines() do
      if line:find("event=handler_failed", 1, true) and line:find(id, 1, true) then found = line end
    end
    return found
  end

  local function served()
    assert.equal(200, c:get("/hello").status)
  end

  local function run(snippet)
    local began = socket.gettime()
    local r = c:get(("/rails/%s/%s/%s"):format(snippet.place, snippet.group, snippet.name))
    local took = socket.gettime() - began
    local p = r:json()
    local got = ("%d %s"):format(r.status, tostring(p.code or p.ok))
    if not expected(snippet)[got] then
      return ("%s %s %s: %s, not %s; %s"):format(snippet.place, snippet.group, snippet.name, got,
        snippet.ends, logged(p.detail and r.headers["x-request-id"] or "") or "")
    end
    if r.status ~= 200 then
      local line = assert(logged(r.headers["x-request-id"]), "nothing in the log")
      local charged = assert(tonumber(line:match("instructions=(%d+)")), line)
      assert.is_true(charged <= BUDGET + 1, line)
      if snippet.place == "handler" and p.code == "over_budget" and not line:find("waited") then
        assert.equal(BUDGET + 1, charged, line)
      end
    end
    if torture then
      io.write(("\nnote: %4.0f ms  %s %s %s\n"):format(took * 1000, snippet.place, snippet.group,
        snippet.name))
    end
    served()
    s:advance(10) -- no ten of them in a minute
  end

  local list = corpus.list("running")
  local by = {}
  for _, snippet in ipairs(list) do
    local key = snippet.group .. " in a " .. snippet.place
    if not by[key] then by[#by + 1] = key end
    by[key] = by[key] or {}
    table.insert(by[key], snippet)
  end
  for _, key in ipairs(by) do
    it(key, function()
      local pid, wrong = s.pid, {}
      for _, snippet in ipairs(by[key]) do wrong[#wrong + 1] = run(snippet) end
      assert.equal("", table.concat(wrong, "\n"))
      assert.equal(pid, s.pid)
      assert.truthy(shell.read(("/proc/%d/stat"):format(pid)):match("%) [RSD]"))
    end)
  end

  -- What the hook came to: the code of its failure, or "ended".
  local function hook_end()
    for _ = 1, 3000 do
      for line in log:lines() do
        if line:find('route="hook on_act"', 1, true) then return line:match("code=([%w_]+)"), line end
        if line:find("event=hook_ended", 1, true) then return "ended", line end
      end
      socket.sleep(0.01)
    end
    error("the hook did not end")
  end

  it("in a hook end as they do in a handler, and nobody waits for them", function()
    local ends = { budget = { over_budget = true }, memory = { out_of_memory = true },
      stopped = { over_budget = true, out_of_memory = true } }
    local n = 0
    for _, snippet in ipairs(list) do
      if snippet.place == "handler" and ends[snippet.ends] then
        n = n + 1
      end
      if snippet.place == "handler" and ends[snippet.ends] and (torture or n % 4 == 0) then
        local r = c:get(("/rails/hook/%s/%s"):format(snippet.group, snippet.name))
        assert.equal(200, r.status, r.body)
        local code, line = hook_end()
        assert.is_true(ends[snippet.ends][code], snippet.name .. ": " .. line)
        served()
        s:advance(10)
      end
    end
    assert.is_true(n > 60)
  end)

  it("are many", function() assert.is_true(#list > 600) end)
end)

describe("bad scripts that are loaded", function()
  local dir
  setup(function() dir = shell.temp_dir() end)
  teardown(function() shell.remove(dir) end)

  local function check(snippet)
    local file = corpus.write_server(dir, snippet)
    local code, out, err = shell.run({ os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test",
      "check", "--scripts", dir .. "/scripts", "--plugins", dir .. "/plugins", "--data", dir .. "/none" })
    return code, out .. err, file
  end

  it("would load without them", function()
    local code, text = check(nil)
    assert.equal(0, code, text)
  end)

  for _, snippet in ipairs(corpus.list("loading")) do
    it(("%s %s: %s"):format(snippet.place, snippet.group, snippet.name), function()
      local began = socket.gettime()
      local code, text, file = check(snippet)
      assert.equal(1, code, text)
      assert.truthy(text:find(file:match("[^/]+$"), 1, true), text)
      assert.truthy(text:find(snippet.ends, 1, true), text)
      if torture then
        io.write(("\nnote: %4.0f ms  %s %s %s\n"):format((socket.gettime() - began) * 1000, snippet.place,
          snippet.group, snippet.name))
      end
    end)
  end
end)
