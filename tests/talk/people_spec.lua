-- People: invited, set up, signed in, promoted, demoted, removed; and what stays of them.

local book = require("tests.talk.support.book")
local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")

local P = people.prefix

describe("people", function()
  local s, operator, acme, other
  setup(function()
    s = server.start()
    s:freeze(book.monday)
    operator = people.admin(s)
    acme, other = s:organization("acme"), s:organization("other")
  end)
  before_each(function() s:advance(60) end)
  teardown(function() s:stop() end)

  local function says(status, code, r)
    assert.same({ status, code }, { r.status, r:json().code })
    return r:json().detail
  end

  it("are invited with a link that works once", function()
    local made = people.invite(operator, acme.id, " Ada@Example.com ", "owner", "Ada")
    assert.same({ "ada@example.com", "owner", "invited", acme.id, "Ada" }, { made.member.email,
      made.member.role, made.member.status, made.member.organization_id, made.member.name })
    assert.equal("2031-06-05T13:01:00Z", made.member.setup_expires_at)
    says(401, "wrong_credentials", s:client():post(P .. "/session",
      { email = "ada@example.com", password = people.password }))
    local r = people.set_up(s, made.link)
    assert.equal(200, r.status)
    assert.same({ "active", acme.slug }, { r:json().member.status, r:json().organization.slug })
    says(401, "setup_link_invalid", people.set_up(s, made.link))
    local c = people.sign_in(s, "ADA@example.com")
    local me = c:get(P .. "/session"):json()
    assert.same({ made.member.id, acme.id, c.csrf, "owner" },
      { me.member.id, me.organization.id, me.csrf, me.role })
  end)

  it("are not let in by a link that expired, was replaced, or is none", function()
    local made = people.invite(operator, acme.id, "late@example.com", "viewer")
    says(401, "setup_link_invalid", people.set_up(s, "kord_link_" .. ("x"):rep(38)))
    local again = operator:post(P .. "/members/" .. made.member.id .. "/setup-link")
    local link = again:json().setup_url:match("kord_link_%w+$")
    says(401, "setup_link_invalid", people.set_up(s, made.link))
    s:advance(72 * 3600)
    says(401, "setup_link_invalid", people.set_up(s, link))
    operator:delete(P .. "/members/" .. made.member.id)
  end)

  it("choose a password of ten characters that is not their email", function()
    local made = people.invite(operator, acme.id, "longenough@example.com", "viewer")
    assert.equal(400, people.set_up(s, made.link, "too short").status)
    assert.equal(400, people.set_up(s, made.link, ("x"):rep(129)).status)
    says(422, "password_refused", people.set_up(s, made.link, ("ü"):rep(65)))
    says(422, "password_refused", people.set_up(s, made.link, "LongEnough@example.com"))
    assert.equal(200, people.set_up(s, made.link, ("ü"):rep(64)).status)
  end)

  it("have one account each", function()
    people.invite(operator, acme.id, "twice@example.com", "viewer")
    says(409, "email_taken", operator:post(P .. "/organizations/" .. other.id .. "/members",
      { email = "Twice@example.com", role = "viewer" }))
    assert.equal(400, operator:post(P .. "/organizations/" .. acme.id .. "/members",
      { email = "nobody", role = "viewer" }).status)
    assert.equal(400, operator:post(P .. "/organizations/" .. acme.id .. "/members",
      { email = "a@example.com", role = "operator" }).status)
  end)

  it("are listed page by page, and never with a password", function()
    local list = people.all(operator, P .. "/organizations/" .. acme.id .. "/members", "members")
    assert.is_true(#list >= 3)
    for i, one in ipairs(list) do
      assert.is_nil(one.password)
      assert.is_true(i == 1 or list[i - 1].id < one.id)
    end
    assert.equal(400, operator:get(P .. "/members?cursor=mem_x").status)
  end)

  it("lose every session when they are removed, at once", function()
    local c = people.member(s, operator, acme.id, "gone@example.com", "admin")
    local second = people.sign_in(s, "gone@example.com")
    assert.equal(200, second:get(P .. "/session").status)
    assert.equal(204, operator:delete(P .. "/members/" .. c.member.id).status)
    for _ = 1, 5 do
      says(401, "session_ended", c:get(P .. "/session"))
      says(401, "session_ended", second:get(P .. "/session"))
    end
    says(401, "wrong_credentials", s:client():post(P .. "/session",
      { email = "gone@example.com", password = people.password }))
    assert.equal(404, operator:delete(P .. "/members/" .. c.member.id).status)
    people.invite(operator, acme.id, "gone@example.com", "viewer") -- and may come back
  end)

  it("may do at once what their new role may, and no more", function()
    local c = people.member(s, operator, acme.id, "climber@example.com", "viewer")
    local members = P .. "/organizations/" .. acme.id .. "/members"
    says(403, "insufficient_role", c:get(members))
    assert.equal(200, operator:patch(P .. "/members/" .. c.member.id, { role = "owner" }).status)
    assert.equal(200, c:get(members).status)
    assert.equal(200, operator:patch(P .. "/members/" .. c.member.id, { role = "viewer" }).status)
    says(403, "insufficient_role", c:get(members))
  end)

  it("of one organization see nothing of another", function()
    local owner = people.sign_in(s, "ada@example.com")
    local stranger = people.member(s, operator, other.id, "eve@example.com", "owner")
    for _, path in ipairs({ "/members", "/audit", "/api-keys" }) do
      assert.equal(404, owner:get(P .. "/organizations/" .. other.id .. path).status)
      assert.equal(404, owner:get(P .. "/organizations/" .. other.slug .. path).status)
    end
    local at = P .. "/members/" .. stranger.member.id
    assert.equal(404, owner:patch(at, { name = "x" }).status)
    assert.equal(404, owner:delete(at).status)
    assert.equal(404, owner:delete(at .. "/sessions").status)
    assert.equal(404, owner:post(at .. "/setup-link").status)
    assert.equal(200, stranger:get(P .. "/session").status)
  end)

  it("keep at least one active owner", function()
    local org = s:organization("lonely")
    local first = people.member(s, operator, org.id, "first@example.com", "owner")
    local invited = people.invite(operator, org.id, "second@example.com", "owner")
    local at = P .. "/members/" .. first.member.id
    says(409, "last_owner", first:patch(at, { role = "admin" }))
    says(409, "last_owner", first:delete(at))
    says(409, "last_owner", operator:delete(at))
    assert.equal(200, first:patch(at, { name = "First" }).status)
    assert.equal(200, people.set_up(s, invited.link).status)
    assert.equal(204, first:delete(at).status)
    says(401, "session_ended", first:get(P .. "/session"))
    says(409, "last_owner", operator:delete(P .. "/members/" .. invited.member.id))
  end)

  it("that are operators belong to no organization, and only operators make them", function()
    local owner = people.sign_in(s, "ada@example.com")
    says(403, "insufficient_role", owner:post(P .. "/members", { email = "op@example.com" }))
    local op = people.member(s, operator, nil, "op@example.com")
    assert.same({ "operator", http.null }, { op.member.role, op.member.organization_id })
    assert.equal(200, op:get(P .. "/organizations/" .. other.id .. "/members").status)
    says(422, "operator_stays", op:patch(P .. "/members/" .. op.member.id, { role = "owner" }))
    assert.equal(404, owner:delete(P .. "/members/" .. op.member.id).status)
  end)

  it("and what they did stand in an audit that only grows", function()
    local owner = people.sign_in(s, "ada@example.com")
    local path = P .. "/organizations/" .. acme.id .. "/audit"
    local made = people.invite(owner, acme.id, "seen@example.com", "viewer")
    owner:patch(P .. "/members/" .. made.member.id, { role = "admin" })
    owner:delete(P .. "/members/" .. made.member.id)
    local rows = people.all(owner, path .. "", "audit")
    local newest = {}
    for i = 1, 3 do newest[i] = { rows[i].actor, rows[i].action, rows[i].object } end
    assert.same({ { "ada@example.com", "member.remove", made.member.id },
      { "ada@example.com", "member.role", made.member.id },
      { "ada@example.com", "member.create", made.member.id } }, newest)
    assert.equal("admin", rows[2].detail.role)
    local some = owner:get(path .. "?action=member.create&object=" .. made.member.id):json().audit
    assert.equal(1, #some)
    for _, row in ipairs(rows) do assert.equal(acme.id, row.organization_id) end
    assert.equal(400, owner:get(path .. "?cursor=x").status)
  end)

  it("stay over a restart, and so do their sessions", function()
    local c = people.sign_in(s, "ada@example.com")
    local gone = people.sign_in(s, "ada@example.com")
    assert.equal(204, gone:delete(P .. "/session").status)
    s:restart("KILL")
    s:freeze("2031-06-10T13:00:00Z")
    operator = people.admin(s)
    local again = s:client(c.headers)
    says(401, "session_ended", s:client(gone.headers):get(P .. "/session"))
    says(401, "session_ended", again:get(P .. "/session")) -- days later
    assert.equal(200, people.sign_in(s, "ada@example.com"):get(P .. "/session").status)
  end)
end)
