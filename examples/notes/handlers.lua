-- One function per route: looks at what came, asks, answers.

local rules = require("rules")
local store = require("store")

local handlers = {}

function handlers.list(req)
  local notes = {}
  for i, row in ipairs(store.list(req.organization.id)) do
    notes[i] = rules.show(row)
  end
  return 200, { notes = kordless.json.array(notes) }
end

-- The id and the time are made here: the transaction may run twice, and then gets the same.
function handlers.add(req)
  local text, why = rules.text(req.body)
  if not text then
    return nil, "validation_error", { detail = why }
  end
  local kept = kordless.transaction("add", {
    id = kordless.id("note_"),
    organization_id = req.organization.id,
    text = text,
    created_at = kordless.now(),
  })
  if kept.full then
    return nil, "too_many_notes"
  end
  return kept.status, kept.body
end

-- The hook: runs a moment after the note became durable, by itself; nobody waits for it.
function handlers.on_kept(told)
  local note = told.data
  kordless.metrics.add("kept_total")
  kordless.log.info("note_kept", { organization = note.organization_id, length = note.length })
end

return handlers
