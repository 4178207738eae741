-- How a booking is made and moved: decide on a snapshot, commit on the writer, and decide
-- again when what was decided on has changed meanwhile.

local availability = require("availability.store")
local contact = require("bookings.contact")
local customer = require("bookings.customer")
local offer = require("availability.offer")
local policy = require("bookings.policy")
local rules = require("bookings.rules")
local services = require("services.store")
local slot_view = require("availability.view")
local store = require("bookings.store")

local flow = {}

local ATTEMPTS = 3
local CANDIDATES = 50 -- asked in turn on the writer; more than 50 lost races are a crowd

local function taken(world, ask)
  local slots = offer.alternatives(world, ask)
  return nil, "slot_taken", { alternatives = slot_view.alternatives(slots) }
end

function flow.refused(violations)
  local messages = {}
  for i, violation in ipairs(violations) do
    messages[i] = violation.message
  end
  return nil, "unprocessable",
    { detail = table.concat(messages, " "), violations = violations }
end

-- Who is asked, in order, as plain data.
local function candidates(slots, now, keep)
  local ids, list = {}, {}
  for _, slot in ipairs(slots) do
    ids[#ids + 1] = slot.who.id
  end
  rules.order(slots, #slots > 1 and store.loads(ids, now) or {}, keep)
  for i = 1, math.min(#slots, CANDIDATES) do
    local who = slots[i].who
    list[i] = { key = who.key, id = who.id, hosts = who.hosts }
  end
  return list
end

local function plan(booking_id, service, ask, kind)
  return {
    booking_id = booking_id,
    organization_id = service.organization_id,
    service = {
      id = service.id,
      duration_minutes = service.duration_minutes,
      buffer_before = service.buffer_before,
      buffer_after = service.buffer_after,
      max_parallel_bookings = service.max_parallel_bookings,
    },
    kind = kind,
    units = ask.party_size,
    start = ask.start,
    finish = ask.finish,
  }
end

-- Decides and commits, at most three times. read() gives the service, or nil and an
-- error to answer; args(service, world, candidates) the transaction's arguments.
local function settle(name, ask, keep, read, args)
  for _ = 1, ATTEMPTS do
    ask.now = kordless.now()
    local service, why, more = read()
    if not service then
      return nil, why, more
    end
    local world = availability.world(service)
    local slots, violations = offer.decide(world, ask)
    local refusals = customer.refusals(service, ask)
    if violations or refusals[1] then
      return flow.refused(table.move(refusals, 1, #refusals, #(violations or {}) + 1,
        violations or {}))
    elseif not slots then
      return taken(world, ask)
    end
    local result =
      kordless.transaction(name, args(service, world, candidates(slots, ask.now, keep)))
    if result.taken then
      return taken(world, ask)
    elseif not result.changed then
      return result.status, result.body
    end
  end
  return nil, "conflict"
end

-- The columns of a new booking that the snapshot decides.
local function new_row(ids, service, world, asked)
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

-- asked: input.create. read: see settle. shape: "short" or "own".
function flow.create(req, asked, read, shape)
  local ids = { booking = kordless.id("book_"), token = kordless.crypto.token(32) }
  return settle("create", asked, nil, read, function(service, world, list)
    local row = new_row(ids, service, world, asked)
    return {
      row = row,
      plan = plan(ids.booking, service, asked, row.status == "pending" and "pending" or "booking"),
      candidates = list,
      catalogue = world.version,
      counted = asked.counted,
      view = shape,
      ics_url = req.public_url .. "/api/calendar/v1/public/bookings/" .. ids.token .. ".ics",
    }
  end)
end

-- Why a booking cannot be moved or canceled by its contact now.
function flow.frozen(row, service, act, to)
  local violations = rules.frozen(row, service, kordless.now())
  if not violations[1] then
    violations = policy.change(act, row, service, to)
  end
  return violations[1] and violations
end

-- What a booking that moves keeps: its size, and where customers choose it its host.
function flow.as_before(asked, row, service)
  asked.party_size, asked.except = row.party_size, row.id
  asked.host_id = service.fulfillment == "specific_host" and row.host_id or nil
end

-- Moves a booking; read_booking() gives its present row. asked: input.reschedule.
function flow.reschedule(read_booking, asked)
  local row = read_booking()
  local function read()
    row = read_booking()
    local service = services.service(row.service_id)
    flow.as_before(asked, row, service)
    local frozen = flow.frozen(row, service, "reschedule", asked)
    if frozen then
      return flow.refused(frozen)
    end
    return service
  end
  return settle("reschedule", asked, row.host_id, read, function(service, world, list)
    return {
      id = row.id,
      version = row.version,
      catalogue = world.version,
      plan = plan(row.id, service, asked, row.status == "pending" and "pending" or "booking"),
      candidates = list,
      timezone = asked.timezone,
      notes = asked.notes,
      policy = policy.hash(),
      now = asked.now,
    }
  end)
end

-- Cancels a booking.
function flow.cancel(read_booking)
  for _ = 1, ATTEMPTS do
    local row = read_booking()
    local frozen = flow.frozen(row, services.service(row.service_id), "cancel")
    if frozen then
      return flow.refused(frozen)
    end
    local result = kordless.transaction("cancel",
      { id = row.id, version = row.version, now = kordless.now() })
    if not result.changed then
      return result.status, result.body
    end
  end
  return nil, "conflict"
end

return flow
