-- The life of a server in which every kind of secret is made, used, mistyped, sent where it
-- does not belong, and ended; each is added to the list (traces.lua).

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local people = require("tests.talk.support.people")
local shell = require("tests.talk.support.shell")

local P = people.prefix
local life = {}

local function binary() return os.getenv("KORDLESS_TEST_BIN") or "build/kordless-test" end

local function good(r)
  assert(r.status < 300, tostring(r))
  return r.body ~= "" and r:json() or nil
end

-- Keys made, rotated and revoked, by routes and on the command line.
function life.keys(s, org, list)
  local admin = client.admin(s)
  local function add(name, key, most) return list:add("key " .. name, key.key, most) and key end
  local function route(path, body) return good(admin:post(P .. path, body)).api_key end
  local own = "/organizations/" .. org.id .. "/api-keys"
  list:add("key of the organization", org.key)
  local made = add("by route", route(own, { label = "by route", note = "a note" }), 1)
  local test = add("for development", s:key(org.slug, "laptop", "--environment", "development"))
  local next_ = add("rotated by route",
    route("/api-keys/" .. made.id .. "/rotate", { grace_seconds = 3600 }), 1)
  add("rotated at the prompt", s:tell("key", "rotate", test.id, "--grace", "3600", "--yes"))
  local gone = add("revoked by route", route(own, { label = "gone" }), 1)
  route("/api-keys/" .. gone.id .. "/revoke", { reason = "lost" })
  local lost = add("revoked at the prompt", s:key(org.slug, "lost"))
  s:tell("key", "revoke", lost.id, "--reason", "lost", "--yes")
  local limits = { per_minute = 5, reason = "a trial" }
  good(admin:patch(P .. "/api-keys/" .. next_.id, { label = "changed", limits = limits }))
  return { made, test, next_, gone, lost }
end

-- Every key where it belongs, and where it does not: in the address, mistyped, as a token.
function life.knocking(s, org, keys, list)
  local path = book.public .. "/org/" .. org.slug
  local unknown = list:add("a key of nobody", "kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE")
  keys[#keys + 1] = { key = org.key }
  keys[#keys + 1] = { key = unknown }
  for _, one in ipairs(keys) do
    local key = one.key
    local last = key:sub(-1) == "x" and "y" or "x"
    for _, sent in ipairs({ key, key:sub(1, -2) .. last, key:sub(1, 40), key .. "0", " " .. key }) do
      s:client({ ["x-kordless-key"] = sent }):get(path)
    end
    local c = s:client({ ["x-kordless-key"] = org.key })
    for _, tail in ipairs({ "?api_key=", "?x-kordless-key=", "?note=", "?a=b&c=", "/service/", "/" }) do
      c:get(path .. tail .. key)
      s:client():get(path .. tail .. key:sub(1, -2) .. last)
    end
    s:client({ Authorization = "Bearer " .. key, Cookie = "kordless_session=" .. key }):get(path)
    s:client({ Authorization = "Bearer " .. key }):get(P .. "/status")
    s:client({ Cookie = "kordless_session=" .. key, ["X-Kordless-CSRF"] = key }):delete(P .. "/session")
    c:get(book.prefix .. "/bookings", nil, { ["x-organization-id"] = key })
    c:get(path, nil, { ["x-organization-id"] = "org_x", ["X-Request-Id"] = key })
    s:client({ ["x-kordless-key"] = key, ["X-Kordless-Key"] = org.key }):get(path)
    s:advance(30)
  end
  for _ = 1, 7 do s:client({ ["x-kordless-key"] = keys[3].key }):get(path) end -- 429
end

-- Bookings and their calendar files.
function life.bookings(s, org, list)
  local c = org.client
  local slots = book.slots(c, org, "consultation", book.day(3), book.day(6))
  for i = 1, 3 do
    local once = { ["Idempotency-Key"] = i == 3 and org.key or "order-" .. i }
    local made = good(book.create(c, org, "consultation", slots[3 * i], nil, once))
    local again = book.create(c, org, "consultation", slots[3 * i], nil, once)
    assert(again.headers["idempotent-replayed"] == "true", tostring(again))
    local url = made.calendar_invite.ics_url
    list:add("calendar file " .. i, url:match("([^/]+)%.ics$"), 2) -- and replayed
    good(s:client():get(book.confirmation(made.booking.confirmation_number)))
    s:client():get(book.confirmation(made.booking.confirmation_number, nil, "nobody@example.com"))
    assert(s:client():get(url:match("^http://[^/]+(/.*)$")).status == 200)
    local cancel = book.confirmation(made.booking.confirmation_number, "/cancel")
    if i == 2 then good(s:client():post(cancel)) end
  end
  local none = list:add("a calendar file of nobody", ("q"):rep(32))
  s:client():get(book.public .. "/bookings/" .. none .. ".ics")
  slots = book.slots(c, org, "group-class", book.day(3), book.day(9))
  assert(book.create(c, org, "group-class", slots[1], { party_size = 3 }).status == 422)
end

-- People: links, passwords right and wrong, sessions.
function life.people(s, org, list)
  local admin = client.admin(s)
  local function password(name) return list:add("password " .. name, "pw " .. name .. " Zk3x9QvT") end
  local function enter(r, name)
    assert(r.status == 200, tostring(r))
    local cookie = people.cookie(r)
    list:add("session " .. name, cookie:match("=(.+)$"), 1)
    list:add("csrf " .. name, r:json().csrf, 100)
    return s:client({ Cookie = cookie, ["X-Kordless-CSRF"] = r:json().csrf })
  end
  local first = people.invite(admin, org.id, "ada@example.com", "owner")
  list:add("link that was used", first.link, 1)
  local second = people.invite(admin, org.id, "eve@example.com", "viewer")
  list:add("link that was replaced", second.link, 1)
  local again = admin:post(P .. "/members/" .. second.member.id .. "/setup-link")
  list:add("link that waits", again:json().setup_url:match("kord_link_%w+$"), 1)
  people.set_up(s, list:add("link of nobody", "kord_link_" .. ("y"):rep(38)), password("for nothing"))
  people.set_up(s, first.link, "short")
  local c = enter(people.set_up(s, first.link, password("at first")), "at first")
  people.set_up(s, first.link, password("for a used link"))
  local function sign_in(email, text)
    return s:client():post(P .. "/session", { email = email, password = text })
  end
  for i = 1, 6 do sign_in("ada@example.com", password("guess " .. i)) end
  s:advance(60)
  sign_in(password("typed as the email"), "x")
  sign_in("nobody@example.com", password("of nobody"))
  local other = enter(sign_in("ada@example.com", list.values["password at first"]), "second")
  local body = { password = list.values["password at first"], new_password = password("new") }
  good(c:post(P .. "/session/password", body))
  c:post(P .. "/session/password", { password = password("not mine"), new_password = "0123456789" })
  c:delete(P .. "/session", nil, { ["X-Kordless-CSRF"] = other.headers["X-Kordless-CSRF"] })
  other:get(P .. "/session")
  local out = enter(sign_in("ada@example.com", list.values["password new"]), "third")
  good(out:delete(P .. "/session"))
  return c
end

-- Operators' tokens, and what plugins keep.
function life.operators(s, list)
  local first = shell.read(s.data .. "/operator-token"):match("%S+")
  local c = s:client({ Authorization = "Bearer " .. list:add("the first token", first) })
  local made = good(c:post(P .. "/tokens", { label = "by route" })).token
  list:add("token by route", made.token, 1)
  good(s:client({ Authorization = "Bearer " .. made.token }):post(P .. "/tokens/" .. made.id .. "/revoke"))
  s:client({ Authorization = "Bearer " .. made.token }):get(P .. "/status")
  s:client({ Authorization = "Basic " .. made.token }):get(P .. "/status?token=" .. made.token)
  list:add("token at the prompt", s:tell("token", "create", "--label", "cli").token)
  local function secret(name) return list:add("secret " .. name, "sk-" .. name .. "-9f8Zq2LmX4") end
  good(c:put(P .. "/secrets/vaulted.token", { value = secret("replaced") }))
  good(c:put(P .. "/secrets/vaulted.token", { value = secret("by route") }))
  c:put(P .. "/secrets/nobody", { value = secret("of no plugin") })
  c:put(P .. "/secrets/vaulted.unset", { values = secret("misspelt") })
  assert(shell.run({ binary(), "secret", "set", "vaulted.unset", "--data", s.data }, nil,
    secret("at the prompt")) == 0)
  good(c:get("/vaulted/token"))
  good(c:delete(P .. "/secrets/vaulted.unset"))
end

-- A plugin that tells all it is told, by everybody.
function life.snooping(s, org, session)
  local all = { ["x-kordless-key"] = org.key, ["x-organization-id"] = org.id, Cookie = session.headers.Cookie,
    ["X-Kordless-CSRF"] = session.headers["X-Kordless-CSRF"] }
  for _, way in ipairs({ "none", "key", "organization", "contact", "platform", "raise" }) do
    local token = way ~= "platform" and "Bearer " .. org.key or nil
    local r = s:client(all):post("/snoop/" .. way, "?", { Authorization = token })
    assert(r.status == (way == "raise" and 500 or 200), tostring(r))
  end
  all["x-kordless-key"] = nil
  assert(s:client(all):post("/snoop/organization", "?").status == 200)
end

return life
