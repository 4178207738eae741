-- What explain found, as clients see it. Pure.

local or_null = require("services.rules").or_null

local view = {}

local function steps(list)
  local shown = kordless.json.array({})
  for i, step in ipairs(list) do
    shown[i] = {
      tier = step.tier, rule = step.rule, effect = step.effect, message = step.message,
      code = or_null(step.code), hostId = or_null(step.host_id), source = or_null(step.place),
    }
  end
  return shown
end

local function candidate(one)
  local who = one.who
  return {
    hostId = or_null(who.id),
    teamId = or_null(who.team and who.team.id),
    host = who.host and { id = who.id, displayName = who.host.display_name } or kordless.json.null,
    bookable = one.bookable,
    trace = steps(one.trace),
  }
end

-- told: explain.start; ask: what it was asked.
function view.explained(told, ask, service, policy)
  local hosts, verdict = kordless.json.array({}), told.verdict
  for i, one in ipairs(told.hosts) do
    hosts[i] = candidate(one)
  end
  return {
    at = kordless.time.format(ask.start),
    endsAt = kordless.time.format(ask.start + service.duration_minutes * 60),
    partySize = ask.party_size,
    serviceId = service.key,
    policy = policy,
    trace = steps(told.trace),
    hosts = hosts,
    verdict = {
      bookable = verdict.bookable,
      status = verdict.status,
      code = or_null(verdict.code),
      violations = kordless.json.array(verdict.violations or {}),
    },
  }
end

return view
