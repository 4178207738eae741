-- Nothing leaks: after a life in which every kind of secret was made, used, mistyped and
-- ended, none stands in the database, its log, any other file, what the server logged, its
-- metrics, or any answer but the one that handed it out. The search finds what is planted.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local life = require("tests.talk.support.life")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local socket = require("socket")
local sql = require("tests.talk.support.sql")
local traces = require("tests.talk.support.traces")

local P = "/api/platform/v1"
local rules = [[
local booking = {}
function booking.offer(request)
  local refused = {}
  for i = 1, request.n do
    if request.party_size > 2 then refused[i] = { code = "x_large", message = "Call us." } end
  end
  return refused
end
return booking
]]

describe("a secret", function()
  local s, org, list, stop_listening
  local ours = { "pepper", "operator-token" } -- the two files that are secrets

  setup(function()
    s = server.start({ args = { "--log-format", "json" },
      load = { "tests/talk/plugins/vaulted", "tests/talk/plugins/snoop", "examples/notes" },
      scripts = { ["booking.lua"] = rules, ["kordless.lua"] = server.settings("decision_sample = 1") } })
    s:freeze(book.monday)
    list = traces.new()
    stop_listening = list:listen()
    org = s:demo()
    local keys = life.keys(s, org, list)
    life.bookings(s, org, list)
    life.knocking(s, org, keys, list)
    s:advance(60)
    life.operators(s, list)
    life.snooping(s, org, life.people(s, org, list))
  end)
  teardown(function()
    stop_listening()
    s:stop()
  end)

  local function wait_for(what, ready)
    local deadline = socket.gettime() + 30
    while not ready() do
      assert(socket.gettime() < deadline, "never seen: " .. what)
      socket.sleep(0.05)
    end
  end

  -- All that can be asked about what happened: the answers are listened to as well.
  local function look_around()
    local admin, own = client.admin(s), P .. "/organizations/" .. org.id
    for _, path in ipairs({ "/metrics", P .. "/status", P .. "/scripts", P .. "/decisions",
      P .. "/audit?limit=100", P .. "/members", P .. "/tokens", P .. "/secrets", P .. "/organizations", own,
      own .. "/api-keys?limit=100", own .. "/members", own .. "/audit?limit=100", own .. "/usage",
      own .. "/limits", own .. "/signals" }) do
      local r = admin:get(path)
      assert.equal(200, r.status, path)
      shell.write(s.dir .. "/answer" .. path:gsub("%W", "_"), r.body)
    end
    for _, key in ipairs(admin:get(own .. "/api-keys?limit=100"):json().api_keys) do
      admin:get(P .. "/api-keys/" .. key.id .. "/denials")
      admin:get(P .. "/api-keys/" .. key.id .. "/quota")
    end
    for i, words in ipairs({ { "key", "list", "--org", org.slug }, { "token", "list" }, { "status" },
      { "secret", "list" }, { "org", "list" },
      { "quota", "explain", org.key:sub(-4), "--org", org.slug } }) do
      local code, out, err = s:cli(table.unpack(words))
      assert.equal(0, code, err)
      shell.write(s.dir .. "/prompt_" .. i, out .. err)
    end
  end

  local function reload()
    s:tell("reload")
    s:write_script("quota.lua", "return {")
    assert.equal(1, (s:cli("reload")))
    s:write_script("quota.lua", shell.read("scripts/quota.lua"))
  end

  it("was there in all its kinds, and left what is to be searched", function()
    assert.is_true(#list.names >= 40, #list.names)
    reload()
    look_around()
    wait_for("usage", function() return sql.read(s, "SELECT COUNT(*) FROM usage") ~= "0\n" end)
    wait_for("denials", function() return sql.read(s, "SELECT COUNT(*) FROM denial") ~= "0\n" end)
    s:advance(60)
    wait_for("strangers", function() return s:log():find('"event":"refused"', 1, true) end)
    wait_for("decisions", function()
      return shell.read(s.data .. "/decisions.jsonl"):find("x_large", 1, true)
    end)
    for _, event in ipairs({ "told", "handler_failed", "reload_refused", "reloaded" }) do
      assert.truthy(s:log():find('"event":"' .. event .. '"', 1, true), event)
    end
    assert.is_true(#shell.read(s.data .. "/kordless.db-wal") > 0)
    assert.is_true(tonumber((sql.read(s, "SELECT COUNT(*) FROM audit"))) > 20)
    assert.truthy(shell.read(s.dir .. "/answer_metrics"):find("revoked_api_key", 1, true))
  end)

  it("is in no file while the server runs, after kill -9, and after it ended well", function()
    assert.same({}, list:find({ s.dir }, ours))
    s:restart("KILL")
    s:freeze(book.day(1))
    assert.equal(200, org.client:get(book.public .. "/org/" .. org.slug).status)
    assert.same({}, list:find({ s.dir }, ours))
    s:restart()
    s:freeze(book.day(1))
    look_around()
    assert.same({}, list:find({ s.dir }, ours))
  end)

  it("is in no answer but the one that handed it out", function()
    assert.is_true(#list.answers > 250, #list.answers)
    assert.same({}, list:said())
  end)

  it("is not in the command line or the environment of the server", function()
    local proc = "/proc/" .. s.pid
    assert.same({}, list:find({ proc .. "/cmdline", proc .. "/environ" }))
  end)

  it("and of the pepper there is no trace outside its file", function()
    local pepper = shell.read(s.data .. "/pepper")
    local files = io.popen(("find %s -type f ! -name pepper"):format(shell.quote(s.dir)))
    local n = 0
    for path in files:lines() do
      local text = shell.read(path)
      for i = 1, #pepper - 15, 16 do
        for _, form in ipairs(traces.forms(pepper:sub(i, i + 15))) do
          assert.is_nil(text:find(form, 1, true), path)
        end
      end
      n = n + 1
    end
    files:close()
    assert.is_true(n > 20, n)
  end)

  it("would be found", function()
    local dir = shell.temp_dir()
    finally(function() shell.remove(dir) end)
    local planted, n = {}, 0
    for _, name in ipairs(list.names) do
      for _, form in ipairs(traces.forms(list.values[name])) do
        n = n + 1
        planted["p" .. n] = name
        shell.write(dir .. "/p" .. n, "\0\1begin" .. form .. "end\n\255")
      end
    end
    for _, text in ipairs(list:find({ dir })) do planted[text:match("^p%d+")] = nil end
    assert.same({}, planted)
    assert.is_true(n > 600, n)
    os.execute(("rm %s/p*"):format(dir))
    os.execute(("cp %s/kordless.db %s/db && sqlite3 %s/db %s"):format(shell.quote(s.data), dir, dir,
      shell.quote("INSERT INTO setting VALUES ('x', '" .. org.key .. "')")))
    assert.same({ "db: key of the organization" }, list:find({ dir }))
    list.answers[#list.answers + 1] = "200 OK\n" .. org.key
    assert.same({ "key of the organization: 1 answers" }, list:said())
  end)
end)
