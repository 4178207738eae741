-- Platform: organizations and their API keys, for operators (the command line, later the
-- dashboard). Never reachable with an API key.
local P = "/api/platform/v1"

return {
  name = "platform",
  version = "1.0.0",
  api = 1,
  needs = { "keys", "time" },
  errors = {
    slug_taken = {
      status = 409,
      detail = "An organization with this slug exists already. Choose another slug.",
    },
  },
  routes = {
    { method = "GET", path = P .. "/organizations", handler = "find_organization",
      auth = "platform", summary = "The organization of this slug (?slug=)" },
    { method = "POST", path = P .. "/organizations", handler = "create_organization",
      auth = "platform", summary = "Make an organization" },
    { method = "GET", path = P .. "/organizations/{id}/api-keys", handler = "list_keys",
      auth = "platform", summary = "Its API keys; ?q= label or last 4" },
    { method = "POST", path = P .. "/organizations/{id}/api-keys", handler = "create_key",
      auth = "platform", summary = "Make an API key; its value is in this answer only" },
    { method = "POST", path = P .. "/api-keys/{id}/revoke", handler = "revoke_key",
      auth = "platform", summary = "Revoke a key: at once, and for good" },
    { method = "POST", path = P .. "/plugins/{name}/resume", handler = "resume_plugin",
      auth = "platform", summary = "Let a quarantined plugin run again ('policy': the scripts)" },
  },
}
