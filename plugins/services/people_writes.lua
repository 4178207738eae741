-- Transactions on hosts and teams. args: organization_id, now, and what each says.

local changes = require("services.changes")
local lists = require("services.list_store")
local outcome = require("services.outcome")
local people = require("services.people_rules")
local store = require("services.people_store")

local writes = {}

local function host_answer(status, args, id)
  return kordless.answer(status, { host = people.host(store.host(args.organization_id, id)) })
end

local function team_answer(status, args, id)
  return kordless.answer(status, { team = people.team(store.team(args.organization_id, id)) })
end

-- id, body. The ledger makes a host's subject when it is first booked.
function writes.create_host(args)
  store.add_host(args.organization_id, people.changed_host({ id = args.id }, args.body), args.now)
  outcome.tell(args, "host", args.id, "created")
  return host_answer(201, args, args.id)
end

-- id, body
function writes.change_host(args)
  local row = store.host(args.organization_id, args.id)
  if not row then
    return outcome.MISSING
  end
  store.set_host(people.changed_host(row, args.body), args.now)
  local after = people.host(store.host(args.organization_id, row.id))
  outcome.tell(args, "host", row.id, "updated", changes.of(people.host(row), after))
  return host_answer(200, args, row.id)
end

local function has_bookings(violations, what, n)
  if n > 0 then
    violations[#violations + 1] = outcome.violation("has_bookings",
      ("This %s has %d %s that %s not over. Move or cancel %s first."):format(what, n,
        n == 1 and "booking" or "bookings", n == 1 and "is" or "are", n == 1 and "it" or "them"))
  end
end

-- id
function writes.delete_host(args)
  local row = store.host(args.organization_id, args.id)
  if not row then
    return outcome.MISSING
  end
  local violations = {}
  has_bookings(violations, "host", store.host_bookings(row.id, args.now))
  for _, team in ipairs(store.alone_in(row.id)) do
    violations[#violations + 1] = outcome.violation("last_member",
      ("This host is all there is of team %s. Give the team another member, or delete it,"
        .. " first."):format(team.name))
  end
  if violations[1] then
    return outcome.refused(violations)
  end
  store.drop_host(row.id, args.now)
  outcome.tell(args, "host", row.id, "deleted")
  return outcome.GONE
end

-- Members that are not the organization's, as violations.
local function strangers(args, team)
  return outcome.unknown("host",
    lists.unknown("host", args.organization_id, people.host_ids(team.members)))
end

-- id, body
function writes.create_team(args)
  local team = people.changed_team({ id = args.id }, args.body)
  local violations = strangers(args, team)
  if violations[1] then
    return outcome.refused(violations)
  end
  store.add_team(args.organization_id, team, args.now)
  store.set_members(team)
  outcome.tell(args, "team", team.id, "created", { name = team.name })
  return team_answer(201, args, team.id)
end

-- id, body
function writes.change_team(args)
  local row = store.team(args.organization_id, args.id)
  if not row then
    return outcome.MISSING
  end
  local team = people.changed_team(row, args.body)
  local violations = strangers(args, team)
  if violations[1] then
    return outcome.refused(violations)
  end
  store.set_team(team, args.now)
  if args.body.members then
    store.set_members(team)
  end
  local after = people.team(store.team(args.organization_id, row.id))
  outcome.tell(args, "team", row.id, "updated", changes.of(people.team(row), after))
  return team_answer(200, args, row.id)
end

-- id
function writes.delete_team(args)
  local row = store.team(args.organization_id, args.id)
  if not row then
    return outcome.MISSING
  end
  local violations = {}
  has_bookings(violations, "team", store.team_bookings(args.organization_id, row.id, args.now))
  for _, service in ipairs(store.services_of(row.id)) do
    violations[#violations + 1] = outcome.violation("team_in_use",
      ("This team gives service %s. Give the service another team, or archive it, first.")
        :format(service.name))
  end
  if violations[1] then
    return outcome.refused(violations)
  end
  store.drop_team(row.id, args.now)
  outcome.tell(args, "team", row.id, "deleted", { name = row.name })
  return outcome.GONE
end

return writes
