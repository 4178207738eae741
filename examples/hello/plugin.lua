return {
  name = "hello",
  version = "1.0.0",
  api = 1,
  routes = {
    { method = "GET", path = "/hello", handler = "hello", auth = "none", summary = "Says hello." },
  },
}
