-- Usage: how often API keys ask, what is left to them and by which rule, why they were
-- refused, and what of it is worth a look. Beside the platform's routes, for the same people.
local P = "/api/platform/v1"

local function one(name, kind) return { name, type = kind, required = true } end
local function unset(name, kind)
  return { name, type = kind, required = true, nullable = true }
end
local function count(name) return one(name, "integer") end
local function time(name) return { name, format = "date-time", required = true } end
local function object(name, ...) return { name, required = true, properties = { ... } } end
local function list(name, ...)
  return { name, required = true, items = { properties = { ... } } }
end
local function reply(...) return { [200] = { properties = { ... } } } end

local function route(path, handler, summary, more)
  more.method, more.path, more.handler, more.summary = "GET", P .. path, handler, summary
  more.auth, more.role = "platform", "admin"
  return more
end

local point = list("points", time("at"), count("requests"), count("refused"))
local series = list("series", one("name"), { "label" }, { "last4" }, count("requests"),
  count("refused"), point)
local totals = object("totals", count("requests"), count("admitted"), count("refused"),
  count("charged"), count("2xx"), count("3xx"), count("4xx"), count("5xx"))
local window = list("windows", one("name"), count("limit"), count("used"), count("remaining"),
  count("reset_after"), count("retry_after"))
local day = object("day", count("used"), list("keys", one("id"), { "label" }, { "last4" },
  count("used"), one("share", "number")))
local key = object("key", one("id"), one("label"), one("last4"))
local left = { one("id"), one("label"), one("last4"), unset("environment"), window,
  count("used_of_day"), one("share_of_day", "number") }

-- What only operators ask: the policy itself.
local function policy_route(method, path, handler, summary, more)
  more = route(path, handler, summary, more)
  more.method, more.role = method, nil
  return more
end
local ruled = list("limits", count("limit"), count("used"), count("remaining"),
  count("reset_after"), count("retry_after"), one("name"),
  { "from", enum = { "override", "policy", "default" }, required = true }, unset("reason"),
  { "until", format = "date-time", required = true, nullable = true })
local quota = object("quota", one("api_key"), one("label"), one("last4"), ruled, one("mode"),
  one("policy"), one("hash"), one("reads", "object"), count("over"),
  { "scopes", required = true, items = {} }, { "withheld", required = true, items = {} })
local function rule(name)
  return object(name, count("per_minute"), count("per_hour"), count("per_day"), one("mode"))
end
local function routes(name, which)
  return { name, type = "integer", required = true,
    description = "Routes that the key may use and that " .. which }
end
local diff = object("diff", count("keys"), count("tighter"), count("looser"), one("hash"),
  list("costs", one("route"), count("from"), count("to")),
  list("first", one("id"), one("label"), one("last4"), one("organization"), one("becomes"),
    rule("from"), rule("to"), { "withheld", required = true, items = {} },
    routes("dearer", "cost it more."), routes("cheaper", "cost it less.")))

return {
  name = "usage",
  version = "1.0.0",
  api = 1,
  needs = { "keys", "time", "crypto" },
  uses = { "platform" },
  errors = {
    not_found = { status = 404, detail = "There is no such object, or it belongs to another "
      .. "organization. Check its id." },
    quota_refused = { status = 422, detail = "This quota.lua would not go live." },
  },
  routes = {
    route("/organizations/{id}/usage", "show_usage",
      "Requests by key, route or status; steps without any are left out", {
        query = {
          { "from", format = "date-time" }, { "to", format = "date-time" },
          { "by", enum = { "key", "route", "status" }, default = "key" },
          { "step", enum = { "minute", "hour", "day" }, default = "hour",
            description = "Kept for 48 hours, 90 days, 2 years." },
          { "key", description = "Only this one, with all it was rotated from and to: an id." },
        },
        replies = reply(object("usage", one("organization_id"), one("step"), one("by"),
          time("from"), time("to"), series, totals)) }),
    route("/organizations/{id}/limits", "show_limits",
      "What each key has left, and which of them used the organization's day", {
        query = {
          { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 }, { "cursor" },
        },
        replies = reply(one("organization_id"), day,
          { "keys", required = true, items = { properties = left } }, unset("next_cursor")) }),
    route("/organizations/{id}/signals", "list_signals",
      "What is worth a look: keys that woke up, unusual refusals, old production keys", {
        replies = reply(list("signals", one("kind"), time("since"), one("detail"), key,
          one("evidence", "object"))) }),
    route("/api-keys/{id}/limits", "show_key_limits",
      "What the key has left, and what it used of the organization's day", {
        replies = reply({ "limits", required = true, properties = left }) }),
    route("/api-keys/{id}/denials", "list_denials",
      "Why the key was refused, the last 50 times, and what mends it", {
        replies = reply(list("denials", time("at"), one("rule"), unset("used", "integer"),
          unset("limit", "integer"), unset("retry_after", "integer"), unset("scope"),
          one("route"), unset("address"), one("request_id"), one("fix"))) }),
    policy_route("GET", "/api-keys/{id}/quota", "explain_quota",
      "Which limits a key has, from where, and what is left", { replies = reply(quota) }),
    policy_route("POST", "/quota/diff", "diff_quota",
      "Which live keys another quota.lua would give tighter or looser limits, or other costs", {
        body = { properties = { { "source", required = true, max_length = 262144 } } },
        replies = reply(diff) }),
  },
}
