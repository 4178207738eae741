-- Transactions on services. args: organization_id, now, meant (the versions that If-Match names),
-- and what each says.

local changes = require("services.changes")
local lists = require("services.list_store")
local offers = require("services.offer_rules")
local outcome = require("services.outcome")
local store = require("services.offer_store")
local versions = require("services.versions")

local writes = {}

-- Why a service cannot stand beside the others, or with those it names.
local function misfit(args, service, body)
  for _, column in ipairs({ "slug", "key" }) do
    if store.taken(args.organization_id, column, service[column], service.id) then
      return { error = column .. "_taken" }
    end
  end
  local hosts = body.host_ids and service.host_ids or {}
  local violations =
    outcome.unknown("host", lists.unknown("host", args.organization_id, hosts))
  local teams = lists.unknown("team", args.organization_id, { service.team_id })
  violations[#violations + 1] = outcome.unknown("team", teams)[1]
  return violations[1] and outcome.refused(violations)
end

local function answer(status, args, id)
  local row = store.find(args.organization_id, id)
  local result = kordless.answer(status, { service = offers.shown(row) })
  result.version = row.version
  return result
end

-- id, body
function writes.create_service(args)
  local service = offers.changed(nil, args.body)
  service.id = args.id
  local why = misfit(args, service, args.body)
  if why then
    return why
  end
  store.add(args.organization_id, service, args.now)
  store.set_hosts(service)
  outcome.tell(args, "service", service.id, "created", { slug = service.slug })
  return answer(201, args, service.id)
end

-- id, body. A session that has more bookings than the service now takes keeps them: its
-- places in the ledger are never fewer than are taken, and no more are given.
function writes.change_service(args)
  local row = store.find(args.organization_id, args.id)
  if not row then
    return outcome.MISSING
  elseif not versions.is_meant(args.meant, row.version) then
    return outcome.STALE
  end
  local service, faults = offers.changed(row, args.body)
  if faults[1] then
    return outcome.faulty(faults)
  end
  service.id, service.version = row.id, row.version
  service.created_at, service.updated_at = row.created_at, row.updated_at
  local why = misfit(args, service, args.body)
  if why then
    return why
  end
  local detail = changes.of(offers.shown(row), offers.shown(service))
  if detail then
    store.set(service, args.now)
    if args.body.host_ids then
      store.set_hosts(service)
    end
    outcome.tell(args, "service", row.id, "updated", detail)
  end
  return answer(200, args, row.id)
end

-- name
function writes.archive_service(args)
  local row = store.find(args.organization_id, args.name)
  if not row then
    return outcome.MISSING
  elseif not versions.is_meant(args.meant, row.version) then
    return outcome.STALE
  end
  if row.status ~= "archived" then
    store.archive(row.id, args.now)
    outcome.tell(args, "service", row.id, "archived", { slug = row.slug })
  end
  return outcome.GONE
end

return writes
