return {
  name = "sorter", version = "1", api = 1, needs = { "keys" },
  routes = {
    { method = "POST", path = "/sorter/{what}/{id}", handler = "sort", auth = "none" },
  },
}
