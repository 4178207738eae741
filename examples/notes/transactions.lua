-- What writes. All a transaction knows is in its arguments, for it may run twice.

local rules = require("rules")
local store = require("store")

local transactions = {}

-- Counted here and not in the handler: two requests at once cannot both be the last.
function transactions.add(note)
  if store.count(note.organization_id) >= rules.most then
    kordless.refuse({ full = true })
  end
  store.add(note)
  kordless.emit("kept", { organization_id = note.organization_id, length = #note.text })
  return kordless.answer(201, { note = rules.show(note) })
end

return transactions
