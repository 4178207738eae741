return {
  name = "counts", version = "1", api = 1, needs = { "metrics" },
  metrics = {
    { "seen_total", type = "counter", help = "Requests seen.\nAll \\ of them." },
    { "level", type = "gauge", help = "How high it stands." },
  },
  routes = {
    { method = "POST", path = "/counts/{what}/{n}", handler = "count", auth = "none" },
  },
}
