-- What plugin.lua declares is what holds: options, requests before the handler runs, and in
-- tests the replies.

local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local http = require("tests.talk.support.http")

local plugin = "tests/talk/plugins/schema"


describe("a declaration", function()
  local s, c
  setup(function()
    s = server.start({ load = { plugin } })
    c = s:client()
  end)
  teardown(function() s:stop() end)

  local function refused(r, detail)
    assert.same({ 400, "validation_error", detail }, { r.status, r:json().code, r:json().detail })
  end

  it("gives options their defaults, and nobody may write them", function()
    local seen = c:get("/schema/options"):json()
    assert.same({ "hello", 3, 0.5, false }, { seen.greeting, seen.most, seen.share, seen.loud })
    assert.same({ 0, nil, 3 }, { seen.n, seen.unset, seen.remote })
    for i = 1, #seen.writes do assert.is_not_true(seen.writes[i]) end
  end)

  it("makes values of a query's text, and fills in what is left out", function()
    local seen = c:get("/schema/list?limit=7&ratio=-0.5&all=true&name=%C3%BC%C3%BC&x=1"):json()
    assert.same({ limit = 7, ratio = -0.5, all = true, name = "üü", sort = "up", x = "1" }, seen.query)
    assert.same({ "integer", "float", "boolean" }, { seen.types.limit, seen.types.ratio, seen.types.all })
    assert.same({ limit = 50, all = false, sort = "up" }, c:get("/schema/list"):json().query)
    assert.equal(200, c:get("/schema/list?since=2031-06-05T13:00:00+02:00&day=2028-02-29&zone=UTC").status)
  end)

  it("tells all that is wrong with a query, in its order", function()
    refused(c:get("/schema/list?name=%C3%BC&zone=Mars&day=2031-02-29&since=x&sort=left&all=1"
      .. "&ratio=1.5&limit=1e1"),
      "limit must be a whole number from 1 to 100; ratio must be a number from -1 to 1; all must be"
      .. " true or false; sort must be one of up, down; since must be a time such as"
      .. " 2026-03-08T09:00:00Z, with Z or an offset; day must be a date such as 2026-03-08; zone must"
      .. " be a time zone such as America/New_York; name must have at least 2 characters.")
    refused(c:get("/schema/list?limit=101&name=abcde"),
      "limit must be a whole number from 1 to 100; name must have at most 4 characters.")
  end)

  local function order(body)
    return c:post("/schema/orders", body, { ["Content-Type"] = "application/json" })
  end

  it("holds bodies to their shape, however deep", function()
    local r = order('{"word":"abc","count":null,"gone":null,"buyer":{"email":" a@b "},'
      .. '"lines":[{"slug":"x"}],"more":[1]}')
    assert.equal(200, r.status, r.body)
    local seen = r:json()
    assert.is_true(seen.gone)
    assert.equal(1, seen.body.lines[1].units)
    assert.truthy(r.body:find('"count":null', 1, true))
    assert.is_nil(r.body:find('"gone":null', 1, true))
    refused(order('{"count":1.5,"gone":1,"buyer":{"id":"a b"},"lines":[{"slug":"X"},{"units":"1"}]}'),
      "word is required; count must be a whole number of at least 0; gone must be a string;"
      .. " buyer.email is required; buyer.id must be an identifier; lines[1].slug must be a slug:"
      .. " lower-case letters, digits and hyphens, at most 63; lines[2].slug is required;"
      .. " lines[2].units must be a number.")
    refused(order('{"word":"ab","buyer":[],"lines":{}}'),
      "buyer must be an object; lines must be a list.")
    refused(order('{"word":"ab","buyer":null,"lines":[1,2,3]}'),
      "buyer is required; lines must have at most 2 entries.")
    for _, body in ipairs({ "[]", "7", "null", "" }) do
      refused(order(body), "the body must be a JSON object.")
    end
  end)

  local function reply(body) return c:post("/schema/reply", body) end

  it("is a promise that tests hold replies to", function()
    assert.equal(200, reply({ reply = { id = "x", list = { 1 } } }).status)
    assert.equal(200, reply({ text = '{"id":"x","note":null}' }).status)
    assert.equal(201, reply({ status = 201, reply = { id = "x" } }).status)
    assert.equal(404, reply({ status = 404, reply = { any = 1 } }).status)
    for _, wrong in ipairs({
      { reply = { note = "x" } }, { reply = { id = 7 } }, { reply = { id = "x", extra = 1 } },
      { reply = { id = "x", list = { "a" } } }, { text = '{"id":null}' }, { text = "no JSON" },
      { status = 202, reply = { id = "x" } }, { status = 201 },
    }) do
      local r = reply(wrong)
      assert.same({ 500, "internal_error" }, { r.status, r:json().code }, http.json.encode(wrong))
    end
    assert.truthy(s:log():find("has a member 'extra' that its schema does not say", 1, true))
  end)
end)

describe("an option that is set", function()
  local dir
  setup(function()
    dir = shell.temp_dir()
    os.execute(("cp -r plugins %s/plugins && cp -r %s %s/plugins/schema"):format(dir, plugin, dir))
  end)
  teardown(function() shell.remove(dir) end)

  local function check(entry)
    os.execute(("cp -r scripts %s/"):format(dir))
    shell.write(dir .. "/scripts/kordless.lua",
      ('return {\n  plugins = {\n    "services",\n    %s,\n  },\n}\n'):format(entry))
    local code, out, err = shell.run({ os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test", "check",
      "--scripts", dir .. "/scripts", "--plugins", dir .. "/plugins" })
    return code, out .. err
  end

  it("is taken when it fits", function()
    local code, told = check('{ "schema", options = { greeting = "hi", most = 9, share = 1, loud = true,'
      .. ' days = { "mon" }, unset = "x" } }')
    assert.equal(0, code, told)
    assert.equal(0, (check('{ "schema" }')))
  end)

  it("is refused when it does not, with its place and the nearest name", function()
    local code, told = check('{ "schema",\n      options = {\n        most = 10, greeting = "",\n'
      .. '        laud = true, share = "1", days = { 1 }, loud = 0 },\n    }')
    assert.is_not.equal(0, code)
    for _, line in ipairs({
      "kordless.lua:6: plugins[2].options.most: it must be a whole number from 1 to 9",
      "kordless.lua:6: plugins[2].options.greeting: it must not be blank",
      "kordless.lua:7: plugins[2].options.laud: is not known here; did you mean 'loud'?",
      "kordless.lua:7: plugins[2].options.share: it must be a number from 0 to 1",
      "kordless.lua:7: plugins[2].options.days: it[1] must be a string",
      "kordless.lua:7: plugins[2].options.loud: it must be true or false",
    }) do
      assert.truthy(told:find(line, 1, true), line .. "\n" .. told)
    end
  end)

  it("of a plugin that has none is refused", function()
    local code, told = check('{ "availability", options = { x = 1 } }')
    assert.is_not.equal(0, code)
    assert.truthy(told:find("kordless.lua:4: plugins[2].options.x: is not known here", 1, true), told)
    assert.is_not.equal(0, (check('{ "schema", option = {} }')))
    assert.is_not.equal(0, (check("{ 7 }")))
  end)
end)
