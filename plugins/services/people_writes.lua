-- Transactions on hosts and teams. args: organization_id, now, meant (the versions that If-Match
-- names), and what each says.

local changes = require("services.changes")
local lists = require("services.list_store")
local outcome = require("services.outcome")
local people = require("services.people_rules")
local store = require("services.people_store")
local versions = require("services.versions")

local writes = {}

-- what: "host" or "team", as it is now.
local function answer(status, args, what, id)
  local row = store[what](args.organization_id, id)
  local result = kordless.answer(status, { [what] = people[what](row) })
  result.version = row.version
  return result
end

-- Of the row that args.id names; or nil, and why nothing can be done with it.
local function meant(args, what)
  local row = store[what](args.organization_id, args.id)
  if not row then
    return nil, outcome.MISSING
  elseif not versions.is_meant(args.meant, row.version) then
    return nil, outcome.STALE
  end
  return row
end

-- id, body. The ledger makes a host's subject when it is first booked.
function writes.create_host(args)
  store.add_host(args.organization_id, people.changed_host({ id = args.id }, args.body), args.now)
  outcome.tell(args, "host", args.id, "created")
  return answer(201, args, "host", args.id)
end

-- id, body. What changes nothing makes no new version.
function writes.change_host(args)
  local row, why = meant(args, "host")
  if not row then
    return why
  end
  local host = people.changed_host(row, args.body)
  local detail = changes.of(people.host(row), people.host(host))
  if detail then
    store.set_host(host, args.now)
    outcome.tell(args, "host", row.id, "updated", detail)
  end
  return answer(200, args, "host", row.id)
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
  local row, why = meant(args, "host")
  if not row then
    return why
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
  return answer(201, args, "team", team.id)
end

-- id, body
function writes.change_team(args)
  local row, why = meant(args, "team")
  if not row then
    return why
  end
  local team = people.changed_team(row, args.body)
  local violations = strangers(args, team)
  if violations[1] then
    return outcome.refused(violations)
  end
  local detail = changes.of(people.team(row), people.team(team))
  if detail then
    store.set_team(team, args.now)
    if args.body.members then
      store.set_members(team)
    end
    outcome.tell(args, "team", row.id, "updated", detail)
  end
  return answer(200, args, "team", row.id)
end

-- id
function writes.delete_team(args)
  local row, why = meant(args, "team")
  if not row then
    return why
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
