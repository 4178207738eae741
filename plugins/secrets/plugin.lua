-- Secrets that plugins read with kordless.secret: set by operators, never shown again.
local P = "/api/platform/v1/secrets"

local secret = { properties = {
  { "name", required = true, description = "plugin.name" },
  { "set_at", format = "date-time", required = true },
} }

return {
  name = "secrets",
  version = "1.0.0",
  api = 1,
  needs = { "secrets", "time" },
  errors = {
    too_many_secrets = { status = 422, detail = "A thousand secrets are kept. Drop one first." },
  },
  routes = {
    { method = "GET", path = P, handler = "list", auth = "platform",
      summary = "The names of all secrets, and when each was set",
      replies = { [200] = { properties = {
        { "secrets", type = "array", items = secret, required = true },
      } } } },
    { method = "PUT", path = P .. "/{name}", handler = "set", auth = "platform",
      summary = "Set a secret of a plugin; it takes effect at once",
      body = { properties = { { "value", min_length = 1, max_length = 8192, required = true } } },
      replies = { [200] = { properties = { { "secret", properties = secret.properties } } } },
      example = { body = { value = "token-of-another-service" } } },
    { method = "DELETE", path = P .. "/{name}", handler = "drop", auth = "platform",
      summary = "Drop a secret", replies = { [204] = {} } },
  },
}
