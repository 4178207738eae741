-- The server as a whole. Plain values only; after a change say `kordless reload`, or
-- restart it. `kordless check` says what is wrong without touching a running server.
return {
  -- Which plugins run, in this order. A plugin may use only those before it. One that
  -- declares options takes them here: { "notes", options = { per_page = 20 } }.
  plugins = { "services", "availability", "bookings", "platform", "people", "usage", "secrets", "dashboard" },

  -- Shared objects that answer routes in C (plugins/README.md). They run inside the server and
  -- are trusted like it. Paths are absolute, or from where the server was started.
  -- native = { "build/examples/tally.so" },

  -- Where to listen. The flag --listen beats it. Only read at start.
  listen = "127.0.0.1:8080",

  -- How clients reach this server: it stands in links, such as a booking's calendar file.
  -- public_url = "https://book.example.com",

  -- How much memory a plugin may hold in each of its states (one per worker and one for its
  -- transactions), in MiB, 8 to 1024. A call that would go beyond it is answered 503.
  memory_mib = 64,

  -- data/decisions.jsonl has a line for each refusal and change by a policy, and one for so
  -- many questions that a policy let pass (1: for each, 0: for none).
  decision_sample = 100,

  -- Whom a caller should ask for higher limits: it stands in every 429 answer.
  support_contact = "the operator of this server",

  -- The proxies in front of this server, as networks. Of these alone X-Forwarded-For is
  -- believed, so that limits by address count clients and not the proxy.
  -- trusted_proxies = { "127.0.0.1", "10.0.0.0/8" },

  -- Which servers plugins may ask (kordless.fetch): "host" for its ports 80 and 443, or
  -- "host:port". The plugin must list it too. Private addresses are refused in any case.
  -- fetch_hosts = { "api.example.com" },

  -- Send the IETF RateLimit fields beside X-RateLimit-*.
  ratelimit_fields = true,
}
