-- Transactions on schedules and closures. args: organization_id, now, meant (the versions that
-- If-Match names, of a schedule), and what each says.

local changes = require("services.changes")
local hours = require("services.hours_rules")
local outcome = require("services.outcome")
local store = require("services.hours_store")
local versions = require("services.versions")

local writes = {}

-- Of a stored schedule what changes.of compares: as text, since long hours are long to read.
local function parts(row)
  return { timezone = row.timezone, weekly = { row.weekly }, overrides = { row.overrides } }
end

-- owner_kind, owner, schedule. What changes nothing makes no new version.
function writes.put_schedule(args)
  local id = store.owner(args.organization_id, args.owner_kind, args.owner)
  if not id then
    return outcome.MISSING
  end
  local before = store.schedule(id)
  if not versions.is_meant(args.meant, before and before.version) then
    return outcome.STALE
  end
  local detail = changes.of(before and parts(before) or {}, parts(args.schedule))
  if detail then
    store.put_schedule(args.organization_id, args.owner_kind, id, args.schedule)
    outcome.tell(args, "schedule", id, "updated", detail)
  end
  local row = store.schedule(id)
  local answer = kordless.answer(200, { schedule = hours.shown(row) })
  answer.version = row.version
  return answer
end

-- owner_kind, owner
function writes.delete_schedule(args)
  local id = store.owner(args.organization_id, args.owner_kind, args.owner)
  local row = id and store.schedule(id)
  if not row then
    return outcome.MISSING
  elseif not versions.is_meant(args.meant, row.version) then
    return outcome.STALE
  end
  store.drop_schedule(id)
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
