return {
  name = "ears", version = "1", api = 1,
  needs = { "db", "transaction", "id", "emit", "sleep" },
  events = { "said", "sung" },
  hooks = { ["ears.said"] = "on_said", ["bookings.created"] = "on_booking",
    ["bookings.canceled"] = "on_booking" },
  errors = { teapot = { status = 418, detail = "Short and stout." } },
  routes = {
    { method = "POST", path = "/ears/say/{how}", handler = "say", auth = "none" },
    { method = "GET", path = "/ears/heard", handler = "heard", auth = "none" },
    { method = "GET", path = "/ears/problem/{how}", handler = "problem", auth = "none" },
  },
}
