-- The organization's routes of services.

local fields = require("services.fields")
local outcome = require("services.outcome")
local page = require("services.page")
local patch = require("services.patch")
local rules = require("services.offer_rules")
local store = require("services.offer_store")

local offers = {}

local SERVICES = { table = "service", plural = "services", prefix = "srv_" }

function offers.list_services(req)
  return page.answer(req, SERVICES, store.list, rules.shown)
end

function offers.show_service(req)
  local row = store.find(req.organization.id, req.params.service)
  if not row then
    return nil, "not_found"
  end
  return 200, { service = rules.shown(row) }
end

function offers.create_service(req)
  local body = patch.pick(req.body, rules.MEMBERS)
  local _, faults = rules.changed(nil, body)
  if faults[1] then
    return fields.refusal(faults)
  end
  return outcome.of(req, "create_service", { id = kordless.id("srv_"), body = body })
end

-- Faults are told before the writer is asked; it looks again, at the service as it is then.
function offers.change_service(req)
  local body = patch.pick(req.body, rules.MEMBERS)
  local row = store.find(req.organization.id, req.params.service)
  if not row then
    return nil, "not_found"
  end
  local _, faults = rules.changed(row, body)
  if faults[1] then
    return fields.refusal(faults)
  end
  return outcome.of(req, "change_service", { id = row.id, body = body })
end

function offers.archive_service(req)
  return outcome.of(req, "archive_service", { name = req.params.service })
end

return offers
