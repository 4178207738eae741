-- What an organization does with its bookings. The customer's notice does not bind it, the
-- ledger does.

local catalogue = require("availability.store")
local cursors = require("bookings.cursor")
local fields = require("services.fields")
local flow = require("bookings.flow")
local input = require("bookings.input")
local moves = require("bookings.moves")
local services = require("services.store")
local store = require("bookings.store")
local versions = require("services.versions")
local view = require("bookings.view")

local desk = {}

-- Reads the booking of the path: its row; or nil and "not_found", or "precondition_failed"
-- when it is not of the version that the caller means.
local function reader(req)
  return function()
    local row = store.booking(req.params.id)
    if not row or row.organization_id ~= req.organization.id then
      return nil, "not_found"
    end
    if not versions.is_meant(req.if_match, row.version) then
      return nil, "precondition_failed"
    end
    return row
  end
end

function desk.list(req)
  local asked, faults = input.list(req.query)
  local after, bad
  if not faults[1] then
    after, bad = cursors.read(req.organization.id, asked, "book_")
  end
  if bad then
    fields.fault(faults, "cursor", "is none of this list; begin without one")
  end
  if faults[1] then
    return fields.refusal(faults)
  end
  local rows = store.list(req.organization.id, asked, after)
  local shown = kordless.json.array({})
  for i = 1, math.min(#rows, asked.limit) do
    shown[i] = view.own(rows[i])
  end
  local more = #rows > asked.limit
  return 200, {
    bookings = shown,
    next_cursor = more and cursors.write(req.organization.id, asked, rows[asked.limit])
      or kordless.json.null,
  }
end

function desk.create_own(req)
  local asked, faults = input.create(req.body)
  if faults[1] then
    return fields.refusal(faults)
  end
  return flow.create(req, asked, function()
    local service = services.service_by_slug(req.organization.id, asked.service_slug)
    if not service or service.status ~= "active" then
      return nil, "not_found"
    end
    return service
  end, "own")
end

function desk.get(req)
  local row, why = reader(req)()
  if not row then
    return nil, why
  end
  return 200, { booking = view.own(row) }, { ETag = versions.etag(row.version) }
end

function desk.slots_own(req)
  local asked, faults = input.slots(req.query)
  if faults[1] then
    return fields.refusal(faults)
  end
  local row, why = reader(req)()
  local host = req.query.host_id
  if not row or host and not catalogue.has_host(req.organization.id, host) then
    return nil, why or "not_found"
  end
  return moves.of_organization(row, asked)
end

function desk.annotate(req)
  return flow.annotate(reader(req), input.patch(req.body))
end

function desk.cancel_own(req)
  local reason = fields.text(fields.optional(req.body).reason)
  return flow.cancel(reader(req), flow.organization, reason)
end

function desk.reschedule_own(req)
  return flow.reschedule(reader(req), input.reschedule(req.body), flow.organization)
end

function desk.confirm(req)
  return flow.confirm(reader(req))
end

return desk
