-- The dashboard's files, as the binary serves them. What the pages do is tests/browser's.

local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

describe("the dashboard", function()
  local s, c, index
  setup(function()
    s = server.start()
    c = s:client()
    index = c:get("/")
  end)
  teardown(function() s:stop() end)

  local function files()
    local list = {}
    for path in index.body:gmatch('"(assets/[^"]+)"') do list[#list + 1] = "/" .. path end
    return list
  end

  it("is a page that loads only what stands beside it", function()
    assert.equal(200, index.status)
    assert.equal("text/html; charset=utf-8", index.headers["content-type"])
    assert.truthy(#files() > 5)
    assert.is_nil(index.body:find("{{", 1, true))
    assert.is_nil(index.body:find("https?://"))
    assert.is_nil(index.body:find("<script>", 1, true))
    assert.is_nil(index.body:find("<style", 1, true))
    assert.is_nil(index.body:find(" style=", 1, true))
    for _, path in ipairs(files()) do
      assert.equal(200, c:get(path).status, path)
    end
  end)

  it("forbids whatever else a page could do", function()
    for _, path in ipairs({ "/", files()[1] }) do
      local h = c:get(path).headers
      assert.equal("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        .. "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        h["content-security-policy"])
      assert.same({ "nosniff", "no-referrer" }, { h["x-content-type-options"], h["referrer-policy"] })
    end
  end)

  it("is asked for again, its files never", function()
    assert.equal("no-cache", index.headers["cache-control"])
    local r = c:with({ ["If-None-Match"] = index.headers.etag }):get("/")
    assert.same({ 304, "" }, { r.status, r.body })
    for _, path in ipairs(files()) do
      assert.equal("public, max-age=31536000, immutable", c:get(path).headers["cache-control"])
    end
  end)

  it("is packed for who takes it, and the same when unpacked", function()
    local dir = shell.temp_dir()
    for _, path in ipairs({ "/", files()[2] }) do
      local r = c:with({ ["Accept-Encoding"] = "gzip, br" }):get(path)
      assert.equal("gzip", r.headers["content-encoding"])
      shell.write(dir .. "/packed", r.body)
      local _, text = shell.run({ "gzip", "-dc", dir .. "/packed" })
      assert.equal(c:get(path).body, text)
    end
    shell.remove(dir)
  end)

  it("has no file but those, and takes no other method", function()
    local folder = files()[1]:match("^(.*)/")
    for _, path in ipairs({ "/assets", "/assets/", folder, folder .. "/", folder .. "/plugin.lua",
      folder .. "/../../plugin.lua", folder .. "/..%2f..%2fplugin.lua", "/index.html" }) do
      assert.equal(404, c:get(path).status, path)
    end
    local r = c:post("/", {})
    assert.same({ 405, "GET, HEAD, OPTIONS" }, { r.status, r.headers.allow })
    local head = c:request({ method = "HEAD", path = "/" })
    assert.same({ 200, "", tostring(#index.body) },
      { head.status, head.body, head.headers["content-length"] })
  end)

  it("is not there when its plugin is not listed", function()
    local without = server.start({ scripts = { ["kordless.lua"] =
      server.settings('plugins = { "services", "availability", "bookings", "platform", "people" }') } })
    assert.equal(404, without:client():get("/").status)
    without:stop()
  end)
end)

describe("assets in a manifest", function()
  local dir
  before_each(function()
    dir = shell.temp_dir()
    os.execute(("mkdir -p %s/scripts %s/lamp && cp -r scripts/. %s/scripts"):format(dir, dir, dir))
  end)
  after_each(function() shell.remove(dir) end)

  local function check(assets)
    shell.write(dir .. "/lamp/plugin.lua",
      ('return { name = "lamp", version = "1", api = 1, assets = %s }'):format(assets))
    local binary = os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test"
    local code, out, err = shell.run({ binary, "check", "--scripts", dir .. "/scripts",
      "--plugins", "plugins", "--load", dir .. "/lamp" })
    assert.equal(1, code, out .. err)
    return out .. err
  end

  it("are those that were built in", function()
    local said = check('"/lamp/"')
    assert.truthy(said:find("assets: no files of a plugin 'lamp' were built in", 1, true), said)
  end)
  it("stand under a path", function()
    for _, path in ipairs({ '""', '"lamp"', '"/lamp"' }) do
      local said = check(path)
      assert.truthy(said:find("assets: must be a path that begins and ends with a slash", 1, true), said)
    end
    assert.truthy(check("true"):find("assets", 1, true))
  end)
end)
