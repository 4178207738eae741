-- The example clients, as a newcomer runs them: against a demo, by the real clock.

local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

describe("the example client", function()
  local s, org
  setup(function()
    s = server.start()
    org = s:demo()
  end)
  teardown(function() s:stop() end)

  local function run(key, ...)
    return shell.run({ "env", "KORDLESS_API_KEY=" .. key, "KORDLESS_ORG_ID=" .. org.id,
      "KORDLESS_ORG_SLUG=" .. org.slug, "KORDLESS_URL=http://" .. s.address, ... })
  end

  for name, words in pairs({
    ["curl.sh"] = { "sh", "examples/clients/curl.sh" },
    ["client.py"] = { "python3", "examples/clients/client.py" },
    ["client.mjs"] = { "node", "examples/clients/client.mjs" },
  }) do
    it(name .. " books and cancels", function()
      local code, out, err = run(org.key, table.unpack(words))
      assert.same({ 0, "" }, { code, err })
      assert.truthy(out:find("booked +BOOK_%w+\nthen +canceled\n$"), out)
    end)
    it(name .. " ends with the API's sentence", function()
      local code, _, err = run(org.key:sub(1, -2), table.unpack(words))
      assert.equal(1, code)
      assert.truthy(err:find("401", 1, true), err)
      assert.is_true(#err > 20)
    end)
  end
end)
