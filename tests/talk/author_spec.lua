-- A new plugin, its spec, and what `kordless check` says: an author's first ten minutes.

local shell = require("tests.talk.support.shell")

local binary = os.getenv("KORDLESS_BIN") or "build/kordless"

describe("an author", function()
  local root, plugins
  before_each(function()
    root = shell.temp_dir()
    plugins = root .. "/plugins"
    assert.equal(0, (shell.run({ "cp", "-r", "plugins", plugins })))
    assert.equal(0, (shell.run({ "cp", "-r", "scripts", root .. "/scripts" })))
  end)
  after_each(function() shell.remove(root) end)

  local function kordless(...)
    local words = { binary, ... }
    words[#words + 1] = "--plugins=" .. plugins
    words[#words + 1] = "--scripts=" .. root .. "/scripts"
    return shell.run(words)
  end

  local function change(file, from, to)
    local f = assert(io.open(file))
    local text = f:read("a")
    f:close()
    local changed, n = text:gsub(from, to)
    assert.equal(1, n)
    shell.write(file, changed)
  end

  it("begins with a plugin whose spec passes", function()
    assert.equal(0, (kordless("plugin", "new", "sample")))
    local code, out = kordless("test", plugins .. "/sample")
    assert.equal(0, code, out)
    assert.truthy(out:find("1 success / 0 failures / 0 errors", 1, true), out)
    change(root .. "/scripts/kordless.lua", '"secrets" }', '"secrets", "sample" }')
    code, out = kordless("test")
    assert.equal(0, code, out) -- now it is one of those that kordless.lua lists
    assert.truthy(out:find("/plugins/sample", 1, true))
  end)

  it("is told by the spec what does not hold", function()
    kordless("plugin", "new", "sample")
    change(plugins .. "/sample/rules.lua", "Hello", "Goodbye")
    local code, out = kordless("test", plugins .. "/sample")
    assert.equal(1, code)
    assert.truthy(out:find("0 successes / 1 failure", 1, true), out)
  end)

  it("sets the clock and begins anew in a spec", function()
    kordless("plugin", "new", "sample")
    shell.write(plugins .. "/sample/spec/sample_spec.lua", [[
      local test = require("kordless.test")
      describe("the kit", function()
        it("has a clock that stands still", function()
          local at = test.at("2027-03-01T09:00:00Z")
          assert.equal(1803891600, at)
          assert.equal(at + 90, test.advance(90))
          assert.equal(at + 90, test.advance(0))
          assert.has_error(function() test.at("tomorrow") end)
        end)
        it("books on the demo, through the real gates", function()
          test.at("2027-03-01T09:00:00Z")
          local org = test.demo("acme")
          local r = org:get("/api/calendar/v1/public/availability?org_slug=acme"
            .. "&service_slug=consultation&from=2027-03-02T00:00:00Z&to=2027-03-03T00:00:00Z")
          assert.equal(200, r.status, r.text)
          assert.truthy(#r.body.slots > 0)
          assert.equal("99", r.headers["x-ratelimit-remaining"])
        end)
        it("has an empty store when it asks for one", function()
          test.fresh()
          assert.equal("acme", test.organization("acme").slug)
        end)
      end)]])
    local code, out = kordless("test", plugins .. "/sample")
    assert.equal(0, code, out)
    assert.truthy(out:find("3 successes", 1, true), out)
  end)

  it("is refused a name that is taken or is none", function()
    assert.equal(1, (kordless("plugin", "new", "bookings")))
    assert.equal(2, (kordless("plugin", "new", "Not A Name")))
    assert.equal(2, (kordless("plugin", "new")))
    assert.equal(1, (kordless("test", plugins .. "/services")))
  end)

  it("reads the faults of check in the form asked for", function()
    change(plugins .. "/platform/handlers.lua", "local handlers = {}", "local handlers = {")
    local code, _, err = kordless("check")
    assert.equal(1, code)
    assert.truthy(err:find("platform/handlers.lua:%d+: "), err)
    local out
    code, out = kordless("check", "--format", "github")
    assert.equal(1, code)
    assert.truthy(out:find("::error file=%S+platform/handlers.lua,line=%d+::unexpected symbol"), out)
    code, out = kordless("check", "--format=json")
    assert.equal(1, code)
    assert.truthy(out:find('^{"ok":false,"faults":%["'), out)
    assert.equal(2, (kordless("check", "--format", "xml")))
  end)
end)
