-- Operators' tokens: the first one in its file, more by the command line, with a server and
-- without.

local book = require("tests.talk.support.book")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

local P = people.prefix

describe("a token", function()
  local s
  setup(function()
    s = server.start()
    s:freeze(book.monday)
  end)
  before_each(function() s:advance(60) end)
  teardown(function() s:stop() end)

  local function bearer(token) return s:client({ Authorization = "Bearer " .. token }) end

  local function first() return shell.read(s.data .. "/operator-token") end

  local function refused(r)
    assert.same({ 401, "unknown_token", 'Bearer realm="kordless"' },
      { r.status, r:json().code, r.headers["www-authenticate"] })
  end

  it("is there from the first start, for its owner alone", function()
    local token = first():match("^(kord_oper_%w+)\n$")
    assert.equal(48, #token)
    local _, mode = shell.run({ "stat", "-c", "%a", s.data .. "/operator-token" })
    assert.equal("600\n", mode)
    assert.is_nil(s:log():find(token, 1, true))
    local r = bearer(token):get(P .. "/session")
    assert.same({ 200, "operator" }, { r.status, r:json().role })
    assert.equal(200, bearer(token):get(P .. "/organizations").status)
    assert.equal(200, bearer(token):get(P .. "/status").status)
  end)

  it("is made once: a restart keeps it, and one that was taken away stays away", function()
    local token = first()
    s:restart("KILL")
    s:freeze(book.monday)
    assert.equal(token, first())
    assert.equal(200, bearer(token:match("%S+")):get(P .. "/session").status)
    os.remove(s.data .. "/operator-token")
    s:restart()
    s:freeze(book.monday)
    assert.is_nil(first())
    assert.equal(200, bearer(token:match("%S+")):get(P .. "/session").status)
  end)

  it("is made, listed and revoked by the command line", function()
    local made = s:tell("token", "create", "--label", "backup script")
    assert.same({ "backup script", "active", "operator" },
      { made.label, made.status, made.created_by })
    assert.equal(200, bearer(made.token):get(P .. "/organizations").status)
    local _, out = s:cli("token", "list")
    assert.truthy(out:find("backup script", 1, true))
    assert.is_nil(out:find(made.token, 1, true))
    assert.not_equal(0, (s:cli("token", "revoke", made.id))) -- asks, and nobody is there
    assert.equal(0, (s:cli("token", "revoke", made.id, "--yes")))
    for _ = 1, 10 do refused(bearer(made.token):get(P .. "/organizations")) end
    assert.equal(0, (s:cli("token", "revoke", made.id, "--yes"))) -- twice is fine
    assert.equal(1, (s:cli("token", "revoke", "tok_nothing", "--yes")))
    assert.equal(2, (s:cli("token", "revoke")))
    local day = s:tell("token", "create", "--expires-at", "2031-06-20T00:00:00Z")
    assert.equal("2031-06-20T00:00:00Z", day.expires_at)
    local code, text = s:cli("token", "create")
    assert.equal(0, code)
    assert.truthy(text:find("kord_oper_%w+"), text)
  end)

  it("is made without a server too, which then knows it", function()
    local gone = s:tell("token", "create")
    s:kill("TERM")
    assert.equal(0, s:wait())
    local made = s:tell("token", "create", "--label", "offline")
    assert.equal(0, (s:cli("token", "revoke", gone.id, "--yes")))
    s:spawn()
    s:freeze(book.monday)
    assert.equal(200, bearer(made.token):get(P .. "/session").status)
    refused(bearer(gone.token):get(P .. "/session"))
  end)

  it("may end by itself, and may end itself", function()
    local operator = people.admin(s)
    assert.equal(400, operator:post(P .. "/tokens", { expires_at = "2031-06-01T00:00:00Z" }).status)
    local r = operator:post(P .. "/tokens", { label = "a day", expires_at = "2031-06-03T13:00:00Z" })
    local token = r:json().token
    assert.equal(200, bearer(token.token):get(P .. "/session").status)
    s:freeze("2031-06-03T12:59:59Z")
    assert.equal(200, bearer(token.token):get(P .. "/session").status)
    s:advance(1)
    refused(bearer(token.token):get(P .. "/session"))
    s:freeze(book.monday)
    local own = bearer(token.token)
    local done = own:post(P .. "/tokens/" .. token.id .. "/revoke")
    assert.same({ 200, "revoked", token.id }, { done.status, done:json().token.status,
      done:json().token.revoked_by })
    refused(own:get(P .. "/session"))
  end)

  it("that is wrong counts as a failure of its address", function()
    s:advance(3600)
    for _ = 1, 60 do refused(bearer("kord_oper_" .. ("0"):rep(38)):get(P .. "/session")) end
    local r = bearer("nonsense"):get(P .. "/session")
    assert.same({ 429, "rate_limited" }, { r.status, r:json().code })
    local made = s:tell("token", "create")
    assert.equal(200, bearer(made.token):get(P .. "/session").status) -- a good one is let in
  end)

  it("opens the platform and nothing of the calendar, and is no API key", function()
    local made, org = s:tell("token", "create"), s:organization("acme")
    s:advance(60)
    local r = s:client({ Authorization = "Bearer " .. made.token, ["x-organization-id"] = org.id })
      :get(book.prefix .. "/bookings")
    assert.same({ 401, "missing_api_key" }, { r.status, r:json().code })
    r = s:client({ ["x-kordless-key"] = made.token }):get(book.public .. "/org/acme")
    assert.same({ 401, "malformed_api_key" }, { r.status, r:json().code })
    r = s:client({ ["x-kordless-key"] = org.key }):get(book.public .. "/org/acme?x=" .. made.token)
    assert.same({ 401, "api_key_in_query" }, { r.status, r:json().code })
  end)

  it("says in the audit what it did, and is never in it", function()
    local operator = people.admin(s)
    local made = operator:post(P .. "/tokens", { label = "audited" }):json().token
    bearer(made.token):post(P .. "/organizations", { slug = "by-token", name = "By token" })
    local rows = people.all(operator, P .. "/audit", "audit")
    assert.same({ made.id, "organization.create" }, { rows[1].actor, rows[1].action })
    assert.same({ "token.create", made.id }, { rows[2].action, rows[2].object })
    local code, out = shell.run({ "grep", "-rlF", made.token, s.data, s.errors })
    assert.same({ 1, "" }, { code, out })
  end)
end)
