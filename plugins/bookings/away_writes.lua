-- Transactions of when hosts are away: rows of the ledger that land on anything, and keep out
-- all that comes after.

local away = require("bookings.away_store")
local ledger = require("bookings.ledger")
local view = require("bookings.hold_view")

local writes = {}

local function note(row, change)
  kordless.record("time_off." .. change, row.id, {
    host_id = row.host_id, kind = row.kind, start_at = kordless.time.format(row.start_at),
    end_at = kordless.time.format(row.end_at),
  }, row.organization_id)
end

-- args: row, most (bookings told). What it overlaps stays where it is.
function writes.leave(args)
  local row = args.row
  ledger.block(row)
  away.add(row)
  note(row, "created")
  local found = away.overlapping(row.host_id, row.start_at, row.end_at, args.most + 1)
  return kordless.answer(201, {
    time_off = view.away(row),
    overlapping = view.overlapping(found, args.most),
    more_overlapping = #found > args.most,
  })
end

-- args: id
function writes.come_back(args)
  local row = away.one(args.id)
  if row then
    ledger.release(row.id)
    away.drop(row.id)
    note(row, "deleted")
  end
  return {}
end

-- args: id
function writes.forget_host(args)
  away.forget(args.id)
  return {}
end

return writes
