-- The place in a list where the next page begins: the last row's sort value and id, and a
-- mark of the filters, since a place means nothing in another list. Pure.

local cursor = {}

local function mark(organization_id, asked)
  local who = asked.contact or {}
  return kordless.crypto.hash(kordless.json.encode({
    organization_id, asked.from or "", asked.to or "", asked.status or "",
    asked.service_slug or "", asked.host_id or "", who.email or "", who.phone or "",
    asked.updated_since or "",
  })):sub(1, 16)
end

-- Returns {at, id}; or nil, "cursor" when it is none of this list. prefix: of its rows' ids.
function cursor.read(organization_id, asked, prefix)
  if not asked.cursor then
    return nil
  end
  local seal, at, id = asked.cursor:match("^(%x+)_(-?%d+)_(%l+_%w+)$")
  local own = at and id:find(prefix, 1, true) == 1 and #id == #prefix + 26
  at = own and #at <= 12 and tonumber(at)
  if not at or seal ~= mark(organization_id, asked) then
    return nil, "cursor"
  end
  return { at = at, id = id }
end

function cursor.write(organization_id, asked, row)
  local at = asked.updated_since and row.updated_at or row.start_at
  return mark(organization_id, asked) .. "_" .. at .. "_" .. row.id
end

return cursor
