-- The command line: beside a running server and without one, and how it ends.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

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
    assert.equal("kordless: 'dance now' is no command; kordless --help lists them\n", err)
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

  it("shows what others called something, and does not let it write over the terminal", function()
    local made = s:key("acme", "red\27[31m\r\7\194\155 line\ntwo \226\130\172")
    for _, words in ipairs({ { "key", "show", made.id }, { "key", "list", "--org", "acme" },
      { "quota", "explain", made.id } }) do
      local out = ends(0, table.unpack(words))
      assert.truthy(out:find("red\\u001b[31m\\u000d\\u0007\\u009b line\\ntwo \226\130\172", 1, true), out)
    end
  end)

  it("does nothing quietly where a flag has no place, and tells no key again", function()
    local made = s:key("acme", "plain")
    local function says(words, ...)
      local out, err = ends(2, ...)
      assert.truthy(err:find(words, 1, true), out .. err)
      return err
    end
    says("org set SLUG --per-day", "key", "set", made.id, "--per-day", "5")
    says("key set KEY", "org", "set", "acme", "--per-minute", "5")
    says("says what to change", "key", "set", made.id)
    says("says what to change", "org", "set", "acme")
    says("--no-limits", "key", "set", made.id, "--no-limits", "--per-hour", "5")
    says("is no slug", "key", "list", "--org", "")
    says("Is a directory", "quota", "diff", "scripts")
    says("takes no --per-minute", "key", "create", "--org", "acme", "--label", "x", "--per-minute",
      "5")
    says("takes no --label", "key", "rotate", made.id, "--label", "x")
    says("takes no --dev", "key", "show", made.id, "--dev")
    says("--scopes needs names", "key", "create", "--org", "acme", "--label", "x", "--scopes", "")
    says("--scopes needs names", "key", "set", made.id, "--scopes=")
    says("takes 0 words", "key", "create", "x", "--org", "acme", "--label", "x")
    says("takes 1 word behind it, and there are 2", "key", "revoke", made.id, made.id, "--yes")
    assert.equal("active", s:tell("key", "show", made.id).status)
    assert.is_nil(says("never by the key", "key", "show", made.key):find(made.key, 1, true))
    ends(0, "key", "show", made.last4, "--org", made.organization_id)
  end)

  it("ends with 1 when its answer cannot be written: a key stands in no other", function()
    local line = ("%s key create --org acme --label lost --data %s 2>&1 >/dev/full"):format(
      os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test", s.data)
    local p = io.popen(line)
    local said = p:read("a")
    local _, _, code = p:close()
    assert.equal(1, code)
    assert.truthy(said:find("could not be written", 1, true), said)
  end)

  it("makes no store where it was only to look at one", function()
    local nowhere = s.dir .. "/nowhere"
    for _, words in ipairs({ { "key", "list", "--org", "acme" }, { "org", "suspend", "acme" },
      { "token", "list" }, { "quota", "diff", "scripts/quota.lua" } }) do
      local line = { os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test", "--data", nowhere }
      local code, out, err = shell.run({ table.unpack(table.move(words, 1, #words, 4, line)) })
      assert.equal(1, code, out)
      assert.truthy(err:find("no store in " .. nowhere, 1, true), err)
    end
    assert.not_equal(0, (shell.run({ "ls", nowhere })))
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
    local other = shell.temp_dir()
    code, _, err = shell.run({ os.getenv("KORDLESS_TEST_BIN")
      or "build/kordless-test", "serve", "--data", other, "--listen", s.address, "--scripts",
      s.scripts, "--plugins", "plugins" })
    shell.remove(other)
    assert.equal(1, code)
    assert.truthy(err:find(s.address:match("%d+$"), 1, true), err)
  end)

  it("says what it is", function()
    assert.truthy(ends(0, "--help"):find("serve", 1, true))
    assert.truthy(ends(0, "version"):find("%d+%.%d+"))
  end)
end)
