-- People: members with their roles, their sessions, the tokens of operators, and the audit.
-- Who may see whose matters stands in platform/access.lua.
local P = "/api/platform/v1"

local function one(name, more)
  more = more or {}
  more[1], more.required = name, true
  return more
end
local function unset(name) return one(name, { nullable = true }) end
local function page(plural, properties)
  return { [200] = { properties = {
    one(plural, { items = { properties = properties } }), unset("next_cursor"),
  } } }
end
local function paged(...)
  return { { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 },
    { "cursor", description = "next_cursor of the page before" }, ... }
end
local function route(method, path, handler, summary, more)
  more.method, more.path, more.handler, more.summary = method, P .. path, handler, summary
  more.auth = more.auth or "platform"
  return more
end

local member = {
  one("id"), unset("organization_id"), one("email"), unset("name"), one("role"),
  one("status", { enum = { "invited", "active" } }), one("created_at"), unset("created_by"),
  unset("setup_expires_at"),
}
local shown = { [200] = { properties = { one("member", { properties = member }) } } }
local invited = { [201] = { properties = {
  one("member", { properties = member }),
  one("setup_url", { description = "Works once, for 72 hours; in this answer only." }),
} } }
local organization = one("organization", { nullable = true, properties = {
  one("id"), one("slug"), one("name"),
} })
local entered = { [200] = { properties = {
  one("member", { properties = member }), organization, one("csrf"), one("expires_at"),
} } }
local session = { [200] = { properties = {
  one("member", { nullable = true, properties = member }), organization, one("role"),
  unset("csrf"),
} } }
local token = {
  one("id"), unset("label"), one("status"), one("created_at"), unset("created_by"),
  unset("expires_at"), unset("revoked_at"), unset("revoked_by"),
  { "token", description = "The whole of it, in this one answer." },
}
local audit = {
  one("id", { type = "integer" }), one("at"), one("actor"), one("action"),
  unset("organization_id"), unset("object"), { "detail", type = "any", nullable = true },
}
local audit_query = paged(
  { "action", description = "Only this one: api_key.revoke" },
  { "object", description = "Only what was done to it: an id" })

local email = one("email", { min_length = 3, max_length = 254 })
local name = { "name", max_length = 200 }
local roles = { "viewer", "admin", "owner" }
local password = one("password", { max_length = 1000 })
local function new_password(key)
  return one(key, { min_length = 10, max_length = 128 })
end

return {
  name = "people",
  version = "1.0.0",
  api = 1,
  needs = { "keys", "time" },
  uses = { "platform" },
  errors = {
    not_found = { status = 404, detail = "There is no such object, or it belongs to another "
      .. "organization. Check its id." },
    email_taken = { status = 409, detail = "This email has an account on this server "
      .. "already, and an account belongs to one organization. Use another email." },
    last_owner = { status = 409,
      detail = "An organization keeps an active owner. Make somebody else an owner first." },
    operator_stays = { status = 422,
      detail = "An operator belongs to no organization and has no other role." },
    wrong_credentials = { status = 401,
      detail = "Email and password do not belong together. Check both, or ask who manages "
        .. "the members of your organization for a set-up link." },
    setup_link_invalid = { status = 401,
      detail = "This set-up link was used, has expired, or was replaced by a newer one. Ask "
        .. "for another." },
    too_many_sign_ins = { status = 429,
      detail = "Too many sign-ins failed. Wait a minute and try again." },
    password_refused = { status = 422, detail = "This password is not taken." },
    no_session = { status = 422, detail = "Only who is signed in with a session can do this." },
    busy = { status = 503, detail = "Too many people sign in at once. Try again in a second." },
  },
  routes = {
    route("POST", "/session", "sign_in", "Sign in; the session is a cookie", {
      auth = "none", body = { properties = { email, password } }, replies = entered }),
    route("GET", "/session", "show_session", "Who asks, and the value for X-Kordless-CSRF", {
      role = "viewer", replies = session }),
    route("DELETE", "/session", "sign_out", "Sign out", { role = "viewer" }),
    route("POST", "/session/setup", "set_up",
      "Choose a password with a set-up link, and sign in", { auth = "none",
        body = { properties = { one("token"), new_password("password"), name } },
        replies = entered }),
    route("POST", "/session/password", "change_password",
      "Change one's password; ends one's other sessions", { role = "viewer",
        body = { properties = { password, new_password("new_password") } } }),

    route("GET", "/organizations/{id}/members", "list_members", "Its members", {
      role = "admin", query = paged(), replies = page("members", member) }),
    route("POST", "/organizations/{id}/members", "add_member",
      "Invite somebody by a one-time set-up link", { role = "owner",
        body = { properties = { email, one("role", { enum = roles }), name } },
        replies = invited }),
    route("GET", "/members", "list_operators", "Members who are operators", {
      query = paged(), replies = page("members", member) }),
    route("POST", "/members", "add_operator", "Invite an operator", {
      body = { properties = { email, name } }, replies = invited }),
    route("PATCH", "/members/{id}", "change_member", "Change role or name of a member", {
      role = "owner", body = { properties = {
        { "role", enum = roles }, { "name", max_length = 200, nullable = true },
      } },
      replies = shown }),
    route("DELETE", "/members/{id}", "remove_member",
      "Remove a member; ends all its sessions", { role = "owner" }),
    route("POST", "/members/{id}/setup-link", "invite_again",
      "A new set-up link, also for who forgot the password", {
        role = "owner", body = false, replies = invited }),
    route("DELETE", "/members/{id}/sessions", "end_sessions",
      "End all sessions of a member", { role = "owner" }),

    route("GET", "/organizations/{id}/audit", "list_audit",
      "What was done and by whom, newest first", {
        role = "admin", query = audit_query, replies = page("audit", audit) }),
    route("GET", "/audit", "list_all_audit", "The same for all organizations and operators", {
      query = audit_query, replies = page("audit", audit) }),

    route("GET", "/tokens", "list_tokens", "Tokens of operators", {
      query = paged(), replies = page("tokens", token) }),
    route("POST", "/tokens", "create_token", "Make a token for programs of an operator", {
      body = { nullable = true, properties = {
        { "label", max_length = 80 }, { "expires_at", format = "date-time" },
      } }, replies = { [201] = { properties = { one("token", { properties = token }) } } } }),
    route("POST", "/tokens/{id}/revoke", "revoke_token",
      "Revoke a token: at once, and for good", { body = false,
        replies = { [200] = { properties = { one("token", { properties = token }) } } } }),
  },
}
