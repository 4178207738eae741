-- Transactions of holds. A hold is claims like a booking's, of a kind of their own and with an
-- end.

local holds = require("bookings.hold_store")
local ledger = require("bookings.ledger")
local services = require("services.store")
local view = require("bookings.hold_view")

local writes = {}

-- args: row (a hold without its host), plan (ledger.place), candidates, catalogue
function writes.hold(args)
  local row = args.row
  if services.version(row.organization_id) ~= args.catalogue then
    return { changed = true }
  end
  ledger.sweep(row.created_at)
  local who, session = ledger.place_any(args.plan, args.candidates)
  if not who then
    return kordless.refuse({ taken = true })
  end
  row.host_id, row.session = who.id, session
  holds.add(row)
  return kordless.answer(201, { hold = view.hold(holds.hold(row.id, row.created_at)) })
end

-- args: id, now, expires_at
function writes.extend(args)
  local row = holds.hold(args.id, args.now)
  if not row then
    return { gone = true }
  end
  if not ledger.extend(row.id, row.session, args.expires_at) then
    return kordless.refuse({ taken = true })
  end
  holds.extend(row.id, args.expires_at)
  return kordless.answer(200, { hold = view.hold(holds.hold(row.id, args.now)) })
end

-- args: id, now
function writes.release(args)
  local row = holds.hold(args.id, args.now)
  if not row then
    return { gone = true }
  end
  ledger.release(row.id, row.session)
  holds.drop(row.id)
  return {}
end

return writes
