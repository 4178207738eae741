-- The dashboard: pages for browsers, built into the server (assets/). All it does it does
-- with the routes of the other plugins, as the person who is signed in.
return {
  name = "dashboard",
  version = "1.0.0",
  api = 1,
  needs = {},
  assets = "/",
}
