-- The command line: beside a running server and without one, and how it ends.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")

describe("the command line", function()
  local s
  setup(function() s = server.start() end)
  teardown(function() s:stop() end)

  local function ends(code, ...)
    local got, out, err = s:cli(...)
    assert.equal(code, got, out .. err)
    return out, err
  end

  it("makes an organization and a key that opens it at once", function()
    local org = s:organization("acme")
    assert.truthy(org.id:find("^org_"))
    assert.equal(200, org.client:get(book.public .. "/org/acme").status)
  end)

  it("ends with 1 and a sentence when it is refused", function()
    local _, err = ends(1, "org", "create", "--slug", "acme", "--name", "Again")
    assert.truthy(err:find("slug", 1, true), err)
    ends(1, "org", "create", "--slug", "Not A Slug", "--name", "Bad")
    ends(1, "key", "create", "--org", "nobody", "--label", "x")
    ends(1, "key", "create", "--org", "acme", "--label", "")
    ends(1, "key", "revoke", "zzzz", "--org", "acme", "--yes")
  end)

  it("ends with 2 when it is misspelled", function()
    for _, words in ipairs({ { "dance" }, { "org", "create" }, { "key", "create", "--nonsense" },
      { "key", "create", "--org" } }) do
      local _, err = ends(2, table.unpack(words))
      assert.is_true(#err > 0)
    end
    local _, err = ends(2, "dance", "now")
    assert.truthy(err:find("'dance now' is no command", 1, true), err)
  end)

  it("asks before it revokes, and without a terminal wants --yes", function()
    local made = s:key("acme", "kept")
    local code = s:cli("key", "revoke", made.id, "--org", "acme")
    assert.not_equal(0, code)
    local c = s:client({ ["x-kordless-key"] = made.key })
    assert.equal(200, c:get(book.public .. "/org/acme").status)
  end)

  it("lists keys with their last four characters and their state", function()
    local made = s:key("acme", "to go")
    ends(0, "key", "revoke", made.last4, "--org", "acme", "--yes")
    local rows = s:tell("key", "list", "--org", "acme")
    local found
    for _, row in ipairs(rows) do
      if row.id == made.id then found = row end
      assert.is_nil(row.key)
    end
    assert.same({ "to go", "revoked", made.key:sub(-4) }, { found.label, found.status, found.last4 })
    assert.truthy(ends(0, "key", "list", "--org", "acme"):find("to go", 1, true))
  end)

  it("does the same without a server, which then finds it done", function()
    s:kill("TERM")
    assert.equal(0, s:wait())
    local org = s:tell("org", "create", "--slug", "quiet", "--name", "Quiet")
    local made = s:key("quiet", "made offline")
    local demo = s:tell("demo")
    s:spawn()
    local c = s:client({ ["x-kordless-key"] = made.key })
    local r = c:get(book.public .. "/org/quiet")
    assert.same({ 200, org.id }, { r.status, r:json().organization.id })
    local d = s:client({ ["x-kordless-key"] = demo.key })
    assert.equal(200, d:get(book.public .. "/org/" .. demo.organization.slug).status)
    local _, again = ends(1, "demo") -- and a line to paste
    assert.truthy(again:find("/kordless%-test key create %-%-org acme%-salon .+ %-%-data /"), again)
  end)

  it("does not serve the same data, or the same port, twice", function()
    local code, _, err = s:cli("serve", "--listen", "127.0.0.1:0", "--scripts", s.scripts,
      "--plugins", "plugins")
    assert.equal(1, code)
    assert.truthy(err:find(s.data, 1, true) or err:find("another", 1, true), err)
    local other = require("tests.talk.support.shell").temp_dir()
    code, _, err = require("tests.talk.support.shell").run({ os.getenv("KORDLESS_TEST_BIN")
      or "build/kordless-test", "serve", "--data", other, "--listen", s.address, "--scripts",
      s.scripts, "--plugins", "plugins" })
    require("tests.talk.support.shell").remove(other)
    assert.equal(1, code)
    assert.truthy(err:find(s.address:match("%d+$"), 1, true), err)
  end)

  it("says what it is", function()
    assert.truthy(ends(0, "--help"):find("serve", 1, true))
    assert.truthy(ends(0, "version"):find("%d+%.%d+"))
  end)
end)
