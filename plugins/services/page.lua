-- Pages of a list. A cursor is a mark of the filters, and the sort value and id of the last
-- row seen: a place means nothing in another list. Pure, but for the reading it is given.

local fields = require("services.fields")

local page = {}

local function mark(asked)
  return kordless.crypto.hash(kordless.json.encode({
    asked.organization_id, asked.table, asked.status or "", asked.updated_since or "",
    asked.from or "", asked.to or "",
  })):sub(1, 16)
end

-- Where to go on, {at, id}; nil when the cursor is none of this list.
local function place(asked, prefix)
  local seal, at, id = asked.cursor:match("^(%x+)_([%d-]*)_(%l+_%w+)$")
  if seal ~= mark(asked) or #at > 12 or #id ~= #prefix + 26 or id:sub(1, #prefix) ~= prefix then
    return nil
  end
  if asked.by == "updated_at" then
    at = tonumber(at)
  end
  return at and { at = at, id = id }
end

-- list: {table, plural, prefix, by?}, by: the column it is sorted by, if not the id alone;
-- with updated_since it is by update. read(asked) gives one row more than a page has if there
-- are more.
function page.answer(req, list, read, show)
  local query = req.query
  local asked = {
    table = list.table, organization_id = req.organization.id, limit = query.limit,
    cursor = query.cursor, status = query.status, from = query.from, to = query.to,
    updated_since = fields.asked(query.updated_since),
  }
  asked.by = asked.updated_since and "updated_at" or list.by
  if asked.cursor then
    asked.after = place(asked, list.prefix)
    if not asked.after then
      return fields.refusal({ "cursor is none of this list; begin without one" })
    end
  end
  local rows, shown, cursor = read(asked), kordless.json.array({}), kordless.json.null
  for i = 1, math.min(#rows, asked.limit) do
    shown[i] = show(rows[i])
  end
  if #rows > asked.limit then
    local last = rows[asked.limit]
    cursor = mark(asked) .. "_" .. (asked.by and last[asked.by] or "") .. "_" .. last.id
  end
  return 200, { [list.plural] = shown, next_cursor = cursor }
end

return page
