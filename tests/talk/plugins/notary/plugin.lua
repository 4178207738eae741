return {
  name = "notary", version = "1", api = 1,
  needs = { "transaction", "record", "after" },
  routes = {
    { method = "POST", path = "/notary/{how}", handler = "note", auth = "none" },
    { method = "POST", path = "/notary/own/{how}", handler = "note", auth = "organization" },
  },
}
