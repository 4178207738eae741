-- SQL that the lists of the catalogue share.

local lists = {}

-- Rows of one table, those of one organization; asked: page.answer.
function lists.page(asked)
  local where, args = { "organization_id = ?" }, { asked.organization_id }
  local function filter(condition, value)
    if value ~= nil then
      where[#where + 1], args[#args + 1] = condition, value
    end
  end
  filter("status = ?", asked.status)
  filter("updated_at >= ?", asked.updated_since)
  filter("last_date >= ?", asked.from)
  filter("first_date <= ?", asked.to)
  local order = asked.by and asked.by .. ", id" or "id"
  if asked.after and asked.by then
    where[#where + 1] = "(" .. order .. ") > (?, ?)"
    args[#args + 1], args[#args + 2] = asked.after.at, asked.after.id
  elseif asked.after then
    filter("id > ?", asked.after.id)
  end
  args[#args + 1] = asked.limit + 1
  return kordless.db.query("SELECT * FROM " .. asked.table .. " WHERE "
    .. table.concat(where, " AND ") .. " ORDER BY " .. order .. " LIMIT ?", table.unpack(args))
end

-- "?, ?, ?" for a list.
function lists.marks(list)
  return string.rep("?", #list, ", ")
end

-- Those of the ids that name no row of the organization; name: "host" or "team".
function lists.unknown(name, organization_id, ids)
  local args, found, unknown = { organization_id }, {}, {}
  table.move(ids, 1, #ids, 2, args)
  local rows = #ids > 0 and kordless.db.query("SELECT id FROM " .. name
    .. " WHERE organization_id = ? AND id IN (" .. lists.marks(ids) .. ")",
    table.unpack(args)) or {}
  for _, row in ipairs(rows) do
    found[row.id] = true
  end
  for _, id in ipairs(ids) do
    if not found[id] then
      unknown[#unknown + 1] = id
    end
  end
  return unknown
end

return lists
