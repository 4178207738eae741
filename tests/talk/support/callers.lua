-- Everybody who may knock at a server's routes, good and bad, as headers: whose things are
-- asked for is `a`'s (world.lua), and what they may is said in matrix_spec.lua.

local book = require("tests.talk.support.book")
local people = require("tests.talk.support.people")

local P = people.prefix
local callers = {}

local unknown = "kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"

-- Before the time that counts: what will have ended by then.
function callers.early(s, operator)
  local org = s:organization("early")
  local made = people.member(s, operator, org.id, "idle@example.com", "owner")
  local token = operator:post(P .. "/tokens", { expires_at = book.day(-1, "2031-06-02T14:00:00Z") })
  return { idle_session = { Cookie = made.cookie }, old_token = token:json().token.token }
end

local function keys(s, a, b, c)
  local function made(...) return s:key(a.slug, "x", ...).key end
  local list = { malformed_key = "kord_live_nonsense", unknown_key = unknown,
    revoked_key = a.revoked.key, expired_key = a.expired.key, good_key = a.key,
    early_key = made("--not-before", "2032-01-01T00:00:00Z"), suspended_key = c.key,
    narrow_key = made("--scopes", "webhooks:write") }
  for name, key in pairs(list) do list[name] = { ["x-kordless-key"] = key } end
  list.two_keys = { ["x-kordless-key"] = a.key, ["X-Kordless-Key"] = b.key }
  list.key_without_organization = { ["x-kordless-key"] = a.key, ["x-organization-id"] = false }
  list.key_for_nobody = { ["x-kordless-key"] = a.key, ["x-organization-id"] = "org_" .. ("0"):rep(26) }
  list.other_key = { ["x-kordless-key"] = b.key, ["x-organization-id"] = b.id }
  list.other_key_bare = { ["x-kordless-key"] = b.key, ["x-organization-id"] = false }
  list.other_key_as_ours = { ["x-kordless-key"] = b.key }
  return list
end

local function sessions(s, operator, a, b, c)
  local list = { unknown_session = { Cookie = "kordless_session=" .. ("x"):rep(43) } }
  local function add(name, c_) list[name] = c_.headers end
  for _, role in ipairs({ "viewer", "admin", "owner" }) do
    add(role, people.member(s, operator, a.id, role .. "@example.com", role))
  end
  add("operator", people.member(s, operator, nil, "operator@example.com"))
  add("other_owner", people.member(s, operator, b.id, "other@example.com", "owner"))
  add("suspended_owner", people.member(s, operator, c.id, "paused@example.com", "owner"))
  local gone = people.member(s, operator, a.id, "gone@example.com", "admin")
  operator:delete(P .. "/members/" .. gone.member.id)
  add("removed_admin", gone)
  local out = people.sign_in(s, "owner@example.com")
  out:delete(P .. "/session")
  add("signed_out_owner", out)
  list.owner_without_csrf = { Cookie = list.owner.Cookie }
  list.owner_with_other_csrf = { Cookie = list.owner.Cookie,
    ["X-Kordless-CSRF"] = list.other_owner["X-Kordless-CSRF"] }
  list.operator_for_nobody = { Cookie = list.operator.Cookie,
    ["X-Kordless-CSRF"] = list.operator["X-Kordless-CSRF"],
    ["x-organization-id"] = "org_" .. ("0"):rep(26) }
  list.owner_with_bad_key = { Cookie = list.owner.Cookie, ["x-kordless-key"] = unknown,
    ["X-Kordless-CSRF"] = list.owner["X-Kordless-CSRF"] }
  return list
end

local function tokens(operator, a, owner)
  local function made()
    return operator:post(P .. "/tokens", { label = "x" }):json().token
  end
  local good, revoked, spare = made(), made(), made()
  operator:post(P .. "/tokens/" .. revoked.id .. "/revoke")
  local list = { good_token = good.token, revoked_token = revoked.token, old_token = a.old_token,
    unknown_token = good.token:sub(1, -7) .. "000000", key_as_token = a.key }
  for name, token in pairs(list) do list[name] = { Authorization = "Bearer " .. token } end
  list.token_of_another_scheme = { Authorization = "Basic " .. good.token }
  list.owner_with_bad_token = { Authorization = "Bearer x", Cookie = owner.Cookie,
    ["X-Kordless-CSRF"] = owner["X-Kordless-CSRF"] }
  return list, spare.id
end

-- By name: the headers of each, x-organization-id of `a` unless it says another.
function callers.of(s, operator, early, a, b, c)
  a.old_token = early.old_token
  local all = { nobody = {}, key_in_query = {}, idle_session = early.idle_session }
  local people_, found = sessions(s, operator, a, b, c), nil
  local by_token, token_id = tokens(operator, a, people_.owner)
  for _, list in ipairs({ keys(s, a, b, c), people_, by_token }) do
    for name, headers in pairs(list) do all[name], found = headers, all[name] or found end
  end
  assert(not found, "two callers of one name")
  for _, headers in pairs(all) do
    if headers["x-organization-id"] == nil then headers["x-organization-id"] = a.id end
  end
  return all, token_id
end

return callers
