-- The server as a whole. Plain values only; after a change send SIGHUP to the server, or
-- restart it. `kordless check` says what is wrong without touching a running server.
return {
  -- Which plugins run, in this order. A plugin may use only those before it.
  plugins = { "services", "availability", "bookings", "platform" },

  -- Where to listen. The flag --listen beats it. Only read at start.
  listen = "127.0.0.1:8080",

  -- How clients reach this server: it stands in links, such as a booking's calendar file.
  -- public_url = "https://book.example.com",

  -- Whom a caller should ask for higher limits: it stands in every 429 answer.
  support_contact = "the operator of this server",

  -- Send the IETF RateLimit fields beside X-RateLimit-*.
  ratelimit_fields = true,
}
