-- What is taken: the ledger's claims of the hosts asked about, grouped for quick answers.
-- Pure. It says of one start what the ledger's trigger would say of the insert.

local occupancy = {}

-- The subject of the places of one session: a service of several places, given at one
-- start by one candidate.
function occupancy.session(service, who, start)
  return service.id .. "/" .. who.key .. "/" .. start
end

-- What a booking takes of its hosts' time: with the buffers.
function occupancy.reach(service, start)
  local length = service.duration_minutes * 60
  return start - service.buffer_before * 60, start + length + service.buffer_after * 60
end

-- Whether sessions are among what is taken: then store.used must say who is in them. One whose
-- places are all holds that ran out is empty.
function occupancy.has_sessions(claims)
  for _, claim in ipairs(claims) do
    if claim.owner:find("/", 1, true) then
      return true
    end
  end
  return false
end

-- claims: {subject, kind, b0, b1, owner} of hosts, without those of the booking that is
-- being moved. used: {subject, used}, units taken in each session of theirs.
-- known: true when `used` was asked for; a session it does not have is then empty.
function occupancy.build(service, claims, used, known)
  local taken = { service = service, hosts = {}, used = {} }
  for _, row in ipairs(used) do
    taken.used[row.subject] = row.used
  end
  for _, claim in ipairs(claims) do
    local host = taken.hosts[claim.subject]
    if not host then
      host = { busy = kordless.span.new(), blocked = kordless.span.new(), sessions = {} }
      taken.hosts[claim.subject] = host
    end
    local is_session = claim.owner:find("/", 1, true)
    if claim.kind == "time_off" or claim.kind == "busy" then
      host.blocked:add(claim.b0, claim.b1)
      host.busy:add(claim.b0, claim.b1)
    elseif not (is_session and known) or taken.used[claim.owner] then
      host.busy:add(claim.b0, claim.b1)
      host.sessions[claim.owner] = claim
    end
  end
  return taken
end

-- Nothing taken: what the rules alone allow.
function occupancy.none(service)
  return { service = service, hosts = {}, used = {} }
end

-- Whether a host stands in the way at `start`. In a session that runs already it is
-- there anyway, unless something landed on it since or the session is now too short.
local function in_the_way(host, session, a, b)
  local running = session and host.sessions[session]
  if running then
    return running.b0 > a or running.b1 < b or host.blocked:touches(a, b)
  end
  return host.busy:touches(a, b)
end

-- Places left for `who` at `start`, 0 when there are none.
function occupancy.free(taken, who, start)
  local service = taken.service
  local a, b = occupancy.reach(service, start)
  local session = service.max_parallel_bookings > 1
    and occupancy.session(service, who, start) or nil
  for _, id in ipairs(who.hosts) do
    local host = taken.hosts[id]
    if host and in_the_way(host, session, a, b) then
      return 0
    end
  end
  return service.max_parallel_bookings - (session and taken.used[session] or 0)
end

return occupancy
