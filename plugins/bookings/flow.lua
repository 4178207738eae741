-- How a booking is made and moved: decide on a snapshot, commit on the writer, and decide
-- again when what was decided on has changed meanwhile.

local contact = require("bookings.contact")
local customer = require("bookings.customer")
local draft = require("bookings.draft")
local holds = require("bookings.hold_store")
local limits = require("bookings.limits")
local offer = require("availability.offer")
local policy = require("bookings.policy")
local rules = require("bookings.rules")
local services = require("services.store")
local slot_view = require("availability.view")
local versions = require("services.versions")
local worlds = require("availability.worlds")

local flow = {}

local ATTEMPTS = 3
local NO_HOLD = "There is no such hold, or it has run out. Check hold_id, or book without it."

-- Somebody was faster: the nearest times that whoever asks may have. ask.against: what else than
-- the customer's limits is in their way.
local function taken(world, ask)
  local broken = limits.of_contact(world, ask)
  local slots = offer.alternatives(world, ask, ask.against and ask.against(broken) or broken)
  return nil, "slot_taken", { alternatives = slot_view.alternatives(slots, world) }
end

function flow.refused(violations)
  local messages = {}
  for i, violation in ipairs(violations) do
    messages[i] = violation.message
  end
  return nil, "unprocessable",
    { detail = table.concat(messages, " "), violations = violations }
end

-- The reply of a transaction. One booking as its organization sees it has a version.
local function answer(result)
  return result.status, result.body, result.version and { ETag = versions.etag(result.version) }
end

local function join(first, ...)
  local all = first or {}
  for _, list in ipairs({ ... }) do
    table.move(list, 1, #list, #all + 1, all)
  end
  return all
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
    local world = worlds.of(service)
    local slots, violations = offer.decide(world, ask)
    violations = join(violations, limits.refusals(world, ask), customer.refusals(service, ask))
    if violations[1] then
      return flow.refused(violations)
    elseif not slots then
      return taken(world, ask)
    end
    local list = draft.candidates(world, slots, ask, keep)
    local all = args(service, world, list)
    all.limits = limits.bind(world, ask)
    local result = kordless.transaction(name, all)
    if result.taken then
      return taken(world, ask)
    elseif not result.changed then
      return answer(result)
    end
  end
  return nil, "conflict"
end

-- Reads the service and, when the booking takes the place of a hold, that hold: its slot
-- counts as free, and as its host's if it is the slot that is booked.
local function with_hold(req, asked, read)
  return function()
    local service, why, more = read()
    if not service or not asked.hold_id then
      return service, why, more
    end
    local hold = holds.hold(asked.hold_id, asked.now)
    if not hold or hold.organization_id ~= req.organization.id then
      return nil, "not_found", { detail = NO_HOLD }
    end
    asked.except = hold.id
    if hold.service_id == service.id and hold.start_at == asked.start then
      asked.host_id = asked.host_id or hold.host_id
    end
    return service
  end
end

-- asked: input.create. read: see settle. shape: "short" or "own".
function flow.create(req, asked, read, shape)
  local ids = { booking = kordless.id("book_"), token = kordless.crypto.token(32) }
  asked.email = contact.folded(asked.contact.email)
  asked.phone = contact.digits(asked.contact.phone)
  return settle("create", asked, nil, with_hold(req, asked, read), function(service, world, list)
    local row = draft.row(ids, service, world, asked)
    return {
      row = row,
      plan = draft.plan(ids.booking, service, asked, row.status),
      candidates = list,
      catalogue = world.version,
      counted = asked.counted,
      hold = asked.hold_id,
      view = shape,
      ics_url = req.public_url .. "/api/calendar/v1/public/bookings/" .. ids.token .. ".ics",
    }
  end)
end

-- Keeps a slot for `ttl` seconds. asked: input.hold.
function flow.hold(asked, read)
  local id = kordless.id("hold_")
  return settle("hold", asked, nil, read, function(service, world, list)
    asked.expires_at = asked.now + asked.ttl
    return {
      row = {
        id = id, organization_id = service.organization_id, service_id = service.id,
        team_id = world.team_id, start_at = asked.start, end_at = asked.finish,
        party_size = asked.party_size, created_at = asked.now, expires_at = asked.expires_at,
      },
      plan = draft.plan(id, service, asked, "hold"),
      candidates = list,
      catalogue = world.version,
    }
  end)
end

-- Who changes a booking: how it is answered, why it may not be (row, service, act, to), and
-- what is against another start of it, beside the rules.
-- The notice and the script's `cancel` and `reschedule` are rules for customers.
flow.customer = {
  view = "short",
  frozen = function(row, service, act, to)
    local violations = rules.frozen(row, service, kordless.now())
    return violations[1] and violations or policy.change(act, row, service, to)
  end,
  against = policy.against,
}
flow.organization = { view = "own", frozen = rules.gone, against = function(_, _, broken)
  return broken
end }

-- What a booking that moves keeps: its size, and where customers choose it its host, unless
-- another is asked for. Where it has none, made before customers chose, any will do.
function flow.as_before(asked, row, service)
  asked.party_size, asked.except, asked.any_host = row.party_size, row.id, row.host_id == nil
  asked.email, asked.phone = row.email_folded, row.phone_digits
  asked.host_id = asked.wanted_host
    or service.fulfillment == "specific_host" and row.host_id or nil
end

-- Moves a booking; read_booking() gives its present row, or nil and an error. asked:
-- input.reschedule. by: flow.customer or flow.organization.
function flow.reschedule(read_booking, asked, by)
  local row, why = read_booking()
  if not row then
    return nil, why
  end
  local function read()
    row, why = read_booking()
    if not row then
      return nil, why
    end
    local service = services.service(row.service_id)
    flow.as_before(asked, row, service)
    asked.against = function(broken) return by.against(row, service, broken) end
    local frozen = by.frozen(row, service, "reschedule", asked)
    if frozen[1] then
      return flow.refused(frozen)
    end
    return service
  end
  return settle("reschedule", asked, row.host_id, read, function(service, world, list)
    return {
      id = row.id,
      version = row.version,
      catalogue = world.version,
      plan = draft.plan(row.id, service, asked, row.status),
      candidates = list,
      team_id = world.team_id,
      timezone = asked.timezone,
      notes = asked.notes,
      policy = policy.hash(),
      now = asked.now,
      view = by.view,
    }
  end)
end

-- Changes a booking in place, again when it changed meanwhile. check(row) says what is
-- against it; more: further arguments of the transaction.
local function change(name, read_booking, check, more)
  for _ = 1, ATTEMPTS do
    local row, why = read_booking()
    if not row then
      return nil, why
    end
    local against = check(row)
    if against[1] then
      return flow.refused(against)
    end
    more.id, more.version, more.now = row.id, row.version, kordless.now()
    local result = kordless.transaction(name, more)
    if result.taken then
      local service = services.service(row.service_id)
      local ask = { start = row.start_at, now = more.now, party_size = row.party_size,
        except = row.id, email = row.email_folded, phone = row.phone_digits }
      return taken(worlds.of(service), ask)
    elseif not result.changed then
      return answer(result)
    end
  end
  return nil, "conflict"
end

function flow.cancel(read_booking, by, reason)
  return change("cancel", read_booking, function(row)
    return by.frozen(row, services.service(row.service_id), "cancel")
  end, { view = by.view, reason = reason })
end

-- Accepts a booking that waits for approval.
function flow.confirm(read_booking)
  return change("confirm", read_booking, rules.decided, {})
end

-- What the organization notes of a booking. patch: {notes?, outcome?}, null clears.
function flow.annotate(read_booking, patch)
  return change("annotate", read_booking, function() return {} end, { patch = patch })
end

return flow
