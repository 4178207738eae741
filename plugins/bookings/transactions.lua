-- What runs on the writer. A booking was decided on a snapshot; here only what may have
-- changed since is read again, the claims are laid, and the ledger speaks. Ids and times
-- are arguments: a transaction may run twice.

local customer = require("bookings.customer")
local holds = require("bookings.hold_store")
local ledger = require("bookings.ledger")
local limits = require("bookings.limits")
local services = require("services.store")
local store = require("bookings.store")
local view = require("bookings.view")

local transactions = {}

local views = { short = view.short, own = view.own }

-- When and with whom.
local function placed(row)
  return { start_at = kordless.time.format(row.start_at), host_id = row.host_id }
end

-- Says what became of a booking, to who listens and to the audit. detail: plain, and nothing
-- of who it is for.
local function tell(event, row, change, detail)
  kordless.record("booking." .. change, row.id, detail, row.organization_id)
  kordless.emit(event, { organization_id = row.organization_id, booking = view.own(row) })
end

-- The booking as it is now, for whom it was changed.
local function reply(shape, row)
  local answer = kordless.answer(200, { booking = views[shape](row) })
  answer.version = shape == "own" and row.version or nil
  return answer
end

-- args: row (a booking without its host), plan (ledger.place), candidates, catalogue (its
-- version), counted (customer.refusals), limits (limits.bind), hold? (the id of
-- one whose place this takes), view ("short" or "own"), ics_url
function transactions.create(args)
  local row = args.row
  if services.version(row.organization_id) ~= args.catalogue
    or customer.changed(args.counted) then
    return { changed = true }
  end
  local candidates = limits.fitting(args.limits, args.candidates)
  if not candidates then
    return { changed = true }
  end
  ledger.sweep(row.created_at)
  local hold = args.hold and holds.hold(args.hold, row.created_at)
  if args.hold and not hold then
    return { changed = true }
  elseif hold then
    ledger.release(hold.id, hold.session)
    holds.drop(hold.id)
  end
  local who, session = ledger.place_any(args.plan, candidates)
  if not who then
    return kordless.refuse({ taken = true })
  end
  row.host_id, row.session = who.id, session
  store.add(row)
  row = store.booking(row.id)
  tell("created", row, "created", placed(row))
  return kordless.answer(201, {
    booking = views[args.view](row),
    calendar_invite = { ics_url = args.ics_url },
  })
end

-- args: id, version, now, view, reason?
function transactions.cancel(args)
  local row = store.booking(args.id)
  if row.version ~= args.version then
    return { changed = true }
  end
  ledger.release(row.id, row.session)
  store.cancel(row.id, args.reason, args.now)
  row = store.booking(row.id)
  tell("canceled", row, "canceled")
  return reply(args.view, row)
end

-- args: id, version, now. The claims stay where they are and are of another kind; what
-- landed on them since refuses that.
function transactions.confirm(args)
  local row = store.booking(args.id)
  if row.version ~= args.version then
    return { changed = true }
  end
  if not ledger.confirm(row.id, row.session) then
    return kordless.refuse({ taken = true })
  end
  store.confirm(row.id, args.now)
  row = store.booking(row.id)
  tell("updated", row, "confirmed")
  return reply("own", row)
end

-- args: id, version, now, patch. What changes nothing makes no new version.
function transactions.annotate(args)
  local row, changed = store.booking(args.id), {}
  if row.version ~= args.version then
    return { changed = true }
  end
  for _, name in ipairs({ "notes", "outcome" }) do
    local value = args.patch[name]
    if value ~= nil and value ~= (row[name] or kordless.json.null) then
      row[name], changed[name] = value, name == "notes" or { to = value }
    end
  end
  if next(changed) then
    store.annotate(row.id, row.notes, row.outcome, args.now)
    row = store.booking(row.id)
    tell("updated", row, "updated", { changed = changed })
  end
  return reply("own", row)
end

-- args: id, version, catalogue, plan, candidates, team_id?, limits, timezone?, notes?, policy,
-- now, view. The old claims go first, so that a booking never stands in its own way; if no
-- candidate takes the new ones the whole is undone.
function transactions.reschedule(args)
  local row, plan = store.booking(args.id), args.plan
  if row.version ~= args.version
    or services.version(row.organization_id) ~= args.catalogue then
    return { changed = true }
  end
  local candidates = limits.fitting(args.limits, args.candidates)
  if not candidates then
    return { changed = true }
  end
  ledger.sweep(args.now)
  ledger.release(row.id, row.session)
  local who, session = ledger.place_any(plan, candidates)
  if not who then
    return kordless.refuse({ taken = true })
  end
  store.move(row.id, {
    host_id = who.id, team_id = args.team_id, session = session, start_at = plan.start,
    end_at = plan.finish, timezone = args.timezone, notes = args.notes, policy = args.policy,
    now = args.now,
  })
  local before = placed(row)
  row = store.booking(row.id)
  tell("updated", row, "moved", { from = before, to = placed(row) })
  return reply(args.view, row)
end

for _, file in ipairs({ "bookings.hold_writes", "bookings.away_writes" }) do
  for name, write in pairs(require(file)) do
    transactions[name] = write
  end
end

return transactions
