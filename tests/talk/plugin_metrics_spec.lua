-- What plugins count for GET /metrics.

local client = require("tests.talk.support.client")
local prom = require("tests.talk.support.prom")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

describe("a plugin's metrics", function()
  local s
  setup(function() s = server.start({ load = { "tests/talk/plugins/counts" } }) end)
  teardown(function() s:stop() end)

  local function act(what, n)
    return s:client():post(("/counts/%s/%s"):format(what, n or 0)).status
  end

  local function value(name)
    local r = s:client():get("/metrics")
    assert.equal(200, r.status)
    return prom.value(prom.read(r.body), "kordless_plugin_counts_" .. name), r.body
  end

  it("are summed over all workers", function()
    assert.equal(0, value("seen_total"))
    for _ = 1, 20 do assert.equal(204, act("one")) end
    assert.equal(204, act("add", 100))
    assert.equal(204, act("set", 7))
    assert.equal(204, act("lift", -9))
    assert.equal(120, value("seen_total"))
    local level, text = value("level")
    assert.equal(-2, level)
    assert.truthy(text:find("# HELP kordless_plugin_counts_seen_total Requests seen.\\nAll \\\\ of"
      .. " them.\n", 1, true))
    assert.truthy(text:find("# TYPE kordless_plugin_counts_level gauge\n", 1, true))
  end)

  it("outlive a reload", function()
    assert.equal(200, client.admin(s):post("/api/platform/v1/reload").status)
    assert.equal(120, value("seen_total"))
    act("one")
    assert.equal(121, value("seen_total"))
  end)

  it("only grow, if they count, and are declared", function()
    for _, what in ipairs({ "set_counter", "unknown" }) do assert.equal(500, act(what, 1)) end
    assert.equal(500, act("add", -1))
    assert.truthy(s:log():find("lists no 'seen_totl' under metrics; did you mean 'seen_total'?", 1, true))
    assert.truthy(s:log():find("a counter only grows", 1, true))
    assert.truthy(s:log():find("a counter cannot be set", 1, true))
    assert.equal(121, value("seen_total"))
  end)

  it("have names that Prometheus expects, and each once", function()
    local dir = shell.temp_dir()
    os.execute(("cp -r tests/talk/plugins/counts %s/counts"):format(dir))
    local text = shell.read(dir .. "/counts/plugin.lua")
    for _, case in ipairs({
      { '"seen_total"', '"seen"', "a counter's name ends in _total" },
      { '"level"', '"level_total"', "a counter's name ends in _total" },
      { '"level"', '"Level"', "must begin with its name" },
      { '"level"', "7", "must begin with its name" },
      { '"gauge"', '"gage"', "did you mean 'gauge'?" },
      { 'help = "How', 'hlp = "How', "did you mean 'help'?" },
      { '"level", type = "gauge"', '"seen_total", type = "counter"', "stands twice" },
    }) do
      local from, to = text:find(case[1], 1, true)
      shell.write(dir .. "/counts/plugin.lua", text:sub(1, from - 1) .. case[2] .. text:sub(to + 1))
      local code, out, err = shell.run({ os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test", "check",
        "--load", dir .. "/counts", "--data", dir .. "/none" })
      assert.equal(1, code, case[2])
      assert.truthy((out .. err):find(case[3], 1, true), out .. err)
    end
    shell.remove(dir)
  end)
end)
