-- Puts a booking into the ledger and takes it out again. Runs in transactions; what fits
-- is for the ledger's triggers to say.

local occupancy = require("availability.occupancy")
local store = require("bookings.store")

local ledger = {}

-- What the ledger refuses is an answer; any other error is one.
local function accepted(change, ...)
  local ok, err = pcall(change, ...)
  if not ok and not (type(err) == "table" and err.code == "constraint") then
    error(err, 0)
  end
  return ok
end

local function claim(row)
  return accepted(store.add_claim, row)
end

local function ensure(subject, organization_id, capacity)
  local row = store.subject(subject)
  if not row then
    store.add_subject(subject, organization_id, capacity)
  elseif row.capacity ~= capacity then
    return accepted(store.set_capacity, subject, capacity)
  end
  return true
end

-- One claim on each host of a candidate. False when one does not fit; those before it
-- are the caller's to drop.
local function claim_hosts(plan, who, kind, owner)
  local b0, b1 = occupancy.reach(plan.service, plan.start)
  for _, host_id in ipairs(who.hosts) do
    if not ensure(host_id, plan.organization_id, 1)
      or not claim({ subject = host_id, kind = kind, b0 = b0, b1 = b1, units = 1, owner = owner })
    then
      return false
    end
  end
  return true
end

-- Whether the hosts give this session already, for as long as it now is, and nothing
-- landed on it since: the trigger does not look at a session's hosts again.
local function running(plan, who, session)
  local b0, b1 = occupancy.reach(plan.service, plan.start)
  for _, host_id in ipairs(who.hosts) do
    if not store.session_claim(host_id, session, b0, b1) or store.blocked(host_id, b0, b1) then
      return false
    end
  end
  return true
end

local function close_session(session)
  if not store.has_claims(session) then
    store.drop_claims(session)
    store.drop_subject(session)
  end
end

-- The first booking of a session brings its hosts; each takes its places of it.
local function claim_session(plan, who, session)
  local given
  if store.has_claims(session) then
    given = running(plan, who, session)
  else
    given = claim_hosts(plan, who, "booking", session)
  end
  return given and ensure(session, plan.organization_id, plan.service.max_parallel_bookings)
    and claim({
      subject = session, kind = plan.kind, b0 = plan.start, b1 = plan.finish,
      units = plan.units, owner = plan.booking_id,
    })
end

-- plan: {booking_id, organization_id, service, kind, units, start, finish}; service has
-- id, duration_minutes, buffer_before, buffer_after, max_parallel_bookings.
-- True and the session (if any) when `who` took it; false, and nothing of it left, when not.
function ledger.place(plan, who)
  local session
  local fits
  if plan.service.max_parallel_bookings > 1 then
    session = occupancy.session(plan.service, who, plan.start)
    fits = claim_session(plan, who, session)
  else
    fits = claim_hosts(plan, who, plan.kind, plan.booking_id)
  end
  if not fits then
    ledger.release(plan.booking_id, session)
  end
  return fits, session
end

-- Asks the candidates in turn. The one that took it and its session; nil when none did.
function ledger.place_any(plan, candidates)
  for _, who in ipairs(candidates) do
    local fits, session = ledger.place(plan, who)
    if fits then
      return who, session
    end
  end
end

function ledger.release(booking_id, session)
  store.drop_claims(booking_id)
  if session then
    close_session(session)
  end
end

-- What a booking held until it was accepted is its own. False when its hosts are away by
-- now; what is left of it then is the caller's to undo.
function ledger.confirm(booking_id, session)
  local held = store.claims_of(booking_id)
  store.drop_claims(booking_id)
  for _, host in ipairs(session and store.claims_of(session) or {}) do
    if store.blocked(host.subject, host.b0, host.b1) then
      return false
    end
  end
  for _, row in ipairs(held) do
    row.kind = "booking"
    if not claim(row) then
      return false
    end
  end
  return true
end

return ledger
