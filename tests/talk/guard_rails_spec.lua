-- A careless plugin among others: what it does wrong costs the request that did it, says why
-- in the log, and changes nothing for anybody else.

local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local book = require("tests.talk.support.book")

local count = 0
local function name()
  count = count + 1
  return "r" .. count
end

describe("guard rails:", function()
  local s, c
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/rails", "examples/hello" },
      scripts = { ["quota.lua"] = book.no_limits["quota.lua"],
        ["kordless.lua"] = server.settings("memory_mib = 16") } })
    c = s:client()
  end)
  teardown(function() s:stop() end)
  before_each(function() -- or so many failures would end in quarantine
    assert.equal(0, (s:cli("plugin", "resume", "rails")))
  end)

  local function others_are_served()
    for _ = 1, 4 do -- both workers
      assert.equal(200, s:client():get("/hello").status)
      assert.equal(200, s:client():get("/rails/rows").status)
    end
    assert.equal(200, c:get("/rails/tx/nothing").status)
  end

  -- The problem, with the request id in it and nothing of what happened inside.
  local function fails(status, path, code)
    local r = c:get(path)
    assert.equal(status, r.status, r.body)
    local p = r:json()
    assert.same({ "server_error", code }, { p.type, p.code })
    assert.is_nil(r.body:find("%.lua") or r.body:find("traceback") or r.body:find("secret"))
    assert.truthy(p.detail:find(r.headers["x-request-id"], 1, true), r.body)
    local logged
    for line in s:log():gmatch("[^\n]+") do
      if line:find(r.headers["x-request-id"], 1, true) then logged = line end
    end
    assert.truthy(logged, "not in the log")
    others_are_served()
    return logged
  end

  local function absent(id)
    local ids = c:get("/rails/rows"):json().ids or ""
    assert.is_nil(("," .. ids .. ","):find("," .. id .. ",", 1, true), ids)
  end

  it("an endless loop ends, with pcall or without", function()
    assert.truthy(fails(503, "/rails/do/loop", "over_budget"):find("rails/handlers.lua:%d+: the instruction"))
    fails(503, "/rails/do/loop_behind_pcall", "over_budget")
  end)

  it("so does memory", function()
    fails(503, "/rails/do/memory", "out_of_memory")
    local r = c:get("/rails/do/memory_behind_pcall")
    assert.equal(503, r.status, r.body)
    others_are_served()
  end)

  it("and a statement without end", function()
    fails(503, "/rails/do/endless_sql", "over_budget")
  end)

  it("an error is a 500 that says nothing but its number", function()
    local line = fails(500, "/rails/do/error", "internal_error")
    assert.truthy(line:find("rails/handlers.lua:%d+: the secret"), line)
    fails(500, "/rails/do/no_json", "internal_error")
    fails(500, "/rails/do/no_status", "internal_error")
    assert.truthy(fails(500, "/rails/do/undeclared", "internal_error"):find("not_in_the_manifest", 1, true))
  end)

  it("nothing of an answer that failed remains", function()
    local r = c:get("/rails/do/headers_then_error")
    assert.same({ 500, "application/json" }, { r.status, r.headers["content-type"] })
    assert.is_nil(r.headers["x-rails"])
  end)

  it("a declared error has members, but not those of every problem", function()
    local r = c:get("/rails/do/teapot")
    assert.same({ 418, 418, "teapot", 2 }, { r.status, r:json().status, r:json().code, r:json().cups })
    assert.equal(1, select(2, r.body:gsub('"status"', "")))
  end)

  it("waiting where it cannot be done is said, and nothing is left waiting", function()
    local line = fails(500, "/rails/do/wait_in_sort", "internal_error")
    assert.truthy(line:find("cannot wait inside a sort", 1, true), line)
    absent("sorted")
    assert.equal(200, c:get("/rails/do/nap_in_sort_behind_pcall").status)
    fails(503, "/rails/do/wait_for_ever", "over_budget")
    fails(503, "/rails/do/write_for_ever", "over_budget")
  end)

  it("what crosses to the writer is bounded and plain", function()
    assert.truthy(fails(500, "/rails/do/large_argument", "internal_error"):find("too much", 1, true))
    assert.truthy(fails(500, "/rails/do/function_argument", "internal_error"):find("%.n is a "))
    fails(500, "/rails/tx/large_result", "internal_error")
    fails(500, "/rails/tx/no_data", "internal_error")
    local r = c:get("/rails/do/fits")
    assert.same({ 200, 60 * 1024 }, { r.status, r:json().n })
  end)

  for what, status in pairs({ loop = 503, memory = 503, endless_sql = 503, raise = 500,
    refuse_no_data = 500, thirteen = 500, or_rollback = 500, rollback_then_refuse = 500,
    dangling = 500 }) do
    it("a transaction that fails leaves nothing: " .. what, function()
      local id = name()
      local r = c:get("/rails/tx/" .. what .. "?id=" .. id)
      assert.equal(status, r.status, r.body)
      assert.equal("server_error", r:json().type)
      for _, made in ipairs({ id, id .. "-thirteen", id .. "-after" }) do absent(made) end
      others_are_served()
    end)
  end

  it("one that fails takes none of its neighbours along", function()
    local list, ids = {}, {}
    local whats = { "add", "thirteen", "add", "dangling", "add", "or_rollback", "add", "loop", "add" }
    for i, what in ipairs(whats) do
      ids[i] = name()
      list[i] = c:bytes({ path = "/rails/tx/" .. what .. "?id=" .. ids[i] })
    end
    local statuses = {}
    for i, r in ipairs(require("tests.talk.support.client").many(s, list)) do statuses[i] = r.status end
    assert.same({ 200, 500, 200, 500, 200, 500, 200, 503, 200 }, statuses)
    local have = "," .. c:get("/rails/rows"):json().ids .. ","
    for i, id in ipairs(ids) do
      assert.equal(i % 2 == 1, have:find("," .. id .. ",", 1, true) ~= nil, id)
    end
  end)

  it("what is of another place says where it may be used", function()
    for path, sentence in pairs({
      ["tx/wait"] = "kordless.sleep may only be used in a handler",
      ["do/write_here"] = "kordless.db.exec may only be used in a transaction",
      ["do/refuse_here"] = "kordless.refuse may only be used in a transaction",
    }) do
      local line = fails(500, "/rails/" .. path, "internal_error")
      assert.truthy(line:find(sentence, 1, true), line)
    end
    absent("here")
  end)

  it("a refusal undoes and hands its value over, a pcall around it or not", function()
    local id = name()
    local r = c:get("/rails/tx/refuse?id=" .. id)
    assert.same({ 200, "with a value" }, { r.status, r:json().result.refused })
    absent(id)
    r = c:get("/rails/tx/refuse_behind_pcall?id=" .. id)
    assert.same({ 200, { refused = "all the same" } }, { r.status, r:json().result })
    absent(id)
  end)

  it("a statement that failed mildly may be handled", function()
    local id = name()
    assert.same({ ok = false, code = "exists" }, c:get("/rails/tx/caught?id=" .. id):json().result)
    assert.same({ ok = false, code = "constraint" }, c:get("/rails/tx/check?id=" .. name()):json().result)
  end)

  local function sql(text) return "/rails/sql" .. http.query({ q = text }) end

  it("other tables are out of reach", function()
    assert.equal(200, c:get(sql("SELECT count(*) AS n FROM organization")).status)
    for _, text in ipairs({ "SELECT * FROM service", "SELECT * FROM api_key",
      "SELECT 1 FROM idempotency",
      "SELECT id FROM rail WHERE id IN (SELECT id FROM api_key)", "SELECT * FROM sqlite_master",
      "DELETE FROM rail", "PRAGMA user_version", "ATTACH 'x' AS y", "BEGIN", "no sql at all" }) do
      fails(500, sql(text), "internal_error")
    end
    for _, what in ipairs({ "write_service", "write_keys", "write_schema", "write_read", "commit",
      "savepoint", "pragma", "attach", "create", "wait" }) do
      local line = fails(500, "/rails/tx/" .. what, "internal_error")
      assert.truthy(line:find("transactions.lua:", 1, true), line)
    end
  end)
end)

describe("booking rules that fail", function()
  local broken = [[
local booking = {}
function booking.offer(request) %s end
return booking
]]
  for what, body in pairs({ ["raise an error"] = "return request.nothing.at_all",
    ["never end"] = "while true do end", ["answer with no data"] = "return { tostring }",
    ["answer with no data but a word"] = "return request.service.name" }) do
    it("fail closed when they " .. what, function()
      local s = server.start({ scripts = { ["booking.lua"] = broken:format(body) },
        load = { "examples/hello" } })
      s:freeze(book.monday)
      local org = s:demo()
      local r = org.client:get(book.public .. "/availability" .. http.query({ org_slug = org.slug,
        service_slug = org.services[1].slug, from = book.day(1), to = book.day(5) }))
      assert.same({ 503, "policy_failed" }, { r.status, r:json().code }, r.body)
      assert.is_nil(r.body:find("booking.lua", 1, true))
      local log = s:log()
      assert.truthy(log:find("booking.offer", 1, true), log)
      if not what:find("no data") then assert.truthy(log:find("booking.lua:2:", 1, true), log) end
      assert.equal(200, s:client():get("/hello").status)
      s:stop()
    end)
  end
end)
