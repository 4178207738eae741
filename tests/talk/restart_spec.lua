-- Coming up and going down: what refuses a start says how to mend it, and an end is an end.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local sql = require("tests.talk.support.sql")

describe("a start", function()
  local s
  before_each(function()
    s = server.start({ workers = 1 })
    s.org = s:organization("acme")
  end)
  after_each(function() s:stop() end)

  local function works()
    local r = s:client({ ["x-kordless-key"] = s.org.key }):get("/api/calendar/v1/public/org/acme")
    assert.equal(200, r.status, r.body)
  end

  -- A second server with these words more; it must not come up.
  local function refused(sentence, ...)
    local words = s:command()
    for _, word in ipairs({ ... }) do words[#words + 1] = word end
    words[1] = "timeout -k 5 60 " .. shell.quote(words[1])
    local program = table.remove(words, 1)
    local dir = shell.temp_dir()
    local line = ("%s %s </dev/null >%s/out 2>%s/err"):format(program, shell.join(words), dir, dir)
    local _, how, code = os.execute(line)
    local said, out = shell.read(dir .. "/err"), shell.read(dir .. "/out")
    shell.remove(dir)
    assert.same({ "exit", 1 }, { how, code }, said)
    assert.truthy(said:find(sentence, 1, true), said)
    assert.truthy(said:find("^kordless: [^\n]+\n$"), said)
    assert.is_nil(out:find("listening", 1, true))
  end

  local function stopped(change)
    s:kill("TERM")
    assert.equal(0, s:wait())
    change()
  end

  local function pepper() return s.data .. "/pepper" end

  it("without the pepper of its data is refused, and works when it is back", function()
    stopped(function() os.rename(pepper(), s.dir .. "/kept") end)
    refused("pepper")
    assert.is_nil(shell.read(pepper())) -- none was made in its place
    os.rename(s.dir .. "/kept", pepper())
    s:spawn()
    works()
  end)

  it("with a wrong one, a short one or one that others can read, too", function()
    local kept
    stopped(function()
      kept = shell.read(pepper())
      shell.write(pepper(), ("x"):rep(64))
    end)
    refused("is not the one this database was made with")
    shell.write(pepper(), kept:sub(1, 63))
    refused("is not the 64 bytes")
    shell.write(pepper(), kept)
    os.execute("chmod 644 " .. shell.quote(pepper()))
    refused("chmod 600")
    os.execute("chmod 600 " .. shell.quote(pepper()))
    s:spawn()
    works()
  end)

  it("on data that another server holds is refused, and disturbs nobody", function()
    refused("is in use by another kordless process")
    works()
  end)

  it("on a port that is taken is refused, and disturbs nobody", function()
    refused("another program listens there already", "--data", s.dir .. "/second", "--listen", s.address)
    for _ = 1, 20 do works() end
  end)

  it("where no data can be kept is refused", function()
    shell.write(s.dir .. "/a-file", "")
    refused("a-file", "--data", s.dir .. "/a-file")
    refused("cannot be made", "--data", s.dir .. "/no/such/folder")
    refused("cannot be made", "--data", "/proc/kordless")
  end)

  it("with a database that is none is refused", function()
    os.execute("mkdir " .. shell.quote(s.dir .. "/third"))
    shell.write(s.dir .. "/third/kordless.db", ("this is no database\n"):rep(500))
    os.execute(("cp -p %s %s"):format(shell.quote(pepper()), shell.quote(s.dir .. "/third/pepper")))
    refused("kordless.db", "--data", s.dir .. "/third")
  end)

  it("with rows that it never wrote is refused, and works with a good copy of the file", function()
    local good
    stopped(function()
      good = shell.read(s.data .. "/kordless.db")
      sql.read(s, "INSERT INTO api_key (id, organization_id, digest, last4, label, created_at)"
        .. " SELECT 'key_x', id, randomblob(32), 'äöüß', 'x', 1 FROM organization")
    end)
    refused("kordless.db: a row is not as this server writes them")
    shell.write(s.data .. "/kordless.db", good)
    s:spawn()
    works()
  end)

  it("with an address or sources that make no sense is refused", function()
    refused("'nowhere' is no address", "--data", s.dir .. "/fourth", "--listen", "nowhere")
    refused("cannot be read", "--data", s.dir .. "/fourth", "--scripts", s.dir .. "/none")
    refused("cannot be read", "--data", s.dir .. "/fourth", "--load", s.dir .. "/none")
  end)
end)

describe("any number of workers", function()
  for _, n in ipairs({ 1, 4 }) do
    it("serves: " .. n, function()
      local s = server.start({ workers = n })
      local org = s:organization("acme")
      local path = "/api/calendar/v1/public/org/acme"
      for _ = 1, 4 * n do -- a new connection each
        assert.equal(200, s:client({ ["x-kordless-key"] = org.key }):get(path).status)
      end
      local seen = 0
      for name in s:log():gmatch("workers=(%d+)") do seen = tonumber(name) end
      assert.equal(n, seen)
      s:restart()
      assert.equal(200, s:client():get("/healthz").status)
      s:stop()
    end)
  end
end)

describe("an end", function()
  for _, signal in ipairs({ "TERM", "INT" }) do
    it("by SIG" .. signal .. " closes idle connections and is 0", function()
      local s = server.start({ workers = 2 })
      local conns = {}
      for i = 1, 8 do
        conns[i] = http.connect(s)
        if i > 2 then -- the others never said a word
          conns[i]:send(http.bytes({ path = "/healthz" }))
          assert.equal(200, conns[i]:receive().status)
        end
      end
      s:kill(signal)
      assert.equal(0, s:wait())
      for _, conn in ipairs(conns) do
        assert.is_true(conn:closes())
        conn:close()
      end
      s:spawn()
      s:stop()
    end)
  end

  it("waits for what is on its way", function()
    local s = server.start({ workers = 2, load = { "tests/talk/plugins/rails" } })
    local org, conns = s:organization("acme"), {}
    for i = 1, 4 do
      conns[i] = http.connect(s)
      conns[i]:send(http.bytes({ path = "/rails/nap?seconds=1&write=w" .. i,
        headers = { ["x-kordless-key"] = org.key } }))
    end
    assert.equal(200, s:client():get("/healthz").status)
    s:kill("TERM")
    for _, conn in ipairs(conns) do
      local r = assert(conn:receive())
      assert.same({ 200, "close" }, { r.status, r.headers.connection })
    end
    assert.equal(0, s:wait())
    for _, conn in ipairs(conns) do conn:close() end
    s:spawn()
    assert.equal(4, s:client():get("/rails/rows"):json().n)
    s:stop()
  end)
end)
