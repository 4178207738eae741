-- Transactions of when hosts are away: rows of the ledger that land on anything, and keep out
-- all that comes after.

local away = require("bookings.away_store")
local ledger = require("bookings.ledger")
local view = require("bookings.hold_view")

local writes = {}

-- args: row, most (bookings told). What it overlaps stays where it is.
function writes.leave(args)
  local row = args.row
  ledger.block(row)
  away.add(row)
  local found = away.overlapping(row.host_id, row.start_at, row.end_at, args.most + 1)
  return kordless.answer(201, {
    time_off = view.away(row),
    overlapping = view.overlapping(found, args.most),
    more_overlapping = #found > args.most,
  })
end

-- args: id
function writes.come_back(args)
  ledger.release(args.id)
  away.drop(args.id)
  return {}
end

return writes
