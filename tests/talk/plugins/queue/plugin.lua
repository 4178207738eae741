-- Writes that take their time, so that others wait behind them.
return {
  name = "queue",
  version = "1.0.0",
  api = 1,
  needs = { "db", "transaction", "after", "sleep" },
  routes = {
    { method = "POST", path = "/queue/slow/{id}", handler = "slow", auth = "none", body = false },
    { method = "POST", path = "/queue/quick/{id}", handler = "quick", auth = "key", body = false },
    { method = "POST", path = "/queue/fill/{name}", handler = "fill", auth = "none", body = false },
    { method = "GET", path = "/queue/rows", handler = "rows", auth = "none" },
  },
}
