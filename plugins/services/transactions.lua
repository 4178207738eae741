local store = require("services.store")

local transactions = {}

-- args: organization_id, plan (demo.plan)
function transactions.seed(args)
  local organization_id, plan = args.organization_id, args.plan
  if store.has_services(organization_id) then
    return { exists = true }
  end
  local answer = { services = {}, hosts = {} }
  for i, host in ipairs(plan.hosts) do
    store.add_host(organization_id, host, plan.now)
    answer.hosts[i] = { id = host.id, displayName = host.display_name }
  end
  store.add_team(organization_id, plan.team, plan.now)
  for _, member in ipairs(plan.team.members) do
    store.add_member(plan.team.id, member)
  end
  for i, service in ipairs(plan.services) do
    store.add_service(organization_id, service, plan.now)
    answer.services[i] = { slug = service.slug }
    for priority, host_id in ipairs(service.host_ids) do
      store.add_service_host(service.id, host_id, priority)
    end
  end
  for _, schedule in ipairs(plan.schedules) do
    local owner_id = schedule.owner_id or organization_id
    store.add_schedule(organization_id, schedule.owner_kind, owner_id, schedule)
  end
  return answer
end

return transactions
