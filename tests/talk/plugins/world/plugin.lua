-- Asks other servers, waits, and leaves things for later: what tests/talk/kit_spec.lua has
-- its specs look at.
local function route(method, path, handler)
  return { method = method, path = path, handler = handler, auth = "none" }
end

return {
  name = "world",
  version = "1.0.0",
  api = 1,
  needs = { "db", "transaction", "fetch", "sleep", "after" },
  hosts = { "api.example.com", "api.example.com:8443", "unlisted.example.com" },
  routes = {
    route("POST", "/ask", "ask"),
    route("GET", "/nap/{seconds}", "nap"),
    route("POST", "/later", "later"),
    route("GET", "/lines", "lines"),
    route("GET", "/spin/{n}", "spin"),
    { method = "GET", path = "/broken", handler = "broken", auth = "none",
      replies = { [200] = { properties = { { "id", required = true } } } } },
  },
}
