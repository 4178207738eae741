-- A plugin for tests of what manifests declare: one of everything.
return {
  name = "schema", version = "1.0.0", api = 1,
  needs = { "transaction" },
  options = {
    { "greeting", type = "string", default = "hello", min = 1, max = 10, doc = "How to greet." },
    { "most", type = "integer", default = 3, min = 1, max = 9, doc = "How many." },
    { "share", type = "number", default = 0.5, min = 0, max = 1, doc = "Of the whole." },
    { "loud", type = "boolean", default = false, doc = "Whether to shout." },
    { "days", type = "list", default = {}, max = 3, doc = "On which days." },
    { "unset", type = "string", doc = "Without a default." },
  },
  routes = {
    {
      method = "GET", path = "/schema/options", handler = "options", auth = "none",
      summary = "What is set.",
    },
    {
      method = "GET", path = "/schema/list", handler = "list", auth = "none",
      query = {
        { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 },
        { "ratio", type = "number", minimum = -1, maximum = 1 },
        { "all", type = "boolean", default = false },
        { "sort", enum = { "up", "down" }, default = "up" },
        { "since", format = "date-time" }, { "day", format = "date" },
        { "zone", format = "timezone" }, { "name", min_length = 2, max_length = 4 },
      },
    },
    {
      method = "POST", path = "/schema/orders", handler = "order", auth = "none",
      body = { properties = {
        { "word", required = true, max_length = 5, description = 'a "quoted" <word>' },
        { "count", type = "integer", nullable = true, minimum = 0 },
        { "gone" },
        { "buyer", required = true, properties = {
          { "email", format = "email", required = true }, { "id", format = "id" },
        } },
        { "lines", max_length = 2, items = { properties = {
          { "slug", format = "slug", required = true }, { "units", type = "number", default = 1 },
        } } },
        { "more", type = "any" },
      } },
      example = { body = { word = "abc", buyer = { email = "a@b" } } },
    },
    {
      method = "POST", path = "/schema/reply", handler = "reply", auth = "none",
      replies = {
        [200] = { properties = {
          { "id", required = true }, { "note", nullable = true },
          { "list", items = { type = "integer" } },
        } },
        [201] = { properties = { { "id", required = true } } },
      },
      example = { reply = { id = "x", list = { 1, 2 } } },
    },
  },
}
