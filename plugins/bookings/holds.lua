-- Holds: slots kept for somebody who is still filling in a form.

local fields = require("services.fields")
local flow = require("bookings.flow")
local input = require("bookings.input")
local services = require("services.store")
local store = require("bookings.hold_store")

local holds = {}

function holds.hold(req)
  local asked = input.hold(req.body)
  return flow.hold(asked, function()
    local service = services.service_by_slug(req.organization.id, asked.service_slug)
    if not service or service.status ~= "active" then
      return nil, "not_found"
    end
    return service
  end)
end

-- Runs `name` on the hold of the path, if it is the organization's and has not run out.
local function change(req, name, args)
  local row = store.hold(req.params.id, args.now)
  if not row or row.organization_id ~= req.organization.id then
    return nil, "not_found"
  end
  args.id = row.id
  local result = kordless.transaction(name, args)
  if result.gone then
    return nil, "not_found"
  elseif result.taken then
    return nil, "host_away"
  end
  return result
end

function holds.extend(req)
  local now = kordless.now()
  local minutes = fields.optional(req.body).ttl_minutes or 5
  local result, why = change(req, "extend", { now = now, expires_at = now + minutes * 60 })
  if not result then
    return nil, why
  end
  return result.status, result.body
end

function holds.release(req)
  local result, why = change(req, "release", { now = kordless.now() })
  if not result then
    return nil, why
  end
  return 204
end

return holds
