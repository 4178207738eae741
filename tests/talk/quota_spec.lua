-- What scripts/quota.lua may say beyond three numbers, and what an operator hears of it.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local prom = require("tests.talk.support.prom")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

local P = "/api/platform/v1"

local policy = [[
local quota = { reads = { "environment", "label", "metadata" } }
quota.cost = { ["GET /api/calendar/v1/public/org/{org_slug}/service/{service_slug}"] = 3 }
function quota.limits(key)
  return {
    per_minute = key.metadata.minute or 5, per_hour = 1000, per_day = 10000,
    mode = key.label == "watched" and "shadow" or key.label == "warned" and "warn" or nil,
    read_only = key.environment == "development",
  }
end
return quota
]]

describe("a quota policy", function()
  local s, admin, org, n
  setup(function()
    s = server.start({ scripts = { ["quota.lua"] = policy } })
    s:freeze(book.monday)
    admin = client.admin(s)
    n = 0
  end)
  before_each(function()
    n = n + 1
    org = s:organization("org-" .. n)
  end)
  teardown(function() s:stop() end)

  local function key(label, ...) return s:key(org.slug, label, ...) end
  local function get(k, path)
    return s:client({ ["x-kordless-key"] = k.key, ["x-organization-id"] = org.id })
      :get(path or book.public .. "/org/" .. org.slug)
  end
  local function explain(k) return admin:get(P .. "/api-keys/" .. k.id .. "/quota"):json().quota end
  local function patch(path, body)
    local r = admin:patch(P .. path, body)
    assert.equal(200, r.status, r.body)
  end

  local function let_through(mode)
    local all = prom.read(s:client():get("/metrics").body)
    return prom.value(all, "kordless_quota_unenforced_total", { mode = mode })
  end

  it("of mode shadow refuses nothing and counts what it would refuse", function()
    local k, before = key("watched"), let_through("shadow")
    for i = 1, 8 do
      local r = get(k)
      assert.same({ 200, tostring(math.max(0, 5 - i)) }, { r.status, r.headers["x-ratelimit-remaining"] })
      assert.is_nil(r.headers["x-ratelimit-warning"])
    end
    local told = explain(k)
    assert.equal(before + 3, let_through("shadow"))
    assert.same({ "shadow", 3, 5 }, { told.mode, told.over, told.limits[1].used })
    assert.truthy(s:log():find("event=quota_over mode=shadow", 1, true))
  end)

  it("of mode warn tells it in the answer", function()
    local k, before = key("warned"), let_through("warn")
    for _ = 1, 5 do assert.is_nil(get(k).headers["x-ratelimit-warning"]) end
    local r = get(k)
    assert.same({ 200, "over the limit of key-minute, 5; to be refused" },
      { r.status, r.headers["x-ratelimit-warning"] })
    assert.equal(before + 1, let_through("warn"))
  end)

  it("makes development keys read only, and says that it does", function()
    local k = key("laptop", "--environment", "development")
    assert.equal(200, get(k).status)
    local r = s:client({ ["x-kordless-key"] = k.key }):post(book.public .. "/bookings", {})
    assert.same({ 403, "insufficient_scope" }, { r.status, r:json().code })
    assert.truthy(r:json().detail:find("policy quota.lua", 1, true))
    assert.truthy(r:json().detail:find("bookings:write", 1, true))
    local told = explain(k)
    assert.same({ "availability:write", "bookings:write", "organization:write", "services:write",
      "webhooks:write" }, (function(list) table.sort(list) return list end)(told.withheld))
    assert.equal(400, s:client({ ["x-kordless-key"] = key("desk").key })
      :post(book.public .. "/bookings", {}).status)
  end)

  it("makes a route cost more", function()
    local k = key("desk")
    local dear = book.public .. "/org/" .. org.slug .. "/service/none"
    assert.equal("2", get(k, dear).headers["x-ratelimit-remaining"])
    local r = get(k, dear)
    assert.same({ 429, "60" }, { r.status, r.headers["retry-after"] })
    assert.equal("1", get(k).headers["x-ratelimit-remaining"])
    s:advance(60)
    assert.equal("2", get(k, dear).headers["x-ratelimit-remaining"])
  end)

  it("never makes one cost more than there is, which no wait would bring", function()
    local k = key("desk")
    local dear = book.public .. "/org/" .. org.slug .. "/service/none"
    patch("/api-keys/" .. k.id, { limits = { per_minute = 2 } })
    local r = get(k, dear)
    assert.same({ 404, "0" }, { r.status, r.headers["x-ratelimit-remaining"] })
    s:advance(60)
    assert.equal(200, get(k).status)
    r = get(k, dear)
    assert.same({ 429, "60" }, { r.status, r.headers["retry-after"] })
    assert.truthy(r:json().detail:find("has made 1 requests in the last minute; the limit is 2, and "
      .. "this request counts as 2. Wait 60 seconds", 1, true), r.body)
    s:advance(60)
    assert.equal(404, get(k, dear).status)
  end)

  it("is asked again when what it reads of a key or an organization changes", function()
    local k = key("desk")
    assert.equal("5", get(k).headers["x-ratelimit-limit"])
    patch("/organizations/" .. org.id, { metadata = { minute = 9 } })
    assert.equal("9", get(k).headers["x-ratelimit-limit"])
    patch("/api-keys/" .. k.id, { label = "watched" })
    for _ = 1, 12 do assert.equal(200, get(k).status) end
    patch("/api-keys/" .. k.id, { label = "desk" })
    assert.equal(429, get(k).status)
  end)

  it("is explained: each window, from where, and what is left", function()
    local k = key("desk")
    get(k)
    patch("/api-keys/" .. k.id, { limits = { per_hour = 7, reason = "a trial",
      ["until"] = "2031-06-03T00:00:00Z" } })
    patch("/organizations/" .. org.id, { limits = { per_day = 70, reason = "small" } })
    local told = explain(k)
    assert.same({ "desk", "quota.lua", "enforce", 16 },
      { told.label, told.policy, told.mode, #told.hash })
    assert.same({ environment = http.null, label = "desk", metadata = http.null }, told.reads)
    local minute, hour, day = table.unpack(told.limits)
    assert.same({ "key-minute", 5, 1, 4, "policy", http.null },
      { minute.name, minute.limit, minute.used, minute.remaining, minute.from, minute.reason })
    assert.same({ 7, "override", "a trial", "2031-06-03T00:00:00Z" },
      { hour.limit, hour.from, hour.reason, hour["until"] })
    assert.same({ 70, "override", "small", http.null },
      { day.limit, day.from, day.reason, day["until"] })
    s:advance(86400)
    hour = explain(k).limits[2]
    assert.same({ 1000, "policy", http.null }, { hour.limit, hour.from, hour.reason })
    assert.equal(404, admin:get(P .. "/api-keys/key_x/quota").status)
  end)

  it("is compared with another before that goes live", function()
    local k = key("desk")
    local text = policy:gsub("minute or 5", "minute or 4"):gsub("== \"development\"", "== 'x'")
    local r = admin:post(P .. "/quota/diff", { source = text })
    assert.equal(200, r.status, r.body)
    local diff = r:json().diff
    assert.is_true(diff.tighter > 0 and diff.tighter <= diff.keys)
    local mine
    for _, one in ipairs(diff.first) do if one.id == k.id then mine = one end end
    if mine then -- of many only the first are told
      assert.same({ "desk", k.last4, org.slug, "tighter", 5, 4 }, { mine.label, mine.last4,
        mine.organization, mine.becomes, mine.from.per_minute, mine.to.per_minute })
    end
    assert.equal("5", get(k).headers["x-ratelimit-limit"])
    r = admin:post(P .. "/quota/diff", { source = "return {" })
    assert.same({ 422, "quota_refused" }, { r.status, r:json().code })
    assert.truthy(r:json().faults[1]:find("quota.lua:1:", 1, true))
    assert.same(0, admin:post(P .. "/quota/diff", { source = policy }):json().diff.tighter)
    r = admin:post(P .. "/quota/diff", { source = policy:gsub("= 3 }", "= 1001 }") })
    assert.same({ 422, "quota_refused" }, { r.status, r:json().code })
    assert.truthy(r:json().detail:find("must be a whole number from 1 to 1000", 1, true), r.body)
  end)

  it("is compared by what requests cost, too", function()
    local SERVICE = "GET /api/calendar/v1/public/org/{org_slug}/service/{service_slug}"
    local text = policy:gsub("= 3 }", '= 4, ["GET /api/calendar/v1/services"] = 2 }')
    local r = admin:post(P .. "/quota/diff", { source = text })
    assert.equal(200, r.status, r.body)
    local diff = r:json().diff
    table.sort(diff.costs, function(a, b) return a.from < b.from end)
    assert.same({ { route = "GET /api/calendar/v1/services", from = 1, to = 2 },
      { route = SERVICE, from = 3, to = 4 } }, diff.costs)
    assert.same({ diff.keys, 0 }, { diff.tighter, diff.looser })
    assert.same({ "tighter", 2, 0 },
      { diff.first[1].becomes, diff.first[1].dearer, diff.first[1].cheaper })
    local new = s.dir .. "/new.lua"
    shell.write(new, (policy:gsub("= 3 }", "= 2 }")))
    diff = s:tell("quota", "diff", new)
    assert.same({ { { route = SERVICE, from = 3, to = 2 } }, 0, 1 },
      { diff.costs, diff.tighter, diff.first[1].cheaper })
    local code, out = s:cli("quota", "diff", new)
    assert.equal(0, code)
    assert.truthy(out:find("\ncost +" .. SERVICE:gsub("%p", "%%%0") .. " from 3 to 2\n"), out)
    assert.truthy(out:find("\nlooser [^\n]* 1 cheaper\n"), out)
    assert.same({}, admin:post(P .. "/quota/diff", { source = policy }):json().diff.costs)
  end)
end)

local picky = [[
local quota = { reads = { "label" } }
function quota.limits(key)
  if key.label == "unheard of" then error("no rule for it") end
  return { per_minute = 5, per_hour = 1000, per_day = 10000 }
end
return quota
]]

describe("a quota policy that fails for a key made later", function()
  local s, org
  setup(function()
    s = server.start({ scripts = { ["quota.lua"] = picky } })
    org = s:organization("acme")
  end)
  teardown(function() s:stop() end)

  local function limit(key)
    local r = s:client({ ["x-kordless-key"] = key }):get(book.public .. "/org/acme")
    assert.equal(200, r.status, r.body)
    return r.headers["x-ratelimit-limit"]
  end

  it("gives it the defaults, says so, and does not keep the server from starting", function()
    local odd = s:key("acme", "unheard of")
    for _ = 1, 2 do
      assert.same({ "5", "100" }, { limit(org.key), limit(odd.key) })
      local told = client.admin(s):get(P .. "/api-keys/" .. odd.id .. "/quota"):json().quota.limits[1]
      assert.same({ "default", "quota.lua fails for this key; the log says why, as quota_failed" },
        { told.from, told.reason })
      s:restart()
    end
    assert.truthy(s:log():find("no rule for it", 1, true))
    assert.equal("last-good", s:tell("status").status.source)
    local code, _, err = s:cli("reload")
    assert.same({ 1, true }, { code, err:find("no rule for it", 1, true) ~= nil }, err)
    s:tell("key", "set", odd.id, "--label", "known")
    s:tell("reload")
    s:restart()
    assert.equal("disk", s:tell("status").status.source)
  end)
end)
