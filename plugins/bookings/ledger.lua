-- Puts a booking into the ledger and takes it out again. Runs in transactions; what fits
-- is for the ledger's triggers to say.

local holds = require("bookings.hold_store")
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

local function close_session(session)
  if not store.has_claims(session) then
    store.drop_claims(session)
    store.drop_subject(session)
  end
end

-- Takes away holds that ran out, and sessions that nobody is left in.
local function drop(expired)
  for _, row in ipairs(expired) do
    holds.drop_claim(row.id)
    if row.subject:find("/", 1, true) then
      close_session(row.subject)
    end
  end
end

local SWEEP = 100 -- those in nobody's way, a few with every write

function ledger.sweep(now)
  drop(holds.expired(now, SWEEP))
  holds.drop_expired(now)
end

-- One claim on each host of a candidate. False when one does not fit; those before it
-- are the caller's to drop.
local function claim_hosts(plan, who, kind, owner)
  local b0, b1 = occupancy.reach(plan.service, plan.start)
  for _, host_id in ipairs(who.hosts) do
    if not ensure(host_id, plan.organization_id, 1)
      or not claim({
        subject = host_id, kind = kind, b0 = b0, b1 = b1, units = 1, owner = owner,
        expires_at = kind == "hold" and plan.expires_at or nil,
      })
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
      units = plan.units, owner = plan.owner, expires_at = plan.expires_at,
    })
end

-- plan: {owner, organization_id, service, kind, units, start, finish, now, expires_at?}; owner
-- is a booking or a hold, which alone has expires_at; service has
-- id, duration_minutes, buffer_before, buffer_after, max_parallel_bookings.
-- True and the session (if any) when `who` took it; false, and nothing of it left, when not.
function ledger.place(plan, who)
  local session
  local b0, b1 = occupancy.reach(plan.service, plan.start)
  for _, host_id in ipairs(who.hosts) do
    drop(holds.expired_near(host_id, b0, b1, plan.now))
  end
  local fits
  if plan.service.max_parallel_bookings > 1 then
    session = occupancy.session(plan.service, who, plan.start)
    drop(holds.expired_in(session, plan.now))
    fits = claim_session(plan, who, session)
  else
    fits = claim_hosts(plan, who, plan.kind, plan.owner)
  end
  if not fits then
    ledger.release(plan.owner, session)
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

-- owner: of a booking or a hold.
function ledger.release(owner, session)
  store.drop_claims(owner)
  if session then
    close_session(session)
  end
end

-- Lays an owner's claims anew, each changed. False when its hosts, or those of its session, are
-- away by now; what is left of it then is the caller's to undo.
local function lay_again(owner, session, change)
  local held = store.claims_of(owner)
  store.drop_claims(owner)
  for _, host in ipairs(session and store.claims_of(session) or {}) do
    if store.blocked(host.subject, host.b0, host.b1) then
      return false
    end
  end
  for _, row in ipairs(held) do
    change(row)
    if not claim(row) then
      return false
    end
  end
  return true
end

-- What a booking held until it was accepted is its own.
function ledger.confirm(booking_id, session)
  return lay_again(booking_id, session, function(row) row.kind = "booking" end)
end

-- Lets a hold's claims run out later.
function ledger.extend(hold_id, session, expires_at)
  return lay_again(hold_id, session, function(row) row.expires_at = expires_at end)
end

local PIECE = 172800 -- no claim is longer

-- Keeps everybody out of a host's time from now on. row: of time_off.
function ledger.block(row)
  ensure(row.host_id, row.organization_id, 1)
  for b0 = row.start_at, row.end_at - 1, PIECE do
    store.add_claim({
      subject = row.host_id, kind = row.kind, b0 = b0, b1 = math.min(b0 + PIECE, row.end_at),
      units = 1, owner = row.id,
    })
  end
end

return ledger
