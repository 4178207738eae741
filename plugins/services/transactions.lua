local hour_writes = require("services.hours_writes")
local offer_writes = require("services.offer_writes")
local offers = require("services.offer_store")
local people = require("services.people_store")
local people_writes = require("services.people_writes")
local store = require("services.store")

local transactions = {}

for _, writes in ipairs({ hour_writes, offer_writes, people_writes }) do
  for name, write in pairs(writes) do
    transactions[name] = write
  end
end

-- args: organization_id, plan (demo.plan)
function transactions.seed(args)
  local organization_id, plan = args.organization_id, args.plan
  if store.has_services(organization_id) then
    return { exists = true }
  end
  local answer = { services = {}, hosts = {} }
  for i, host in ipairs(plan.hosts) do
    people.add_host(organization_id, host, plan.now)
    answer.hosts[i] = { id = host.id, displayName = host.display_name }
  end
  people.add_team(organization_id, plan.team, plan.now)
  people.set_members(plan.team)
  for i, service in ipairs(plan.services) do
    offers.add(organization_id, service, plan.now)
    offers.set_hosts(service)
    answer.services[i] = { slug = service.slug }
  end
  for _, schedule in ipairs(plan.schedules) do
    local owner_id = schedule.owner_id or organization_id
    store.add_schedule(organization_id, schedule.owner_kind, owner_id, schedule)
  end
  kordless.record("catalogue.seeded", organization_id, nil, organization_id)
  return answer
end

return transactions
