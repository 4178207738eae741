-- A key from its creation to its end, by the platform's routes.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

local P, later = "/api/platform/v1", book.later

describe("the life of a key", function()
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
    local made = admin:post(P .. "/organizations", { slug = "org-" .. n, name = "Org " .. n })
    assert.equal(201, made.status, made.body)
    org = made:json().organization
  end)
  teardown(function() s:stop() end)

  local function create(body)
    local r = admin:post(P .. "/organizations/" .. org.id .. "/api-keys", body or { label = "desk" })
    assert.equal(201, r.status, r.body)
    return r:json().api_key
  end
  local function patch(key, body, status)
    local r = admin:patch(P .. "/api-keys/" .. key.id, body)
    assert.equal(status or 200, r.status, r.body)
    return r:json().api_key or r:json()
  end
  local function show(key) return admin:get(P .. "/api-keys/" .. key.id):json().api_key end
  local function ask(key, path)
    return s:client({ ["x-kordless-key"] = key.key }):get(path or book.public .. "/org/" .. org.slug)
  end
  local function code(key, path)
    local r = ask(key, path)
    return r.status == 200 and 200 or r:json().code
  end
  local function list(query)
    local r = admin:get(P .. "/organizations/" .. org.id .. "/api-keys" .. (query or ""))
    assert.equal(200, r.status, r.body)
    return r:json()
  end

  it("shows what it was made of, and its value in this answer only", function()
    local key = create({ label = "till", environment = "development", note = "shop two",
      scopes = { "services:read" }, not_before = later(3600), expires_at = later(7200) })
    assert.truthy(key.key:find("^kord_test_"))
    local shown = show(key)
    assert.is_nil(shown.key)
    assert.same({ "till", "development", "shop two", { "services:read" }, "scheduled", "operator" },
      { shown.label, shown.environment, shown.note, shown.scopes, shown.status, shown.created_by })
    assert.same({ later(3600), later(7200), key.key:sub(-4) },
      { shown.not_before, shown.expires_at, shown.last4 })
    assert.equal("not_yet_valid", code(key))
    key.key, key.signals = nil, {}
    assert.same(key, shown)
  end)

  it("is found by label, by last 4, and by who made it", function()
    local desk = create({ label = "Front Desk" })
    s:advance(1)
    local till = create({ label = "till" })
    local function found(query)
      local labels = {}
      for i, k in ipairs(list(query).api_keys) do labels[i] = k.label end
      return labels
    end
    assert.same({ "till", "Front Desk" }, found())
    assert.same({ "Front Desk" }, found("?q=front+d"))
    assert.same({ "till" }, found("?q=" .. till.last4))
    assert.same({}, found("?q=none"))
    assert.same({ "till", "Front Desk" }, found("?created_by=operator"))
    assert.same({}, found("?created_by=mia"))
    local page = list("?limit=1")
    assert.same({ "till" }, { page.api_keys[1].label })
    assert.same({ "Front Desk" }, found("?cursor=" .. page.next_cursor))
    assert.equal(desk.id, list("?q=Desk").api_keys[1].id)
  end)

  it("says when and from where it was last used, also after a restart", function()
    local key = create()
    assert.same({ http.null, http.null }, { show(key).last_used_at, show(key).last_used_ip })
    assert.equal(200, code(key))
    for _ = 1, 2 do
      local shown = show(key)
      assert.same({ later(0), "127.0.0.1" }, { shown.last_used_at, shown.last_used_ip })
      s:restart() -- which writes it down
      admin = client.admin(s)
    end
  end)

  it("and an organization pass over what they do not have, whatever it is", function()
    assert.equal("till", patch(create(), { label = "till", name = 7, plan = {}, suspended = "no",
      not_before = 7, metadata = { x = ("y"):rep(20000) } }).label)
    local r = admin:patch(P .. "/organizations/" .. org.id, { name = "Fresh", label = 7, note = {},
      expires_at = true, tags = 7, scopes = "x" })
    assert.same({ 200, "Fresh" }, { r.status, r:json().organization.name })
    local row = admin:get(P .. "/organizations/" .. org.id .. "/audit?action=organization.change")
    assert.same({ name = "Fresh" }, row:json().audit[1].detail.changed)
  end)

  it("changes at once, and for good", function()
    local key = create({ label = "desk", note = "old" })
    local services = book.public .. "/org/" .. org.slug
    assert.equal(200, code(key))
    patch(key, { scopes = { "bookings:read" } })
    assert.equal("insufficient_scope", code(key, services))
    assert.truthy(patch(key, { scopes = {} }, 400).detail:find("^scopes must have at least 1 "))
    assert.equal("insufficient_scope", code(key, services))
    local changed = patch(key, { label = "new desk", note = http.null,
      scopes = http.null })
    assert.equal("new desk", changed.label)
    assert.equal(9, #changed.scopes)
    assert.equal(200, code(key))
    patch(key, { expires_at = later(-1) })
    local r = ask(key)
    assert.same({ 401, "expired_api_key" }, { r.status, r:json().code })
    assert.truthy(r:json().detail:find("'new desk'", 1, true))
    assert.equal("expired", show(key).status)
    s:restart("KILL")
    s:freeze(book.monday)
    admin = client.admin(s)
    assert.equal("expired_api_key", code(key))
    patch(key, { expires_at = later(60) })
    assert.equal(200, code(key))
    s:advance(60)
    assert.equal("expired_api_key", code(key))
  end)

  it("is rotated: the new key goes on with limits and usage, the old one until its grace ends",
    function()
      local old = create({ label = "desk", scopes = { "services:read" }, note = "n",
        expires_at = later(100) })
      for _ = 1, 60 do assert.equal(200, code(old)) end
      local r = admin:post(P .. "/api-keys/" .. old.id .. "/rotate", { grace_seconds = 30 })
      assert.equal(201, r.status, r.body)
      local new = r:json().api_key
      assert.same({ old.id, "desk", { "services:read" }, "n", later(100) },
        { new.rotated_from, new.label, new.scopes, new.note, new.expires_at })
      assert.same({ new.id, later(30) }, { show(old).rotated_to, show(old).expires_at })
      for _ = 1, 20 do assert.equal(200, code(old)) end
      for _ = 1, 20 do assert.equal(200, code(new)) end
      assert.same({ "rate_limited", "rate_limited" }, { code(old), code(new) })
      assert.equal(409, admin:post(P .. "/api-keys/" .. old.id .. "/rotate").status)
      patch(old, { expires_at = later(90) }, 409) -- never beyond its grace
      s:advance(30)
      assert.same({ "expired_api_key", "rate_limited" }, { code(old), code(new) })
      s:advance(30) -- the minute is over
      assert.equal(200, code(new))
      s:advance(40)
      assert.equal("expired_api_key", code(new))
    end)

  it("has a grace that ends when it would have ended anyway", function()
    local old = create({ label = "desk", expires_at = later(10) })
    admin:post(P .. "/api-keys/" .. old.id .. "/rotate", { grace_seconds = 7 * 86400 })
    assert.equal(later(10), show(old).expires_at)
    assert.equal(400,
      admin:post(P .. "/api-keys/" .. old.id .. "/rotate", { grace_seconds = 604801 }).status)
  end)

  it("without a grace is out when the answer is there; a chain of keys has one set of limits",
    function()
      local key = create()
      for _ = 1, 4 do
        for _ = 1, 20 do assert.equal(200, code(key)) end
        local r = admin:post(P .. "/api-keys/" .. key.id .. "/rotate")
        assert.equal(201, r.status, r.body)
        assert.equal("expired_api_key", code(key))
        key = r:json().api_key
      end
      for _ = 1, 20 do assert.equal(200, code(key)) end
      assert.equal("rate_limited", code(key))
    end)

  -- A server of its own, stopped at the real time: for a new process what stands in the file
  -- of limits must not lie in the future.
  it("keeps its overrides, and a successor its family's limits, over kill -9", function()
    local mortal = server.start()
    finally(function() mortal:stop() end)
    mortal:advance(0)
    local acme = mortal:organization("acme")
    local operator = client.admin(mortal)
    local path = P .. "/api-keys/" .. acme.key_id
    assert.equal(200, operator:patch(path, { limits = { per_minute = 5 } }).status)
    local function admitted(key)
      local got = 0
      for _ = 1, 4 do
        local r = mortal:client({ ["x-kordless-key"] = key }):get(book.public .. "/org/acme")
        if r.status == 200 then got = got + 1 end
      end
      return got
    end
    assert.equal(4, admitted(acme.key))
    local next_key = operator:post(path .. "/rotate"):json().api_key.key
    mortal:restart("KILL")
    mortal:advance(0)
    assert.same({ 0, 1 }, { admitted(acme.key), admitted(next_key) })
  end)

  it("that ended is not rotated", function()
    local key = create({ label = "desk", expires_at = later(-10) })
    assert.equal("key_ended", admin:post(P .. "/api-keys/" .. key.id .. "/rotate"):json().code)
    key = create()
    admin:post(P .. "/api-keys/" .. key.id .. "/revoke", { reason = "lost" })
    assert.equal("key_ended", admin:post(P .. "/api-keys/" .. key.id .. "/rotate"):json().code)
    local shown = show(key)
    assert.same({ "revoked", "lost", "operator", later(0) },
      { shown.status, shown.revoke_reason, shown.revoked_by, shown.revoked_at })
  end)

  it("has limits of its own for a while", function()
    local key = create()
    local shown = patch(key, { limits = { per_minute = 2, reason = "a leak", ["until"] = later(90) } })
    assert.same({ per_minute = 2, reason = "a leak", ["until"] = later(90) }, shown.limits)
    assert.same({ 200, 200, "rate_limited" }, { code(key), code(key), code(key) })
    patch(key, { limits = { per_minute = 3 } }) -- the rest stays
    assert.same({ per_minute = 3, reason = "a leak", ["until"] = later(90) }, show(key).limits)
    assert.same({ 200, "rate_limited" }, { code(key), code(key) })
    s:advance(89)
    assert.same({ 200, 200, 200, "rate_limited" }, { code(key), code(key), code(key), code(key) })
    s:advance(1)
    for _ = 1, 10 do assert.equal(200, code(key)) end -- it ended by itself
    s:freeze(book.monday)
    assert.equal(http.null, patch(key, { limits = http.null }).limits)
    patch(key, { limits = { per_minute = 0 } }, 400)
  end)

  it("is refused while its organization is suspended, with all the others", function()
    local keys = { create(), create() }
    local path = P .. "/organizations/" .. org.id
    local r = admin:patch(path, { suspended = true })
    assert.same({ 200, true }, { r.status, r:json().organization.suspended })
    for _, key in ipairs(keys) do
      assert.same({ 403, "organization_suspended" }, { ask(key).status, code(key) })
    end
    s:restart("KILL")
    s:freeze(book.monday)
    admin = client.admin(s)
    assert.equal("organization_suspended", code(keys[1]))
    assert.equal(200, admin:patch(path, { suspended = false }).status)
    for _, key in ipairs(keys) do assert.equal(200, code(key)) end
  end)

  it("belongs to an organization that changes, and has a day of its own", function()
    local path = P .. "/organizations/" .. org.id
    local key = create()
    local r = admin:patch(path, { name = "New", plan = "large", metadata = { a = 1, b = { c = 2 } },
      limits = { per_day = 3, reason = "trial" } }):json().organization
    assert.same({ "New", "large", { a = 1, b = { c = 2 } }, { per_day = 3, reason = "trial" } },
      { r.name, r.plan, r.metadata, r.limits })
    r = admin:patch(path, { metadata = { a = http.null, b = { d = 3 } }, plan = http.null })
    r = r:json().organization
    assert.same({ http.null, { b = { c = 2, d = 3 } } }, { r.plan, r.metadata })
    assert.same({ 200, 200, 200, "rate_limited" }, { code(key), code(key), code(key), code(key) })
    assert.same(r, admin:get(P .. "/organizations/" .. org.slug):json().organization)
    assert.same({ org.id }, { admin:get(P .. "/organizations?q=new"):json().organizations[1].id })
    assert.equal(400, admin:patch(path, { metadata = { big = ("x"):rep(16384) } }).status)
    assert.equal(200, admin:patch(path, { metadata = { big = ("x"):rep(9000) } }).status)
    assert.equal(400, admin:patch(path, { metadata = { more = ("x"):rep(9000) } }).status)
  end)
end)
