-- A careless neighbour: everything a plugin should not do, each behind a name.
return {
  name = "rails",
  version = "1.0.0",
  needs = { "db", "transaction", "sleep", "after", "policy" },
  reads = { "organization" },
  errors = { teapot = { status = 418, detail = "It is short and stout." } },
  routes = {
    { method = "GET", path = "/rails/do/{what}", handler = "act", auth = "none" },
    { method = "GET", path = "/rails/tx/{name}", handler = "transact", auth = "none" },
    { method = "GET", path = "/rails/policy/{name}", handler = "ask", auth = "none" },
    { method = "GET", path = "/rails/sql", handler = "sql", auth = "none" },
    { method = "GET", path = "/rails/rows", handler = "rows", auth = "none" },
    { method = "GET", path = "/rails/doze", handler = "doze", auth = "key" },
    { method = "POST", path = "/rails/desk", handler = "doze", auth = "organization",
      scope = "bookings:write", body = false },
    { method = "GET", path = "/rails/later/{seconds}", handler = "later", auth = "none" },
    { method = "GET", path = "/rails/nap", handler = "nap", auth = "key" },
  },
}
