-- What the platform says about usage: sums, what is left, why not, and what is worth a look.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local socket = require("socket")

describe("the platform", function()
  local s, admin, n
  setup(function()
    s = server.start()
    s:freeze(book.monday)
    admin = client.admin(s)
    n = 0
  end)
  before_each(function() s:advance(60) end)
  teardown(function() s:stop() end)

  local P = "/api/platform/v1"
  local function newcomer()
    n = n + 1
    local org = s:organization("org-" .. n)
    org.path = book.public .. "/org/" .. org.slug
    return org
  end
  local function ask(path)
    local r = admin:get(P .. path)
    assert.equal(200, r.status, r.body)
    return r:json()
  end
  local function of(org, path) return ask("/organizations/" .. org.id .. path) end

  -- Asks until `count` requests are counted.
  local function counted(org, count, query)
    local deadline = socket.gettime() + 20
    while true do
      local found = of(org, "/usage?" .. (query or "step=day")).usage
      if found.totals.requests == count then return found end
      assert(socket.gettime() < deadline, found.totals.requests .. " requests are counted")
      socket.sleep(0.1)
    end
  end

  it("sums by key, route and status, in minutes, hours and days", function()
    local org = newcomer()
    local second = s:key(org.slug, "second")
    local other = s:client({ ["x-kordless-key"] = second.key })
    for _ = 1, 5 do org.client:get(org.path) end
    for _ = 1, 3 do other:get(org.path .. "/service/none") end
    s:advance(60)
    for _ = 1, 102 do other:get(org.path) end
    local usage = counted(org, 110, "step=minute")
    assert.same({ requests = 110, admitted = 108, refused = 2, charged = 108,
      ["2xx"] = 105, ["3xx"] = 0, ["4xx"] = 3, ["5xx"] = 0 }, usage.totals)
    assert.same({ second.id, "second", second.key:sub(-4), 105, 2 }, { usage.series[1].name,
      usage.series[1].label, usage.series[1].last4, usage.series[1].requests, usage.series[1].refused })
    assert.equal(2, #usage.series[1].points)
    assert.same({ 3, 0 }, { usage.series[1].points[1].requests, usage.series[1].points[1].refused })
    assert.equal(org.key_id, usage.series[2].name)
    for _, step in ipairs({ "hour", "day" }) do
      usage = counted(org, 110, "by=route&step=" .. step)
      assert.same({ "GET " .. book.public .. "/org/{org_slug}", 107, 2 },
        { usage.series[1].name, usage.series[1].requests, usage.series[1].refused })
      assert.equal(3, usage.series[2].requests)
      usage = counted(org, 110, "by=status&step=" .. step)
      assert.same({ "2xx", "4xx", "refused" },
        { usage.series[1].name, usage.series[2].name, usage.series[3].name })
    end
    usage = of(org, "/usage?step=minute&from=2031-06-02T13:00:20Z&to=2031-06-02T13:00:30Z").usage
    assert.same({ 0, "2031-06-02T13:00:00Z", "2031-06-02T13:01:00Z" },
      { usage.totals.requests, usage.from, usage.to })
  end)

  it("says how to narrow what is too much, and refuses what is no question", function()
    local org = newcomer()
    local path = P .. "/organizations/" .. org.id .. "/usage"
    local function refused(query, words)
      local r = admin:get(path .. query)
      assert.equal(400, r.status, query)
      assert.truthy(r:json().detail:find(words, 1, true), r:json().detail)
    end
    refused("?step=minute&from=2031-05-01T00:00:00Z", "or step=hour")
    refused("?step=day&from=2001-05-01T00:00:00Z", "2 years")
    refused("?from=2031-06-02T00:00:00Z&to=2031-06-02T00:00:00Z", "from must be before to")
    refused("?step=week", "step")
    refused("?from=yesterday", "from")
    for _, tail in ipairs({ "/usage", "/limits", "/signals" }) do
      assert.equal(404, admin:get(P .. "/organizations/org_x" .. tail).status)
      assert.equal(401, s:client():get(P .. "/organizations/" .. org.id .. tail).status)
      assert.equal(401, org.client:get(P .. "/organizations/" .. org.id .. tail).status)
    end
    assert.equal(404, admin:get(P .. "/api-keys/key_x/denials").status)
  end)

  it("tells what each key has left and which used the organization's day", function()
    local org = newcomer()
    s:advance(1) -- keys of one millisecond are listed in no order
    local second = s:key(org.slug, "second")
    for _ = 1, 30 do s:client({ ["x-kordless-key"] = second.key }):get(org.path) end
    for _ = 1, 10 do org.client:get(org.path) end
    counted(org, 40)
    local limits = of(org, "/limits")
    assert.same({ 40, second.id, 30, 0.75, 10 }, { limits.day.used, limits.day.keys[1].id,
      limits.day.keys[1].used, limits.day.keys[1].share, limits.day.keys[2].used })
    assert.same({ second.id, 30, 0.75 },
      { limits.keys[1].id, limits.keys[1].used_of_day, limits.keys[1].share_of_day })
    assert.same({
      { name = "key-minute", limit = 100, used = 30, remaining = 70, reset_after = 60, retry_after = 0 },
      { name = "key-hour", limit = 1000, used = 30, remaining = 970, reset_after = 3600, retry_after = 0 },
      { name = "org-day", limit = 10000, used = 40, remaining = 9960, reset_after = 86400, retry_after = 0 },
    }, limits.keys[1].windows)
    assert.equal(200, admin:patch(P .. "/api-keys/" .. second.id, { limits = { per_minute = 30 } }).status)
    limits = of(org, "/limits?limit=1")
    assert.same({ 1, 30, 0, 60 }, { #limits.keys, limits.keys[1].windows[1].limit,
      limits.keys[1].windows[1].remaining, limits.keys[1].windows[1].retry_after })
    limits = of(org, "/limits?limit=1&cursor=" .. limits.next_cursor)
    assert.equal(org.key_id, limits.keys[1].id)
    assert.same(limits.keys[1], ask("/api-keys/" .. org.key_id .. "/limits").limits)
    assert.equal(404, admin:get(P .. "/api-keys/key_x/limits").status)
  end)

  it("tells of one key, with all it was rotated from and to", function()
    local org, other = newcomer(), newcomer()
    local second = s:key(org.slug, "second")
    for _ = 1, 3 do s:client({ ["x-kordless-key"] = second.key }):get(org.path) end
    org.client:get(org.path)
    local made = admin:post(P .. "/api-keys/" .. second.id .. "/rotate"):json().api_key
    for _ = 1, 2 do s:client({ ["x-kordless-key"] = made.key }):get(org.path) end
    counted(org, 6)
    for _, id in ipairs({ second.id, made.id }) do
      local usage = of(org, "/usage?key=" .. id).usage
      assert.same({ 5, 5, 1, 5 }, { usage.totals.requests, usage.totals["2xx"], #usage.series,
        usage.series[1].requests })
    end
    assert.equal(1, of(org, "/usage?by=route&key=" .. org.key_id).usage.totals.requests)
    for _, id in ipairs({ other.key_id, "key_x" }) do
      local r = admin:get(("%s/organizations/%s/usage?key=%s"):format(P, org.id, id))
      assert.same({ 400, "key is none of this organization's keys." }, { r.status, r:json().detail })
    end
  end)

  it("names the reason of each of the last fifty refusals, over a restart", function()
    local org = newcomer()
    local narrow = admin:post(("%s/organizations/%s/api-keys"):format(P, org.id),
      { label = "narrow", scopes = { "bookings:read", "services:read" } }):json().api_key
    local caller = s:client({ ["x-kordless-key"] = narrow.key })
    caller:get(book.prefix .. "/bookings", nil, { ["x-organization-id"] = "org_" .. ("0"):rep(26) })
    assert.equal(403, caller:post(org.path:gsub("/org/.*", "/bookings"), {}).status)
    for _ = 1, 99 do caller:get(org.path) end
    local rules = {}
    local function denials() return ask("/api-keys/" .. narrow.id .. "/denials").denials end
    for i, denial in ipairs(denials()) do rules[i] = denial.rule end
    assert.same({ "key-minute", "insufficient_scope", "wrong_organization" }, rules)
    local first = denials()[1]
    assert.same({ 100, 100, 60, "127.0.0.1", "GET " .. book.public .. "/org/{org_slug}" },
      { first.used, first.limit, first.retry_after, first.address, first.route })
    assert.truthy(first.fix:find("per_minute", 1, true))
    assert.equal("bookings:write", denials()[2].scope)
    assert.equal(200, admin:post(P .. "/api-keys/" .. narrow.id .. "/revoke").status)
    for _ = 1, 48 do assert.equal(401, caller:get(org.path).status) end
    local r = caller:get(org.path)
    local before = denials()
    assert.equal(50, #before)
    assert.same({ r.headers["x-request-id"], "revoked_api_key" }, { before[1].request_id, before[1].rule })
    assert.equal("key-minute", before[50].rule)
    s:restart()
    s:freeze(book.day(1))
    admin = client.admin(s)
    assert.same(before, denials())
  end)

  -- What the keys themselves say, listed and one by one, where it is the same as in `all`.
  local function agree(org, all)
    local listed, told = {}, {}
    for _, signal in ipairs(all) do told[signal.key.id .. signal.kind] = signal end
    for _, key in ipairs(of(org, "/api-keys?limit=100").api_keys) do
      assert.same(key.signals, ask("/api-keys/" .. key.id).api_key.signals)
      for _, signal in ipairs(key.signals) do
        signal.key = { id = key.id, label = key.label, last4 = key.last4 }
        listed[key.id .. signal.kind] = signal
      end
    end
    assert.same(told, listed)
  end

  local function signals(org, kind)
    local found, all = {}, of(org, "/signals").signals
    agree(org, all)
    for _, signal in ipairs(all) do
      if signal.kind == kind then found[#found + 1] = signal end
    end
    return found
  end

  it("sees a key that was idle for a month and a production key of three", function()
    local org = newcomer()
    local laptop = s:key(org.slug, "laptop", "--environment", "development")
    org.client:get(org.path)
    counted(org, 1)
    s:advance(29 * 86400)
    org.client:get(org.path)
    counted(org, 2, "step=day&from=2031-06-01T00:00:00Z")
    assert.same({}, of(org, "/signals").signals)
    s:advance(31 * 86400)
    org.client:get(org.path)
    counted(org, 3, "step=day&from=2031-06-01T00:00:00Z")
    local idle = signals(org, "idle_key_active")
    assert.same({ 1, org.key_id, 31 }, { #idle, idle[1].key.id, idle[1].evidence.idle_days })
    assert.equal(idle[1].since, idle[1].evidence.active_again)
    assert.same({}, signals(org, "old_production_key"))
    s:advance(31 * 86400)
    assert.same({}, signals(org, "idle_key_active")) -- worth a look for a week
    local old = signals(org, "old_production_key")
    assert.same({ 1, org.key_id, 91 }, { #old, old[1].key.id, old[1].evidence.age_days })
    assert.equal(200, admin:post(P .. "/api-keys/" .. laptop.id .. "/revoke").status)
    assert.equal(200, admin:post(P .. "/api-keys/" .. org.key_id .. "/revoke").status)
    assert.same({}, of(org, "/signals").signals)
  end)

  it("sees more refusals than a key usually has", function()
    local org = newcomer()
    s:advance(86400)
    local sent = 0
    local function burst(count)
      for _ = 1, count do org.client:get(org.path) end
      sent = sent + count
      counted(org, sent)
    end
    burst(119)
    assert.same({}, signals(org, "unusual_refusals"))
    burst(1)
    local found = signals(org, "unusual_refusals")
    assert.same({ 1, 20, 120, 0 }, { #found, found[1].evidence.refused, found[1].evidence.requests,
      found[1].evidence.usual_hour })
    s:advance(7200)
    burst(139) -- 39: less than twice what the hour before had
    assert.same({}, signals(org, "unusual_refusals"))
    burst(2)
    found = signals(org, "unusual_refusals")
    assert.same({ 41, 20, 41 }, { found[1].evidence.refused, found[1].evidence.usual_hour,
      found[1].evidence.threshold })
  end)

  it("tells the same of an organization with very many keys", function()
    local org = newcomer()
    org.client:get(org.path)
    counted(org, 1)
    local next = admin:post(P .. "/api-keys/" .. org.key_id .. "/rotate"):json().api_key
    sql.change(s, next.created_at, ([[WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL
      SELECT n + 1 FROM t WHERE n < 60000) INSERT INTO api_key (id, organization_id, digest, last4,
      label, created_at) SELECT printf('key_z%%025d', n), '%s', randomblob(32),
      char(33 + n / 4096) || printf('%%03x', n %% 4096), -- such as no key ends in
      'till ' || n, 1000 * (strftime('%%s', '%s') - 91 * 86400) FROM t;
    INSERT INTO usage_name (name) SELECT id FROM api_key WHERE id > 'key_z' ORDER BY id LIMIT 10050;
    INSERT INTO usage SELECT 1, strftime('%%s', '%s') / 60, o.number, k.number, r.number, 2, 1,
      substr(k.name, 6) + 1 FROM usage_name o, usage_name r, usage_name k
      WHERE o.name = '%s' AND k.name LIKE 'key_z%%'
        AND r.number = (SELECT min(number) FROM usage_name WHERE name LIKE 'GET %%')]])
      :format(org.id, next.created_at, next.created_at, org.id))
    admin = client.admin(s)
    local all = of(org, "/signals").signals
    assert.equal(100, #all) -- of a kind
    assert.same({ "till 1", "old_production_key", 91 },
      { all[1].key.label, all[1].kind, all[1].evidence.age_days })
    local limits = of(org, "/limits?limit=2")
    assert.equal(1 + 10050 * 10053 // 2, limits.day.used)
    assert.same({ "till 10050", 10051 }, { limits.day.keys[1].label, limits.day.keys[1].used })
    assert.equal(1, ask("/api-keys/" .. next.id .. "/limits").limits.used_of_day) -- not of the most
    local series = of(org, "/usage?step=day").usage.series
    assert.same({ next.id, next.last4 }, { series[1].name, series[1].last4 })
  end)

  it("tells what a line of rotations did at its newest key", function()
    local org = newcomer()
    s:advance(86400)
    for _ = 1, 120 do org.client:get(org.path) end
    counted(org, 120)
    local next = admin:post(P .. "/api-keys/" .. org.key_id .. "/rotate", { grace_seconds = 60 })
      :json().api_key
    assert.is_nil(next.signals) -- nobody looked
    local new = ask("/api-keys/" .. next.id).api_key.signals
    assert.same({ 1, "unusual_refusals" }, { #new, new[1].kind })
    local _, out = s:cli("key", "show", next.id)
    assert.truthy(out:find("worth a look   " .. new[1].detail, 1, true), out)
    assert.same({}, ask("/api-keys/" .. org.key_id).api_key.signals)
    for _, key in ipairs(of(org, "/api-keys").api_keys) do
      assert.same(key.id == next.id and new or {}, key.signals)
    end
  end)
end)
