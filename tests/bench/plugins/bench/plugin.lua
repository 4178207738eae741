-- What the benchmark asks for: an answer of ten fields to whoever has a key.
return {
  name = "bench",
  version = "1.0.0",
  api = 1,
  needs = {},
  routes = {
    { method = "GET", path = "/bench/ten", handler = "ten", auth = "key", summary = "Ten fields" },
    { method = "POST", path = "/bench/exchange", handler = "exchange", auth = "key",
      summary = "Ten fields for ten." },
  },
}
