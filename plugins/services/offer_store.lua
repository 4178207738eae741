-- SQL of services, as the organization changes them.

local lists = require("services.list_store")

local store = {}

local columns = {
  "slug", "name", "description", "category", "status", "visibility", "fulfillment", "team_id",
  "approval", "duration_minutes", "slot_interval_minutes", "buffer_before", "buffer_after",
  "minimum_notice_minutes", "booking_window_days", "max_parallel_bookings", "timezone",
  "location_type", "location_value", "notice_hours", "policy_text", "price", "currency",
  "metadata", "limits",
}
local insert = "INSERT INTO service (" .. table.concat(columns, ", ")
  .. ", id, organization_id, key, created_at, updated_at) VALUES ("
  .. string.rep("?", #columns + 5, ", ") .. ")"
local update = "UPDATE service SET " .. table.concat(columns, " = ?, ")
  .. " = ?, updated_at = ? WHERE id = ?"

-- The values of a row in the columns' order, then more.
local function values(row, ...)
  local list = {}
  for i, column in ipairs(columns) do
    local value = row[column]
    if value == nil then
      value = kordless.json.null
    end
    list[i] = value
  end
  return table.unpack(table.move({ ... }, 1, select("#", ...), #columns + 1, list))
end

function store.add(organization_id, service, now)
  kordless.db.exec(insert, values(service, service.id, organization_id, service.key, now, now))
end

function store.set(service, now)
  kordless.db.exec(update, values(service, now, service.id))
end

-- Who comes first in the list is asked first.
function store.set_hosts(service)
  kordless.db.exec("DELETE FROM service_host WHERE service_id = ?", service.id)
  for priority, host_id in ipairs(service.host_ids) do
    kordless.db.exec(
      "INSERT INTO service_host (service_id, host_id, priority) VALUES (?, ?, ?)",
      service.id, host_id, priority)
  end
end

local function with_hosts(services)
  local ids, by_id = {}, {}
  for i, service in ipairs(services) do
    ids[i], by_id[service.id], service.host_ids = service.id, service, {}
  end
  local rows = #ids > 0 and kordless.db.query("SELECT service_id, host_id FROM service_host"
    .. " WHERE service_id IN (" .. lists.marks(ids) .. ") ORDER BY priority, host_id",
    table.unpack(ids)) or {}
  for _, row in ipairs(rows) do
    local host_ids = by_id[row.service_id].host_ids
    host_ids[#host_ids + 1] = row.host_id
  end
  return services
end

function store.list(asked)
  return with_hosts(lists.page(asked))
end

-- name: its id or its slug; no slug has a "_".
function store.find(organization_id, name)
  return with_hosts(kordless.db.query(
    "SELECT * FROM service WHERE organization_id = ?1 AND (id = ?2 OR slug = ?2)",
    organization_id, name))[1]
end

-- Whether another service than `id` has this "slug" or "key".
function store.taken(organization_id, column, value, id)
  return kordless.db.one("SELECT 1 AS one FROM service WHERE organization_id = ? AND " .. column
    .. " = ? AND id <> ?", organization_id, value, id) ~= nil
end

function store.archive(id, now)
  kordless.db.exec("UPDATE service SET status = 'archived', updated_at = ? WHERE id = ?", now, id)
end

return store
