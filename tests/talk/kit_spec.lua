-- What `kordless test` lends to specs: a world of stubs, a clock that what waits goes by, and
-- what each request cost. Each `it` runs a spec of the plugin world.

local shell = require("tests.talk.support.shell")

local binary = os.getenv("KORDLESS_BIN") or "build/kordless"

describe("the kit for specs", function()
  local root
  before_each(function()
    root = shell.temp_dir()
    assert.equal(0, (shell.run({ "cp", "-r", "scripts", "tests/talk/plugins/world", root })))
    local f = assert(io.open("scripts/kordless.lua"))
    local text, n = f:read("a"):gsub("%-%- fetch_hosts = [^\n]*",
      'fetch_hosts = { "api.example.com", "api.example.com:8443" },')
    f:close()
    assert.equal(1, n)
    shell.write(root .. "/scripts/kordless.lua", text)
    assert.equal(0, (shell.run({ "mkdir", root .. "/world/spec" })))
  end)
  after_each(function() shell.remove(root) end)

  local function run(body)
    shell.write(root .. "/world/spec/world_spec.lua",
      'local test = require("kordless.test")\nit("holds", function()\n' .. body .. "\nend)\n")
    return shell.run({ binary, "test", root .. "/world", "--scripts=" .. root .. "/scripts" })
  end

  local function passes(body)
    local code, out, err = run(body)
    assert.equal(0, code, out .. err)
    assert.truthy(out:find("1 success / 0 failures / 0 errors", 1, true), out)
    return err
  end

  it("answers what a plugin asks of other servers", function()
    passes([[
      test.answer("https://api.example.com/x", { status = 201, body = { ok = true },
        headers = { ["X-Their"] = "own" } })
      local r = test.request({ method = "POST", path = "/ask", body = { method = "PUT",
        url = "https://api.example.com/x?a=1", headers = { ["X-Ours"] = "too" }, body = "hello" } })
      assert.equal(200, r.status, r.text)
      assert.equal(201, r.body.status)
      assert.equal('{"ok":true}', r.body.body)
      assert.equal("own", r.body.headers["x-their"])
      assert.equal("application/json", r.body.headers["content-type"])
      local asked = test.fetched()
      assert.equal(1, #asked)
      assert.equal("PUT", asked[1].method)
      assert.equal("https://api.example.com/x?a=1", asked[1].url)
      assert.equal("too", asked[1].headers["x-ours"])
      assert.equal("api.example.com", asked[1].headers.host)
      assert.equal("hello", asked[1].body)]])
  end)

  it("lets a function answer, and fail as the world does", function()
    passes([[
      local function ask(body)
        return test.request({ method = "POST", path = "/ask", body = body })
      end
      test.answer("http://api.example.com:8443/y", function(request)
        if request.method == "GET" then return { body = ("x"):rep(2000) } end
        return nil, "timeout", "it slept"
      end)
      local url = "http://api.example.com:8443/y"
      assert.equal(2000, #ask({ url = url }).body.body)
      assert.same({ code = "timeout", why = "it slept" }, ask({ url = url, method = "POST" }).body)
      assert.equal("too_large", ask({ url = url, max_bytes = 1999 }).body.code)
      test.answer(function() return nil end)
      assert.equal("connect_failed", ask({ url = url }).body.code)
      test.answer(function() end) -- leaves it to the others
      assert.equal("connect_failed", ask({ url = url }).body.code)]])
  end)

  it("asks nobody without a stub, and says for which url", function()
    local err = passes([[
      local r = test.request({ method = "POST", path = "/ask",
        body = { url = "https://api.example.com/x?a=1" } })
      assert.equal(502, r.status)
      assert.equal("not_stubbed", r.body.code)
      assert.equal("no test.answer is for GET https://api.example.com/x?a=1", r.body.why)]])
    assert.truthy(err:find("not_stubbed: no test.answer is for GET https://api", 1, true), err)
  end)

  it("keeps to the lists of hosts, whatever is stubbed", function()
    passes([[
      test.answer(function() return { body = "reached" } end)
      local function ask(url)
        return test.request({ method = "POST", path = "/ask", body = { url = url } }).body
      end
      assert.equal("reached", ask("https://api.example.com/").body)
      local operator = ask("https://unlisted.example.com/")
      assert.equal("host_not_allowed", operator.code)
      assert.truthy(operator.why:find("fetch_hosts in scripts/kordless.lua", 1, true))
      local own = ask("https://other.example.com/")
      assert.equal("host_not_allowed", own.code)
      assert.truthy(own.why:find("hosts in its plugin.lua", 1, true))
      assert.equal(1, #test.fetched())]])
  end)

  it("fails the spec whose stub raises", function()
    local code, out = run([[
      test.answer(function() error("my own mistake") end)
      test.request({ method = "POST", path = "/ask", body = { url = "https://api.example.com/" } })]])
    assert.equal(1, code)
    assert.truthy(out:find("0 successes / 0 failures / 1 error", 1, true), out)
    assert.truthy(out:find("world_spec.lua:3: my own mistake", 1, true), out)
  end)

  it("runs what is left for later when the clock gets there", function()
    passes([[
      local at = test.at("2027-03-01T09:00:00Z")
      test.answer("https://api.example.com/", { body = "fetched" })
      local function lines()
        local found = {}
        for i, line in ipairs(test.request({ path = "/lines" }).body.lines) do
          found[i] = line.text .. " " .. line.at - at
        end
        return found
      end
      test.request({ method = "POST", path = "/later", body = {
        { seconds = 60, name = "write", nap = 7 }, { seconds = 0, name = "write" },
        { seconds = 5, name = "fetch", url = "https://api.example.com/" } } })
      assert.same({ "wrote 0" }, lines()) -- it was due at once
      test.advance(59)
      assert.same({ "wrote 0", "fetched 5" }, lines())
      assert.equal(at + 180, test.advance(121))
      assert.same({ "wrote 0", "fetched 5", "wrote 60", "slept 67" }, lines())
      test.request({ method = "POST", path = "/later", body = { { seconds = 3600, name = "write" } } })
      test.at("2027-03-02T09:00:00Z") -- a jump: it runs late
      assert.equal("wrote 86400", lines()[5])]])
  end)

  it("moves the clock when a request sleeps", function()
    passes([[
      local at = test.at("2027-03-01T09:00:00Z")
      test.request({ method = "POST", path = "/later", body = { { seconds = 20, name = "write" } } })
      local r = test.request({ path = "/nap/30" })
      assert.equal(30, r.body.slept)
      assert.equal(1, r.waits)
      assert.equal(at + 30, test.advance(0))
      assert.equal(at + 20, test.request({ path = "/lines" }).body.lines[1].at)]])
  end)

  it("ends what would run for ever", function()
    local code, out = run([[
      test.request({ method = "POST", path = "/later", body = { { seconds = 0, name = "forever" } } })]])
    assert.equal(1, code)
    assert.truthy(out:find("10000 calls of kordless.after ran, and more are due", 1, true), out)
  end)

  it("tells what a request cost", function()
    passes([[
      local small = test.request({ path = "/spin/100" })
      local large = test.request({ path = "/spin/1100" })
      assert.equal(0, small.waits)
      assert.equal(0, small.sql_steps)
      assert.same({}, small.writes)
      local more = large.instructions - small.instructions -- two an iteration, counted in tens
      assert.is_true(more >= 1990 and more <= 2010, more)
      assert.equal(small.instructions, test.request({ path = "/spin/100" }).instructions)
      local lines = test.request({ path = "/lines" })
      assert.is_true(lines.sql_steps > 0)
      test.request({ method = "POST", path = "/later", body = { { seconds = 0, name = "write" } } })
      assert.is_true(test.request({ path = "/lines" }).sql_steps > lines.sql_steps)]])
  end)

  it("fails a spec that allows a request less than it takes", function()
    local code, out = run([[
      local r = test.request({ path = "/spin/10000" })
      assert.is_true(r.instructions < 5000, r.instructions .. " instructions")]])
    assert.equal(1, code)
    assert.truthy(out:find("world_spec.lua:4: %d+ instructions"), out)
  end)

  it("holds replies to what the routes declare", function()
    local err = passes([[assert.equal(500, test.request({ path = "/broken" }).status)]])
    assert.truthy(err:find("the handler 'broken' broke its manifest: id is required", 1, true), err)
  end)
end)
