-- Transactions on schedules and closures. args: organization_id, now, and what each says.

local changes = require("services.changes")
local hours = require("services.hours_rules")
local outcome = require("services.outcome")
local store = require("services.hours_store")

local writes = {}

-- owner_kind, owner, schedule
function writes.put_schedule(args)
  local id = store.owner(args.organization_id, args.owner_kind, args.owner)
  if not id then
    return outcome.MISSING
  end
  local before = store.schedule(id)
  store.put_schedule(args.organization_id, args.owner_kind, id, args.schedule)
  local shown = hours.shown(store.schedule(id))
  local detail = changes.of(before and hours.shown(before) or {}, shown)
  outcome.tell(args, "schedule", id, "updated", detail)
  return kordless.answer(200, { schedule = shown })
end

-- owner_kind, owner
function writes.delete_schedule(args)
  local id = store.owner(args.organization_id, args.owner_kind, args.owner)
  if not id or not store.drop_schedule(id) then
    return outcome.MISSING
  end
  outcome.tell(args, "schedule", id, "deleted")
  return outcome.GONE
end

local function dates(closure)
  return { first_date = closure.first_date, last_date = closure.last_date }
end

-- closure
function writes.create_closure(args)
  store.add_closure(args.organization_id, args.closure)
  outcome.tell(args, "closure", args.closure.id, "created", dates(args.closure))
  return kordless.answer(201, { closure = hours.shown_closure(args.closure) })
end

-- id
function writes.delete_closure(args)
  local row = store.closure(args.organization_id, args.id)
  if not row then
    return outcome.MISSING
  end
  store.drop_closure(row.id)
  outcome.tell(args, "closure", row.id, "deleted", dates(row))
  return outcome.GONE
end

return writes
