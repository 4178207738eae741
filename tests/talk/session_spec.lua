-- Sessions: the cookie, what a page must send along, how long they last, and how often one
-- may be wrong.

local socket = require("socket")
local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local prom = require("tests.talk.support.prom")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

local P = people.prefix

describe("a session", function()
  local s, operator, org
  setup(function()
    s = server.start({ scripts = {
      ["kordless.lua"] = server.settings('trusted_proxies = { "127.0.0.1" }') } })
    s:freeze(book.monday)
    operator = people.admin(s)
    org = s:organization("acme")
    people.member(s, operator, org.id, "ada@example.com", "owner")
  end)
  before_each(function() s:advance(60) end)
  teardown(function() s:stop() end)

  local function sign_in(email, password)
    return s:client():post(P .. "/session", { email = email, password = password })
  end

  local function says(status, code, r)
    assert.same({ status, code }, { r.status, r:json().code })
    return r
  end

  it("is a cookie that scripts and other sites cannot use", function()
    local r = sign_in("ada@example.com", people.password)
    local value, rest = r.headers["set-cookie"]:match("^kordless_session=(%w+)(; .*)$")
    assert.equal(43, #value)
    assert.equal("; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800", rest)
    assert.equal("no-store", r.headers["cache-control"])
    assert.equal("2031-06-09T13:01:00Z", r:json().expires_at)
  end)

  it("goes over TLS alone where clients come by https", function()
    local secure = server.start({ scripts = {
      ["kordless.lua"] = server.settings('public_url = "https://book.example.com"') } })
    local made = people.invite(people.admin(secure), nil, "op@example.com")
    assert.truthy(made.setup_url:find("^https://book%.example%.com/#setup=kord_link_"))
    assert.truthy(people.set_up(secure, made.link).headers["set-cookie"]:find("; Secure$"))
    secure:stop()
  end)

  it("changes nothing unless the page sends along what it was told", function()
    local c = people.sign_in(s, "ada@example.com")
    local bare = s:client({ Cookie = c.cookie })
    says(403, "csrf_required", bare:delete(P .. "/session"))
    says(403, "csrf_mismatch", bare:delete(P .. "/session", nil, { ["X-Kordless-CSRF"] = "x" }))
    local other = people.sign_in(s, "ada@example.com")
    says(403, "csrf_mismatch", bare:delete(P .. "/session", nil, { ["X-Kordless-CSRF"] = other.csrf }))
    assert.equal(200, bare:get(P .. "/session").status)
    assert.equal(200, bare:head(P .. "/session").status)
    assert.equal(c.csrf, bare:get(P .. "/session"):json().csrf)
    assert.equal(204, c:delete(P .. "/session").status)
    says(401, "session_ended", bare:get(P .. "/session"))
  end)

  it("ends for every worker when it is signed out of", function()
    local c = people.sign_in(s, "ada@example.com")
    local r = c:delete(P .. "/session")
    assert.equal("kordless_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
      r.headers["set-cookie"])
    for _ = 1, 10 do says(401, "session_ended", s:client(c.headers):get(P .. "/session")) end
  end)

  it("is over after twelve hours without a request", function()
    local c, idle = people.sign_in(s, "ada@example.com"), people.sign_in(s, "ada@example.com")
    for _ = 1, 3 do
      s:advance(12 * 3600 - 1)
      assert.equal(200, c:get(P .. "/session").status)
    end
    says(401, "session_ended", idle:get(P .. "/session"))
    s:advance(12 * 3600)
    says(401, "session_ended", c:get(P .. "/session"))
  end)

  it("is over after seven days whatever is done", function()
    local c = people.sign_in(s, "ada@example.com")
    for _ = 1, 14 do
      s:advance(12 * 3600 - 60)
      assert.equal(200, c:get(P .. "/session").status)
    end
    s:advance(14 * 60 - 1)
    assert.equal(200, c:get(P .. "/session").status)
    s:advance(1)
    says(401, "session_ended", c:get(P .. "/session"))
  end)

  it("is one of twenty at most", function()
    local first = people.sign_in(s, "ada@example.com")
    local second
    for i = 1, 20 do
      s:advance(1)
      local c = people.sign_in(s, "ada@example.com")
      if i == 1 then second = c end
    end
    says(401, "session_ended", first:get(P .. "/session"))
    assert.equal(200, second:get(P .. "/session").status)
    assert.equal("20\n", sql.read(s, "SELECT COUNT(*) FROM session"))
  end)

  it("survives a new password, and no other does", function()
    local c, other = people.sign_in(s, "ada@example.com"), people.sign_in(s, "ada@example.com")
    local path = P .. "/session/password"
    says(401, "wrong_credentials", c:post(path, { password = "not mine", new_password = "0123456789" }))
    assert.equal(400, c:post(path, { password = people.password, new_password = "short" }).status)
    assert.equal(204, c:post(path, { password = people.password, new_password = "another one" }).status)
    assert.equal(200, c:get(P .. "/session").status)
    says(401, "session_ended", other:get(P .. "/session"))
    says(401, "wrong_credentials", sign_in("ada@example.com", people.password))
    assert.equal(200, sign_in("ada@example.com", "another one").status)
    assert.equal(204, c:post(path, { password = "another one", new_password = people.password }).status)
  end)

  it("asks 300 times a minute, and others are not charged for it", function()
    local c = people.sign_in(s, "ada@example.com")
    local other = people.sign_in(s, "ada@example.com")
    c = c:with({ ["x-organization-id"] = org.id })
    for _ = 1, 299 do assert.equal(200, c:get(P .. "/session").status) end
    local limits = c:get(book.prefix .. "/rate-limit"):json().limits
    assert.same({ 1, "session-minute", 300, 299, 1 },
      { #limits, limits[1].name, limits[1].limit, limits[1].used, limits[1].remaining })
    assert.equal(200, c:get(book.prefix .. "/bookings").status)
    local r = says(429, "rate_limited", c:get(book.prefix .. "/bookings"))
    assert.equal("60", r.headers["retry-after"])
    assert.equal(200, other:get(P .. "/session").status)
    assert.equal("99", org.client:get(book.public .. "/org/acme").headers["x-ratelimit-remaining"])
    s:advance(60)
    assert.equal(200, c:get(book.prefix .. "/bookings").status)
  end)

  it("works on the organization's routes with idempotency, for one's own organization", function()
    local demo = s:demo()
    local c = people.member(s, operator, demo.id, "desk@example.com", "admin")
    local single = book.services(demo.client, demo)
    local slot = book.slots(demo.client, demo, single.slug, book.day(16), book.day(23))[1]
    local body = book.body(demo, single.slug, slot)
    body.org_slug = nil
    local headers = { ["x-organization-id"] = demo.id, ["Idempotency-Key"] = "from-the-desk" }
    local made = c:post(book.prefix .. "/bookings", body, headers)
    assert.equal(201, made.status, tostring(made))
    local again = c:post(book.prefix .. "/bookings", body, headers)
    assert.same({ 201, "true", made.body }, { again.status, again.headers["idempotent-replayed"],
      again.body })
    assert.equal(400, c:get(book.prefix .. "/bookings").status) -- no x-organization-id
    says(403, "wrong_organization", c:get(book.prefix .. "/bookings", nil,
      { ["x-organization-id"] = org.id }))
    says(403, "csrf_required", s:client({ Cookie = c.cookie }):post(book.prefix .. "/bookings", body,
      headers))
    says(401, "missing_api_key", s:client():get(book.prefix .. "/bookings"))
    says(401, "malformed_api_key", c:get(book.prefix .. "/bookings", nil, -- a key decides
      { ["x-organization-id"] = demo.id, ["x-kordless-key"] = "bad" }))
  end)

  it("of a suspended organization may look after members and nothing else", function()
    local two = s:organization("paused")
    local c = people.member(s, operator, two.id, "paused@example.com", "owner")
    local at, mine = P .. "/organizations/" .. two.id, { ["x-organization-id"] = two.id }
    assert.equal(200, operator:patch(at, { suspended = true }).status)
    says(403, "organization_suspended", c:get(book.prefix .. "/bookings", nil, mine))
    assert.equal(200, c:get(at .. "/members").status)
    assert.equal(200, c:patch(P .. "/members/" .. c.member.id, { name = "Patience" }).status)
    assert.equal(204, c:post(P .. "/session/password",
      { password = people.password, new_password = people.password .. "!" }).status)
    says(403, "operator_only", c:patch(at, { suspended = false }))
    assert.equal(200, operator:patch(at, { suspended = false }).status)
    assert.equal(200, c:patch(at, { suspended = true }).status) -- one's own stop
    assert.equal(200, c:patch(at, { suspended = false }).status)
    says(403, "operator_only", c:patch(at, { plan = "free lunch" }))
    assert.equal(200, c:get(book.prefix .. "/bookings", nil, mine).status)
  end)

  it("does not begin for who was wrong five times in a minute, right or not", function()
    for _ = 1, 5 do says(401, "wrong_credentials", sign_in("ada@example.com", "wrong password")) end
    local r = says(429, "too_many_sign_ins", sign_in("ada@example.com", people.password))
    assert.equal("60", r.headers["retry-after"])
    says(429, "too_many_sign_ins", sign_in("nobody@example.com", "wrong password")) -- the address
    local rows = operator:get(P .. "/organizations/" .. org.id .. "/audit?action=session.refused")
    assert.same({ 1, "stranger" }, { #rows:json().audit, rows:json().audit[1].actor })
    s:advance(60)
    assert.equal(200, sign_in("ada@example.com", people.password).status)
  end)

  it("that did not begin is counted, and told of in one line an address and minute", function()
    local function counts()
      local all = prom.read(operator:get("/metrics").body)
      return prom.value(all, "kordless_auth_failures_total", { code = "sign_in_failed" }),
        prom.value(all, "kordless_rate_limit_refusals_total", { window = "sign-ins" })
    end
    local from = s:client({ ["X-Forwarded-For"] = "192.0.2.9" }) -- nothing else was refused to it
    local failed, refused = counts()
    local wrong = { email = "nobody@example.com", password = "wrong password" }
    for _ = 1, 7 do from:post(P .. "/session", wrong) end
    assert.same({ failed + 5, refused + 2 }, { counts() })
    s:advance(60)
    local line = "address=192.0.2.9 count=7 codes=sign_in_failed:5,rate_limited:2"
    local deadline = socket.gettime() + http.patience
    while not s:log():find(line, 1, true) do
      assert.is_true(socket.gettime() < deadline, "no line in the log with " .. line)
      socket.sleep(0.05)
    end
  end)

  it("answers unknown accounts as it answers known ones", function()
    local known, unknown = sign_in("ada@example.com", "wrong password"),
      sign_in("nobody@example.com", "wrong password")
    assert.equal(known.body, unknown.body)
    assert.equal('Bearer realm="kordless"', known.headers["www-authenticate"])
  end)

  it("is not won by asking many at once", function()
    local list, statuses = {}, {}
    for i = 1, 20 do
      list[i] = http.bytes({ method = "POST", path = P .. "/session",
        body = { email = "ada@example.com", password = "guess number " .. i } })
    end
    for _, r in ipairs(client.many(s, list)) do
      statuses[r.status] = (statuses[r.status] or 0) + 1
    end
    assert.same({ [401] = 5, [429] = 15 }, statuses)
  end)
end)
