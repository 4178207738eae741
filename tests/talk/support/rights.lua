-- What everybody of callers.lua is told at each kind of route: the one table of who may what.

local rights = {}

local rank = { viewer = 1, admin = 2, owner = 3, operator = 4 }
rights.status = { ambiguous_api_key = 400, missing_organization = 400, not_found = 404,
  organization_suspended = 403, wrong_organization = 403, insufficient_scope = 403,
  insufficient_role = 403, csrf_required = 403, csrf_mismatch = 403 } -- the others: 401

-- What is said where it depends on the route; each takes a route and gives a code or false.
local function slug(r) -- another organization's, by its public name
  local named = r.path:find("{org_slug}", 1, true) or r.query.org_slug ~= nil
    or ((r.body or {}).properties or {}).org_slug ~= nil
  return named and "wrong_organization" or false
end
local function scope(r) return r.scope and "insufficient_scope" or false end
local function theirs(r) return r.path:find("{", 1, true) and "not_found" or false end
local function role(name)
  return function(r) return rank[name] < rank[r.role] and "insufficient_role" or false end
end
local function other(r) -- an owner, but of another organization
  return role("owner")(r) or r.path:find("{id}", 1, true) and "not_found" or false
end
local function changing(code, reading)
  return function(r) return r.method ~= "GET" and code or reading and reading(r) or false end
end

local none, ended, token = "missing_api_key", "session_ended", "unknown_token"
local who, wrong, paused = "sign_in_required", "wrong_organization", "organization_suspended"
local no, other_csrf, yes = "csrf_required", "csrf_mismatch", false
-- caller: routes of a key, of an organization, by contact, of the platform. `yes`: let in.
rights.rules = {
  nobody = { none, none, yes, who },
  -- keys; by contact one that does not hold is none
  malformed_key = { "malformed_api_key", "malformed_api_key", yes, who },
  unknown_key = { "unknown_api_key", "unknown_api_key", yes, who },
  revoked_key = { "revoked_api_key", "revoked_api_key", yes, who },
  expired_key = { "expired_api_key", "expired_api_key", yes, who },
  early_key = { "not_yet_valid", "not_yet_valid", yes, who },
  suspended_key = { paused, paused, yes, who },
  narrow_key = { scope, scope, yes, who },
  good_key = { yes, yes, yes, who },
  key_in_query = { "api_key_in_query", "api_key_in_query", "api_key_in_query", who },
  two_keys = { "ambiguous_api_key", "ambiguous_api_key", "ambiguous_api_key", who },
  key_without_organization = { yes, "missing_organization", yes, who },
  key_for_nobody = { wrong, wrong, wrong, who },
  other_key = { slug, theirs, wrong, who },
  other_key_bare = { slug, "missing_organization", wrong, who },
  other_key_as_ours = { wrong, wrong, wrong, who },
  -- sessions
  viewer = { none, changing("insufficient_role"), yes, role("viewer") },
  admin = { none, yes, yes, role("admin") },
  owner = { none, yes, yes, role("owner") },
  operator = { none, yes, yes, yes },
  operator_for_nobody = { none, wrong, yes, yes },
  other_owner = { none, wrong, yes, other },
  suspended_owner = { none, paused, yes, other },
  removed_admin = { none, ended, yes, ended },
  signed_out_owner = { none, ended, yes, ended },
  idle_session = { none, ended, yes, ended },
  unknown_session = { none, ended, yes, ended },
  owner_without_csrf = { none, changing(no), yes, changing(no, role("owner")) },
  owner_with_other_csrf = { none, changing(other_csrf), yes, changing(other_csrf, role("owner")) },
  owner_with_bad_key = { "unknown_api_key", "unknown_api_key", yes, role("owner") },
  -- operators' tokens
  good_token = { none, none, yes, yes },
  revoked_token = { none, none, yes, token },
  old_token = { none, none, yes, token },
  unknown_token = { none, none, yes, token },
  key_as_token = { none, none, yes, token },
  token_of_another_scheme = { none, none, yes, token },
  owner_with_bad_token = { none, yes, yes, token },
}
local column = { key = 1, organization = 2, contact = 3, platform = 4 }

-- The code of the refusal, and its status; or false.
function rights.told(name, route)
  if route.kind == "open" then return false end
  local cell = assert(rights.rules[name], "no rule for " .. name)[column[route.kind]]
  if type(cell) == "function" then cell = cell(route) end
  return cell, rights.status[cell] or 401
end

return rights
