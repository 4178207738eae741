-- What is counted of a line of rotations has the id of its first key. People know the one that
-- goes on: it is told by that.
local lines = {}

local PAGES = 3 -- of 100 keys, newest first: a line that is older keeps its first key

-- Rows by key, each with the newest key of its line instead of its first.
function lines.newest(organization_id, rows)
  local wanted, left, cursor, seen = {}, 0, nil, {}
  for _, row in ipairs(rows) do
    if not wanted[row.name] then
      wanted[row.name], left = true, left + 1
    end
  end
  for _ = 1, PAGES do
    local keys = left > 0 and kordless.keys.list({ organization_id = organization_id,
      cursor = cursor }) or {}
    for _, key in ipairs(keys) do
      if wanted[key.line] and not key.rotated_to and not seen[key.line] then
        seen[key.line], left = key, left - 1
      end
    end
    cursor = #keys > 100 and keys[100].id
    if not cursor then
      break
    end
  end
  for _, row in ipairs(rows) do
    local key = seen[row.name]
    if key then
      row.name, row.label, row.last4 = key.id, key.label, key.last4
    end
  end
  return rows
end

return lines
