-- Tells all it is told of a request: in its answer, in the log, and in what it raises.
local function route(method, path, auth)
  return { method = method, path = path, handler = "tell", auth = auth, raw = true,
    role = auth == "platform" and "viewer" or nil }
end
return {
  name = "snoop", version = "1", api = 1, needs = {},
  routes = {
    route("POST", "/snoop/none", "none"), route("POST", "/snoop/key", "key"),
    route("POST", "/snoop/organization", "organization"), route("POST", "/snoop/contact", "contact"),
    route("POST", "/snoop/platform", "platform"),
    { method = "POST", path = "/snoop/raise", handler = "raise", auth = "key", raw = true },
  },
}
