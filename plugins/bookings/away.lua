-- When hosts are away or busy elsewhere, as their organization notes it.

local availability = require("availability.store")
local cursors = require("bookings.cursor")
local fields = require("services.fields")
local input = require("bookings.input")
local store = require("bookings.away_store")
local view = require("bookings.hold_view")

local away = {}

local TOLD = 100 -- overlapping bookings in one answer

function away.leave(req)
  local asked, faults = input.away(req.body)
  if faults[1] then
    return fields.refusal(faults)
  end
  local own, host_id = req.organization.id, req.params.id
  if not availability.has_host(own, host_id) then
    return nil, "not_found"
  end
  local answer = kordless.transaction("leave", { most = TOLD, row = {
    id = kordless.id("off_"), organization_id = own, host_id = host_id, kind = asked.kind,
    start_at = asked.start, end_at = asked.finish, note = asked.note,
    created_at = kordless.now(),
  } })
  return answer.status, answer.body
end

function away.list_away(req)
  local host_id = req.params.id
  local asked, faults = input.list(req.query)
  asked.host_id = host_id
  local after, bad
  if not faults[1] then
    after, bad = cursors.read(req.organization.id, asked, "off_")
  end
  if bad then
    fields.fault(faults, "cursor", "is none of this list; begin without one")
  end
  if faults[1] then
    return fields.refusal(faults)
  end
  if not availability.has_host(req.organization.id, host_id) then
    return nil, "not_found"
  end
  local rows, shown = store.list(host_id, asked, after), kordless.json.array({})
  for i = 1, math.min(#rows, asked.limit) do
    shown[i] = view.away(rows[i])
  end
  return 200, {
    time_off = shown,
    next_cursor = #rows > asked.limit
      and cursors.write(req.organization.id, asked, rows[asked.limit]) or kordless.json.null,
  }
end

function away.come_back(req)
  local row = store.one(req.params.time_off_id)
  if not row or row.organization_id ~= req.organization.id or row.host_id ~= req.params.id then
    return nil, "not_found"
  end
  kordless.transaction("come_back", { id = row.id })
  return 204
end

-- Of a host that is removed nothing is kept of when it was away. (What a crash in between leaves
-- is in nobody's way.)
function away.on_change(told)
  local what = told.data
  if what.object == "host" and what.change == "deleted" then
    kordless.transaction("forget_host", { id = what.id })
  end
end

return away
