-- The organization's routes of schedules and closures.

local fields = require("services.fields")
local outcome = require("services.outcome")
local page = require("services.page")
local rules = require("services.hours_rules")
local store = require("services.hours_store")
local versions = require("services.versions")

local hours = {}

local CLOSURES = { table = "closure", plural = "closures", prefix = "clo_", by = "first_date" }

local PREFIX = { team = "team_", host = "host_", service = "srv_" }

function hours.list_schedules(req)
  local owner = req.query.owner
  return page.answer(req, { table = "schedule", plural = "schedules", prefix = PREFIX[owner] },
    function(asked)
      return store.schedules(asked, owner)
    end, rules.listed)
end

function hours.show_schedule(req)
  local id = store.owner(req.organization.id, req.params.owner, req.params.id)
  local row = id and store.schedule(id)
  if not row then
    return nil, "not_found"
  end
  return 200, { schedule = rules.shown(row) }, { ETag = versions.etag(row.version) }
end

function hours.put_schedule(req)
  local schedule, faults = rules.schedule(req.body)
  if faults[1] then
    return fields.refusal(faults)
  end
  return outcome.of(req, "put_schedule", {
    owner_kind = req.params.owner, owner = req.params.id,
    schedule = {
      timezone = schedule.timezone,
      weekly = kordless.json.encode(schedule.weekly),
      overrides = kordless.json.encode(schedule.overrides),
    },
  })
end

function hours.delete_schedule(req)
  return outcome.of(req, "delete_schedule",
    { owner_kind = req.params.owner, owner = req.params.id })
end

function hours.list_closures(req)
  return page.answer(req, CLOSURES, store.closures, rules.shown_closure)
end

function hours.create_closure(req)
  local closure, faults = rules.closure(kordless.id("clo_"), req.body)
  if faults[1] then
    return fields.refusal(faults)
  end
  return outcome.of(req, "create_closure", { closure = closure })
end

function hours.delete_closure(req)
  return outcome.of(req, "delete_closure", { id = req.params.id })
end

return hours
