-- Platform: organizations and their API keys, for operators (the command line, the
-- dashboard). Never reachable with an API key.
local P = "/api/platform/v1"

local function one(name, kind) return { name, type = kind, required = true } end
local function unset(name, kind)
  return { name, type = kind, required = true, nullable = true }
end
local function time(name)
  return { name, format = "date-time", required = true, nullable = true }
end
local function text(name, most, more)
  more = more or {}
  more[1], more.min_length, more.max_length = name, 1, most
  return more
end
local function number(name)
  return { name, type = "integer", minimum = 1, maximum = 1000000, nullable = true }
end

local known = { enum = {
  "bookings:read", "bookings:write", "availability:read", "availability:write", "services:read",
  "services:write", "organization:read", "organization:write", "webhooks:write",
} }
local scopes = { "scopes", nullable = true, description = "None named: all there are.",
  items = known }
-- Who takes away the last one does not want the key to have them all.
local changed_scopes = { "scopes", nullable = true, min_length = 1, items = known,
  description = "null: all there are." }

local tags = { "tags", nullable = true, max_length = 16, items = { format = "tag" },
  description = "Words for people and for quota.lua." }

-- What overrides the quota policy, with a reason, until it ends by itself.
local function limits(...)
  local properties = { ... }
  properties[#properties + 1] = text("reason", 200, { nullable = true })
  properties[#properties + 1] = { "until", format = "date-time", nullable = true }
  return { "limits", nullable = true, properties = properties }
end
local key_limits = limits(number("per_minute"), number("per_hour"))
local org_limits = limits(number("per_day"))

local function shown(of)
  return { "limits", required = true, nullable = true, properties = of.properties }
end

local organization = {
  one("id"), one("slug"), one("name"), unset("plan"), one("suspended", "boolean"),
  time("created_at"), unset("metadata", "object"), shown(org_limits),
}
local key = {
  one("id"), one("organization_id"), one("label"),
  { "environment", enum = { "production", "development" }, required = true, nullable = true },
  one("last4"), { "scopes", required = true, items = {} },
  { "tags", required = true, items = {} },
  { "status", enum = { "active", "revoked", "expired", "scheduled" }, required = true },
  time("created_at"), unset("created_by"), time("last_used_at"), unset("last_used_ip"),
  time("not_before"), time("expires_at"), time("revoked_at"), unset("revoked_by"),
  unset("revoke_reason"), unset("rotated_from"), unset("rotated_to"), unset("note"),
  shown(key_limits),
  { "key", description = "The whole key, in this one answer." },
  { "signals", description = "Where the key is shown or listed: what is worth a look. Of "
    .. "keys with unusual refusals the ten with the most; /signals of the organization has all.",
    items = { properties = {
      one("kind"), { "since", format = "date-time", required = true }, one("detail"),
      one("evidence", "object"),
    } } },
}

local org_reply = { properties = {
  { "organization", required = true, properties = organization },
} }
local key_reply = { properties = { { "api_key", required = true, properties = key } } }
local function page(plural, items)
  return { [200] = { properties = {
    { plural, required = true, items = { properties = items } }, unset("next_cursor"),
  } } }
end
local paging = {
  { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 }, { "cursor" },
}
local function paged(...) return { paging[1], paging[2], ... } end

local function route(method, path, handler, summary, more)
  more.method, more.path, more.handler, more.summary = method, P .. path, handler, summary
  more.auth = "platform"
  return more
end

-- What an organization shows of itself, and changes by its own key.
local branding = { "branding", nullable = true, description = "Merged into what there is.",
  properties = {
    text("primaryColor", 32, { nullable = true }), text("logo", 2000, { nullable = true }),
    text("companyName", 200, { nullable = true }), text("favicon", 2000, { nullable = true }),
    text("ogImage", 2000, { nullable = true }),
  } }
local own_reply = { properties = { { "organization", required = true, properties = {
  one("id"), one("name"), one("slug"), unset("tagline"),
  { "branding", required = true, properties = {
    unset("primaryColor"), unset("logo"), unset("companyName"), unset("favicon"),
    unset("ogImage"),
  } },
} } } }

local function own(method, handler, scope, summary, more)
  more.method, more.path, more.handler = method, "/api/calendar/v1/organization", handler
  more.auth, more.scope, more.summary = "organization", scope, summary
  return more
end

return {
  name = "platform",
  version = "1.0.0",
  api = 1,
  needs = { "keys", "time", "crypto" },
  errors = {
    not_found = { status = 404, detail = "There is no such object, or it belongs to another "
      .. "organization. Check its id." },
    slug_taken = {
      status = 409,
      detail = "An organization with this slug exists already. Choose another slug.",
    },
    key_rotated = {
      status = 409,
      detail = "This key was rotated: its successor goes on for it, and it ends with its grace.",
    },
    key_ended = {
      status = 409,
      detail = "This key is revoked or expired and cannot be rotated. Make a new key.",
    },
    operator_only = {
      status = 403,
      detail = "Plans, metadata, limits and a suspension by an operator are changed by operators.",
    },
  },
  routes = {
    own("GET", "show_own", "organization:read", "The organization, as its customers see it.", {
      cached = true, replies = { [200] = own_reply },
      example = { reply = { organization = {
        id = "org_01ja0000000000000000000000", name = "Acme Salon", slug = "acme-salon",
        tagline = "Since 1990.", branding = { primaryColor = "#aa3366" },
      } } } }),
    own("PATCH", "change_own", "organization:write", "Changes its name, tagline or branding.", {
      body = { properties = { text("name", 200), text("tagline", 200, { nullable = true }),
        branding } },
      replies = { [200] = own_reply },
      example = { body = { tagline = "Since 1990.", branding = { primaryColor = "#aa3366" } } } }),
    route("GET", "/organizations", "list_organizations",
      "Organizations, newest first; ?q= part of name or slug", {
        query = paged({ "q" }), replies = page("organizations", organization) }),
    route("POST", "/organizations", "create_organization", "Make an organization", {
      body = { properties = {
        { "slug", format = "slug", required = true }, text("name", 200, { required = true }),
        text("plan", 80, { nullable = true }), { "metadata", type = "object", nullable = true },
      } }, replies = { [201] = org_reply } }),
    route("GET", "/organizations/{id}", "show_organization",
      "The organization of this id or slug", { role = "viewer", replies = { [200] = org_reply } }),
    route("PATCH", "/organizations/{id}", "change_organization",
      "Change an organization; suspended refuses all its keys at once", { role = "owner",
        body = { properties = {
          text("name", 200), text("plan", 80, { nullable = true }),
          { "metadata", type = "object", nullable = true }, org_limits,
          { "suspended", type = "boolean" },
        } }, replies = { [200] = org_reply } }),
    route("GET", "/organizations/{id}/api-keys", "list_keys",
      "Its API keys, newest first; ?q= part of the label, or the last 4", { role = "admin",
        query = paged({ "q" }, { "created_by" }), replies = page("api_keys", key) }),
    route("POST", "/organizations/{id}/api-keys", "create_key",
      "Make an API key; its value is in this answer only", { role = "admin",
        body = { properties = {
          text("label", 80, { required = true }),
          { "environment", enum = { "production", "development" }, nullable = true },
          scopes, { "not_before", format = "date-time", nullable = true },
          { "expires_at", format = "date-time", nullable = true },
          text("note", 2000, { nullable = true }), tags,
        } }, replies = { [201] = key_reply } }),
    route("GET", "/api-keys/{id}", "show_key", "An API key, all but its value", {
      role = "admin", replies = { [200] = key_reply } }),
    route("PATCH", "/api-keys/{id}", "change_key",
      "Change a key; holds for every request that begins after the answer", { role = "admin",
        body = { properties = {
          text("label", 80), text("note", 2000, { nullable = true }), changed_scopes,
          { "expires_at", format = "date-time", nullable = true }, tags, key_limits,
        } }, replies = { [200] = key_reply } }),
    route("POST", "/api-keys/{id}/revoke", "revoke_key", "Revoke a key: at once, and for good", {
      role = "admin", replies = { [200] = key_reply },
      body = { nullable = true, properties = { text("reason", 200, { nullable = true }) } } }),
    route("POST", "/api-keys/{id}/rotate", "rotate_key",
      "A successor with the same limits; the old one works until its grace ends", {
        role = "admin", body = { nullable = true, properties = {
          { "grace_seconds", type = "integer", minimum = 0, maximum = 7 * 86400, default = 0 },
        } }, replies = { [201] = key_reply } }),
    route("POST", "/plugins/{name}/resume", "resume_plugin",
      "Let a quarantined plugin run again ('policy': the scripts)", {}),
  },
}
