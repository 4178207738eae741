-- Keys, organizations, people and usage where somebody asks for what is not meant to be asked.

local socket = require("socket")
local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")

local P, later = people.prefix, book.later

describe("at the edges", function()
  local s, admin, org, n
  setup(function()
    s = server.start()
    s:freeze(book.monday)
    admin = client.admin(s)
    n = 0
  end)
  before_each(function()
    s:freeze(book.monday)
    n = n + 1
    org = s:organization("org-" .. n)
    org.path = P .. "/organizations/" .. org.id
    org.key_path = P .. "/api-keys/" .. org.key_id
  end)
  teardown(function() s:stop() end)

  local function told(r, status, words)
    assert.equal(status, r.status, r.body)
    if words then assert.truthy(r.body:find(words, 1, true), r.body) end
    return r:json()
  end
  local function limit_of()
    return org.client:get(book.public .. "/org/" .. org.slug).headers["x-ratelimit-limit"]
  end

  it("a change takes what can be changed and nothing else, and so does the audit", function()
    local stray = "kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"
    local key = told(admin:patch(org.key_path, { label = "till", key = stray, patch = { a = 1 },
      limits = { per_minute = 7, per_day = 3 } }), 200).api_key
    assert.same({ per_minute = 7 }, key.limits)
    told(admin:patch(org.path, { name = "New", tagline = 5, branding = { logo = 5 },
      password = stray, limits = { per_day = 9, per_minute = 1 } }), 200)
    local own = told(org.client:get(book.prefix .. "/organization", nil,
      { ["x-organization-id"] = org.id }), 200).organization
    assert.same({ "New", http.null, http.null }, { own.name, own.tagline, own.branding.logo })
    assert.equal("7", limit_of())
    local audit = admin:get(org.path .. "/audit")
    assert.is_nil(audit.body:find(stray, 1, true))
    assert.same({ limits = { per_day = 9 }, name = "New" }, audit:json().audit[1].detail.changed)
    assert.same({ label = "till", limits = { per_minute = 7 } }, audit:json().audit[2].detail.changed)
  end)

  it("a key that somebody pastes into what is kept is cut down to its last 4", function()
    local key, short = org.key, "…" .. org.key:sub(-4)
    local made = told(admin:post(org.path .. "/api-keys", { label = key, note = "was " .. key .. "." }),
      201).api_key
    assert.same({ short, "was " .. short .. "." }, { made.label, made.note })
    made = told(admin:patch(P .. "/api-keys/" .. made.id, { note = http.null, label = "not " .. key,
      limits = { per_hour = 5, reason = key } }), 200).api_key
    assert.same({ "not " .. short, http.null, short }, { made.label, made.note, made.limits.reason })
    local token = told(admin:post(P .. "/tokens", { label = "for kord_live_x, and " .. key }), 201).token
    assert.equal("for kord_live_x, and " .. short, token.label)
    made = told(admin:post(org.key_path .. "/revoke", { reason = "found " .. key .. " in a log" }), 200)
    assert.equal("found " .. short .. " in a log", made.api_key.revoke_reason)
    assert.is_nil(admin:get(P .. "/audit?limit=100").body:find(key, 1, true))
  end)

  it("limits that ended by themselves are not what new ones are added to", function()
    local function put(limits) return told(admin:patch(org.key_path, { limits = limits }), 200).api_key end
    put({ per_minute = 2, reason = "a leak", ["until"] = later(60) })
    assert.equal("2", limit_of())
    s:advance(60)
    assert.equal("100", limit_of())
    assert.same({ per_minute = 500 }, put({ per_minute = 500 }).limits)
    local told_of = admin:get(org.key_path .. "/quota"):json().quota.limits[1]
    assert.same({ 500, "override", http.null }, { told_of.limit, told_of.from, told_of["until"] })
    put({ per_minute = 2, ["until"] = later(120) })
    s:advance(60)
    assert.same({ per_minute = 2, ["until"] = later(180) }, put({ ["until"] = later(180) }).limits)
    assert.equal("2", limit_of())
    s:advance(60)
    told(admin:patch(org.path, { limits = { per_day = 5, ["until"] = later(240) } }), 200)
    s:advance(60)
    assert.same({ per_day = 6 },
      told(admin:patch(org.path, { limits = { per_day = 6 } }), 200).organization.limits)
  end)

  it("limits cannot end before they begin", function()
    for _, at in ipairs({ later(0), "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z" }) do
      told(admin:patch(org.key_path, { limits = { per_minute = 2, ["until"] = at } }), 400,
        "limits.until must lie in the future")
      told(admin:patch(org.path, { limits = { per_day = 2, ["until"] = at } }), 400,
        "limits.until must lie in the future")
    end
    assert.equal("100", limit_of())
  end)

  it("a key that expired when the clock began is expired", function()
    local key = told(admin:patch(org.key_path, { expires_at = "1970-01-01T00:00:00Z" }), 200).api_key
    assert.same({ "expired", "1970-01-01T00:00:00Z" }, { key.status, key.expires_at })
    assert.equal(401, org.client:get(book.public .. "/org/" .. org.slug).status)
  end)

  it("a key cannot be changed to end before it begins", function()
    local key = told(admin:post(org.path .. "/api-keys", { label = "soon", not_before = later(60) }),
      201).api_key
    local path = P .. "/api-keys/" .. key.id
    told(admin:patch(path, { expires_at = later(60) }), 400, "expires_at must be after not_before")
    told(admin:patch(path, { expires_at = later(61) }), 200)
    told(admin:patch(path, { expires_at = http.null }), 200)
  end)

  it("a suspension by an operator stays one, whoever suspended before or after", function()
    local owner = people.member(s, admin, org.id, ("own%d@example.com"):format(n), "owner")
    local function suspend(who, on, status) told(who:patch(org.path, { suspended = on }), status) end
    suspend(owner, true, 200)
    suspend(admin, true, 200)
    suspend(owner, false, 403)
    suspend(owner, true, 200)
    suspend(owner, false, 403)
    suspend(admin, false, 200)
    suspend(owner, true, 200)
    suspend(owner, true, 200)
    suspend(owner, false, 200)
    assert.equal("100", limit_of())
  end)

  it("an email is one without control characters", function()
    for _, email in ipairs({ "a\1b@example.com", "\27[31m@example.com", "a@exa\127mple.com" }) do
      told(admin:post(org.path .. "/members", { email = email, role = "viewer" }), 400, "email must be")
    end
  end)

  it("a token needs nothing said about it", function()
    for _, body in ipairs({ "", "null", "{}" }) do
      told(admin:request({ method = "POST", path = P .. "/tokens", body = body,
        headers = { ["Content-Type"] = "application/json" } }), 201)
    end
  end)

  it("usage is told of the time it is kept for, all of it, and not as nothing of another", function()
    local function usage(query, status, words)
      return told(admin:get(org.path .. "/usage" .. query), status, words)
    end
    usage("?step=minute&from=" .. later(-48 * 3600 + 1), 200)
    usage("?step=minute&from=" .. later(-49 * 3600) .. "&to=" .. later(-48 * 3600), 400,
      "A minute is kept for 48 hours")
    usage("?step=hour&from=" .. later(-90 * 86400 + 1), 200)
    usage("?step=hour&from=" .. later(-92 * 86400) .. "&to=" .. later(-91 * 86400), 400, "or step=day")
    usage("?step=day&from=" .. later(-730 * 86400), 200)
    usage("?step=day&from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z", 400, "2 years")
    usage("?to=9999-12-31T23:59:59Z", 400, "to must be at most 9999-12-31")
    usage("?step=minute&to=" .. later(5 * 86400) .. "&from=" .. later(0), 400, "earlier to")
  end)

  it("what a line of rotations did is told of its newest key, and its denials name it", function()
    for _ = 1, 125 do org.client:get(book.public .. "/org/" .. org.slug) end
    local new = told(admin:post(org.key_path .. "/rotate"), 201).api_key
    assert.equal(401, org.client:get(book.public .. "/org/" .. org.slug).status)
    local signals
    local deadline = socket.gettime() + http.patience
    repeat
      socket.sleep(0.1)
      signals = admin:get(org.path .. "/signals"):json().signals
    until #signals > 0 or socket.gettime() > deadline
    assert.same({ 1, { id = new.id, label = new.label, last4 = new.last4 } },
      { #signals, signals[1].key })
    local day = admin:get(org.path .. "/limits"):json().day
    assert.same({ 1, new.id, new.last4, 100 },
      { #day.keys, day.keys[1].id, day.keys[1].last4, day.keys[1].used })
    local series = admin:get(org.path .. "/usage"):json().usage.series
    assert.same({ 1, new.id, new.last4 }, { #series, series[1].name, series[1].last4 })
    local denial = admin:get(org.key_path .. "/denials"):json().denials[1]
    assert.same({ "expired_api_key", "The key was rotated and its grace is over. Give the caller its "
      .. "successor, …" .. new.last4 .. "." }, { denial.rule, denial.fix })
  end)

  it("what is not there is said without a word of keys that nobody sent", function()
    local r = told(admin:get(P .. "/api-keys/key_x"), 404, "There is no such object")
    assert.is_nil(r.detail:find("API key", 1, true))
  end)
end)
