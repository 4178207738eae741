-- What a worker hands to the writer: a booking's row, what it takes of the ledger, and who
-- is asked in which order. Plain data.

local contact = require("bookings.contact")
local limits = require("bookings.limits")
local offers = require("availability.policy")
local policy = require("bookings.policy")
local rules = require("bookings.rules")
local store = require("bookings.store")

local draft = {}

local CANDIDATES = 50 -- asked in turn on the writer; more than 50 lost races are a crowd

-- What decides among several: the script's ranks, and upcoming bookings by host.
local function compared(world, slots, ask)
  if not slots[2] then
    return {}
  end
  local ids, ranks = {}, offers.ranks(world, ask, slots) or {}
  for i, slot in ipairs(slots) do
    ids[i] = slot.who.id
    slot.rank = offers.rank(ranks[i])
  end
  return store.loads(ids, ask.now)
end

-- keep: the host who is asked first. limits: what the candidate's own bookings may be.
function draft.candidates(world, slots, ask, keep)
  local list = {}
  rules.order(slots, compared(world, slots, ask), keep)
  for i = 1, math.min(#slots, CANDIDATES) do
    local who = slots[i].who
    list[i] = {
      key = who.key, id = who.id, hosts = who.hosts, limits = limits.of_host(world, ask, who.id),
    }
  end
  return list
end

local kinds = { confirmed = "booking", pending = "pending", hold = "hold" }

-- See ledger.place. owner: a booking or a hold. status: the booking's, or "hold".
function draft.plan(owner, service, ask, status)
  return {
    owner = owner,
    organization_id = service.organization_id,
    service = {
      id = service.id,
      duration_minutes = service.duration_minutes,
      buffer_before = service.buffer_before,
      buffer_after = service.buffer_after,
      max_parallel_bookings = service.max_parallel_bookings,
    },
    kind = kinds[status],
    now = ask.now,
    expires_at = ask.expires_at,
    units = ask.party_size,
    start = ask.start,
    finish = ask.finish,
  }
end

-- The columns of a new booking that the snapshot decides. ids: {booking, token}
function draft.row(ids, service, world, asked)
  local required = service.approval == "required"
  return {
    id = ids.booking,
    organization_id = service.organization_id,
    service_id = service.id,
    team_id = world.team_id,
    status = required and "pending" or "confirmed",
    start_at = asked.start,
    end_at = asked.finish,
    timezone = asked.timezone,
    party_size = asked.party_size,
    contact_name = asked.contact.name,
    contact_email = asked.contact.email,
    contact_phone = asked.contact.phone,
    email_folded = contact.folded(asked.contact.email),
    phone_digits = contact.digits(asked.contact.phone),
    notes = asked.notes,
    price = policy.price(service, asked),
    currency = service.currency,
    policy = policy.hash(),
    ics_hash = kordless.crypto.hash(ids.token),
    sequence = 0,
    created_at = asked.now,
    updated_at = asked.now,
    version = 1,
  }
end

return draft
