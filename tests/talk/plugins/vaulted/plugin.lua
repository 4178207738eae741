return {
  name = "vaulted", version = "1", api = 1, needs = { "secret" }, secrets = { "token", "unset" },
  routes = {
    { method = "GET", path = "/vaulted/{name}", handler = "length", auth = "none" },
  },
}
