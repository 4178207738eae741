-- The API of scripts is one table: what editors and people read is printed from it, and what
-- scripts meet goes by it.

local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

local binary = os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test"

local function printed(format)
  local code, out, err = shell.run({ binary, "api", "--format", format })
  assert.equal(0, code, err)
  return out
end

-- "db.exec", "now", "span:add" …: every function that is written down, and its line.
local function functions(text)
  local names = {}
  for name in text:gmatch("\nfunction ([%w_.:]+)%(") do names[#names + 1] = name end
  return names
end

describe("kordless api", function()
  it("prints include/kordless.lua as it is committed; else say `make api`", function()
    assert.is_true(printed("lua") == shell.read("include/kordless.lua"), "they differ")
    assert.is_true(#functions(printed("lua")) > 50)
  end)

  it("prints the same as a page of Markdown", function()
    local page = printed("markdown")
    for _, name in ipairs(functions(printed("lua"))) do
      assert.truthy(page:find("`" .. name .. "(", 1, true), name)
    end
    assert.truthy(page:find("*In a transaction; needs `db`.*", 1, true))
  end)

  it("knows no other format", function()
    assert.equal(2, (shell.run({ binary, "api", "--format", "json" })))
  end)

  it("is what luacheck allows", function()
    local allowed, env = 0, { stds = {}, files = {} }
    assert(loadfile(".luacheckrc", "t", env))()
    local fields = env.stds.kordless.read_globals.kordless.fields
    local flat = {}
    for key, value in pairs(fields) do
      if type(value) == "string" then flat[value] = true end
      for _, name in ipairs(type(value) == "table" and value.fields or {}) do
        flat[key .. "." .. name] = true
      end
    end
    for _, name in ipairs(functions(printed("lua"))) do
      local path = name:match("^kordless%.(.+)")
      local library = path and fields[path:match("^[^.]+")]
      if path and not (library and library.other_fields) then
        assert.is_true(flat[path], name)
        allowed, flat[path] = allowed + 1, nil
      end
    end
    flat["json.null"] = nil
    assert.is_nil(next(flat))
    assert.is_true(allowed > 30)
  end)
end)

describe("a script", function()
  local s, c, dir
  setup(function()
    dir = shell.temp_dir()
    os.execute("mkdir " .. dir .. "/waits")
    shell.write(dir .. "/waits/plugin.lua", [[return {
      name = "waits", version = "1", api = 1, needs = { "sleep", "transaction", "keys" },
      routes = {
        { method = "GET", path = "/waits/{what}", handler = "wait", auth = "none" },
        { method = "GET", path = "/reads/{what}", handler = "read", auth = "none" },
      },
    }]])
    shell.write(dir .. "/waits/handlers.lua", [[
      local acts, handlers = {}, {}
      function acts.sleep() kordless.sleep(0) end
      function acts.transaction() kordless.transaction("none", {}) end
      acts["organizations.create"] = function()
        kordless.organizations.create({ slug = "made-in-a-sort", name = "n" })
      end
      function handlers.wait(req)
        local _, sort = pcall(table.sort, { 2, 1 }, acts[req.params.what])
        local _, pattern = pcall(string.gsub, "a", "a", acts[req.params.what])
        return 200, { sort = sort, pattern = pattern }
      end
      function handlers.read(req)
        local _, why = pcall(function() return kordless[req.params.what] end)
        return 200, { why = why }
      end
      return handlers]])
    s = server.start({ load = { dir .. "/waits" } })
    c = s:client()
  end)
  teardown(function()
    s:stop()
    shell.remove(dir)
  end)

  for _, name in ipairs({ "sleep", "transaction", "organizations.create" }) do
    it("that waits where it cannot is told so: " .. name, function()
      local said = c:get("/waits/" .. name):json()
      for _, where in ipairs({ "sort", "pattern" }) do
        local text = "handlers%.lua:%d+: kordless%." .. name:gsub("%.", "%%.")
          .. " waits, and a handler cannot wait inside a sort"
        assert.truthy(said[where]:find(text), said[where])
        assert.truthy(said[where]:find("before or after, in the handler itself", 1, true))
      end
    end)
  end

  it("that takes what its manifest does not name is told how to ask for it", function()
    local why = c:get("/reads/zone"):json().why
    assert.truthy(why:find('kordless.zone needs needs = {"zone"} in ', 1, true), why)
    assert.truthy(why:find("waits/plugin.lua", 1, true), why)
    why = c:get("/reads/transactoin"):json().why
    assert.truthy(why:find("did you mean kordless.transaction?", 1, true), why)
  end)

  it("has its reference at /docs/lua", function()
    local r, docs = c:get("/docs/lua"), c:get("/docs")
    assert.equal(200, r.status)
    for _, name in ipairs({ "content-type", "content-security-policy", "x-content-type-options" }) do
      assert.equal(docs.headers[name], r.headers[name])
    end
    assert.equal(docs.body:match("<style>(.-)</style>"), r.body:match("<style>(.-)</style>"))
    assert.truthy(docs.body:find('href="/docs/lua"', 1, true))
    for _, name in ipairs(functions(printed("lua"))) do
      name = name:gsub("^kordless%.", "")
      assert.truthy(r.body:find('<section id="' .. name .. '">', 1, true), name)
    end
    assert.truthy(r.body:find("In a transaction; needs <code>db</code>.", 1, true))
    assert.truthy(r.body:find("table&lt;string, string|number|boolean&gt;", 1, true))
    assert.truthy(r.body:find("{code = &quot;exists&quot;|&quot;constraint&quot;", 1, true))
    assert.is_nil(r.body:find("<string", 1, true))
    assert.is_nil(r.body:find("`", 1, true))
    assert.is_nil(r.body:lower():find("<script", 1, true))
  end)

  it("has a page that closes what it opens", function()
    local body, open = c:get("/docs/lua").body, {}
    for close, tag in body:gmatch("<(/?)(%a%w*)[^>]*>") do
      if close == "/" then
        assert.equal(table.remove(open), tag)
      elseif tag ~= "meta" then
        open[#open + 1] = tag
      end
    end
    assert.same({}, open)
  end)
end)
