-- A plugin with storage: notes of an organization. POST /notes keeps one, GET /notes lists.
-- Try it: kordless serve --load examples/notes
-- Install it: copy the folder to plugins/notes and list "notes" under `plugins` in
-- scripts/kordless.lua; a restart makes its table. Each file says what it is for.
return {
  name = "notes",
  version = "1.0.0",
  api = 1,
  needs = { "db", "transaction", "time", "id", "emit", "metrics" },
  -- What its transactions say, once they are durable; and whom of all plugins it listens to.
  events = { "kept" },
  hooks = { ["notes.kept"] = "on_kept" },
  -- What it counts, at GET /metrics as kordless_plugin_notes_kept_total.
  metrics = { { "kept_total", type = "counter", help = "Notes that were kept." } },
  errors = {
    too_many_notes = { status = 422, detail = "Only 100 notes are kept. Remove one first." },
  },
  routes = {
    { method = "GET", path = "/notes", handler = "list", auth = "key",
      summary = "The organization's notes, newest first." },
    { method = "POST", path = "/notes", handler = "add", auth = "key", idempotent = true,
      summary = "Keeps a note." },
  },
}
