-- Shows a request as it came: for looking at proxies, and for tests of the HTTP layer.
-- `raw` routes get the headers and the untouched body, and check no content type.
local function route(method, path, handler)
  return { method = method, path = path, handler = handler, auth = "none", raw = true }
end

return {
  name = "echo",
  version = "1.0.0",
  api = 1,
  routes = {
    route("POST", "/", "body"),
    route("GET", "/echo", "headers"),
    route("POST", "/echo", "headers"),
    route("POST", "/json", "json"),
  },
}
