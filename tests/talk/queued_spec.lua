-- A write that waits its turn while whoever asked for it is signed out, demoted, removed or
-- loses the token: it is not made. One worker, and a commit for each write, so that what is
-- sent first is done first.

local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")

local P = people.prefix
local AHEAD, ATTEMPTS = 40, 20

describe("a write that waits", function()
  local s, operator, acme, key
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/queue" }, workers = 1,
      args = { "--group", "1" } })
    local file = assert(io.open(s.data .. "/operator-token"))
    operator = s:client({ Authorization = "Bearer " .. file:read("l") })
    file:close()
    acme = s:organization("acme")
    key = operator:post(P .. "/organizations/" .. acme.id .. "/api-keys",
      { label = "as it was" }):json().api_key
  end)
  teardown(function() s:stop() end)

  local function member(n, role)
    return people.member(s, operator, acme.id, ("m%d@example.com"):format(n), role)
  end

  local function send(c, request)
    local conn = http.connect(s)
    conn:send(c:bytes(request))
    return conn
  end

  local function receive(conn)
    local r = assert(conn:receive())
    conn:close()
    return r
  end

  -- Everything sent so far has been looked at.
  local function looked_at() assert.equal(200, s:client():get("/healthz").status) end

  local number = 0
  -- Behind slow writes `ending` and `writes` of `c`, both let in while the last slow one had
  -- not been answered yet, so before any of them was done. What takes effect when it is
  -- done stands before the writes; what does when it is asked for (`at_once`), behind them.
  -- False: the server was quicker than we were.
  local function attempt(c, ending, writes)
    local slow, mine, ended = {}, {}, nil
    for i = 1, AHEAD do
      number = number + 1
      slow[i] = send(operator, { method = "POST", path = "/queue/slow/" .. number })
    end
    local function finish()
      ended = send(ending.by, ending)
      looked_at()
    end
    if not ending.at_once then finish() end
    for i, write in ipairs(writes) do mine[i] = send(c, write) end
    looked_at()
    if ending.at_once then finish() end
    local in_time = not slow[AHEAD]:fill(0)
    for i = 1, AHEAD do assert.equal(200, receive(slow[i]).status) end
    local r = receive(ended)
    assert.is_true(r.status == 200 or r.status == 204, tostring(r))
    for i = 1, #mine do mine[i] = receive(mine[i]) end
    return in_time and mine
  end

  local tried = 0
  local function until_caught(role, ending, writes)
    for _ = 1, ATTEMPTS do
      tried = tried + 1
      local c, how = role(tried)
      local answers = attempt(c, ending(c, how), writes)
      if answers then return answers end
    end
    error("no write was ever waiting when its time came")
  end

  local function writes()
    return {
      { method = "POST", path = P .. "/organizations/" .. acme.id .. "/api-keys",
        body = { label = "too late" } },
      { method = "PATCH", path = P .. "/api-keys/" .. key.id, body = { label = "too late" } },
      { method = "POST", path = P .. "/api-keys/" .. key.id .. "/rotate",
        body = { grace_seconds = 60 } },
      { method = "PATCH", path = P .. "/organizations/" .. acme.id, body = { name = "Too late" } },
      { method = "PATCH", path = "/api/calendar/v1/organization", body = { tagline = "too late" },
        headers = { ["x-organization-id"] = acme.id } },
    }
  end

  local function nothing_was_done()
    local now = operator:get(P .. "/api-keys/" .. key.id):json().api_key
    assert.same({ "as it was", http.null }, { now.label, now.rotated_to })
    for _, path in ipairs({ "/organizations", "/organizations/" .. acme.id .. "/api-keys",
      "/organizations/" .. acme.id, "/secrets" }) do
      assert.is_nil(operator:get(P .. path).body:lower():find("too late", 1, true), path)
    end
    local own = acme.client:get("/api/calendar/v1/organization",
      nil, { ["x-organization-id"] = acme.id })
    assert.same(http.null, own:json().organization.tagline)
  end

  local function all_refused(answers)
    for i, r in ipairs(answers) do
      assert.same({ 401, "session_ended" }, { r.status, r:json().code }, "write " .. i)
    end
    nothing_was_done()
  end

  it("is not made by who signed out meanwhile", function()
    all_refused(until_caught(function(n) return member(n, "owner") end, function(c)
      return { by = c, method = "DELETE", path = P .. "/session" }
    end, writes()))
  end)

  it("is not made by who may do less meanwhile", function()
    all_refused(until_caught(function(n) return member(n, "owner") end, function(c)
      return { by = operator, method = "PATCH", path = P .. "/members/" .. c.member.id,
        body = { role = "viewer" } }
    end, writes()))
  end)

  it("is not made by who was removed meanwhile", function()
    all_refused(until_caught(function(n) return member(n, "owner") end, function(c)
      return { by = operator, method = "DELETE", path = P .. "/members/" .. c.member.id }
    end, writes()))
  end)

  it("is not made with a token that was revoked meanwhile", function()
    local list = writes()
    list[5] = { method = "POST", path = P .. "/organizations",
      body = { slug = "late", name = "Too late" } }
    list[6] = { method = "PUT", path = P .. "/secrets/queue.late", body = { value = "x" } }
    all_refused(until_caught(function(n)
      local made = operator:post(P .. "/tokens", { label = "token " .. n })
      assert.equal(201, made.status, made.body)
      local token = made:json().token
      return s:client({ Authorization = "Bearer " .. token.token }), token.id
    end, function(_, id)
      return { by = operator, at_once = true, method = "POST",
        path = P .. "/tokens/" .. id .. "/revoke" }
    end, list))
  end)

  it("is not made with a key that was revoked meanwhile", function()
    local path = "/api/calendar/v1/organization"
    local answers = until_caught(function(n)
      local made = operator:post(P .. "/organizations/" .. acme.id .. "/api-keys",
        { label = "key " .. n }):json().api_key
      return s:client({ ["x-kordless-key"] = made.key, ["x-organization-id"] = acme.id }), made.id
    end, function(_, id)
      return { by = operator, at_once = true, method = "POST",
        path = P .. "/api-keys/" .. id .. "/revoke" }
    end, { { method = "PATCH", path = path, body = { tagline = "too late" } } })
    assert.same({ 401, "revoked_api_key" }, { answers[1].status, answers[1]:json().code })
    nothing_was_done()
  end)

  -- A key is refused from the moment its revocation is asked for; a restart must not bring
  -- it back because whoever asked has gone.
  it("is made if it is a revocation, which holds already", function()
    local doomed = s:organization("doomed")
    people.member(s, operator, doomed.id, "stays@example.com", "owner")
    local answers = until_caught(function(n)
      return people.member(s, operator, doomed.id, ("d%d@example.com"):format(n), "owner")
    end, function(c)
      return { by = operator, method = "DELETE", path = P .. "/members/" .. c.member.id }
    end, {
      { method = "POST", path = P .. "/api-keys/" .. doomed.key_id .. "/revoke" },
      { method = "PATCH", path = P .. "/organizations/" .. doomed.id, body = { suspended = true } },
    })
    assert.same({ 200, 200 }, { answers[1].status, answers[2].status })
    s:restart("KILL")
    local now = operator:get(P .. "/api-keys/" .. doomed.key_id):json().api_key
    assert.equal("revoked", now.status)
    assert.is_true(operator:get(P .. "/organizations/" .. doomed.id):json().organization.suspended)
  end)
end)
