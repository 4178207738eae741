-- What of an object changed, for the audit: small values as they were and are, of others only
-- that they did. Pure.

local changes = {}

local LONGEST = 40 -- characters of a text that is told

local dull = { created_at = true, updated_at = true, version = true }

-- Of people only that something changed: rows of the audit stay for ever.
local personal = { displayName = true, email = true }

local function is_object(value)
  return type(value) == "table" and not kordless.json.is_array(value)
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  return kordless.json.encode(a) == kordless.json.encode(b)
end

local function told(value)
  if value == nil then
    return kordless.json.null
  end
  local short = type(value) ~= "table" and (type(value) ~= "string" or #value <= LONGEST)
  return short and value or nil
end

local function note(list, name, before, after)
  local from, to = told(before), told(after)
  if personal[name] or from == nil or to == nil then
    list[name] = true
  else
    list[name] = { from = from, to = to }
  end
end

-- before, after: an object as clients see it. nil when nothing changed. Settings inside it are
-- named "calendarSettings.buffer_after".
function changes.of(before, after)
  local list = {}
  local function look(old, new, path)
    local names = {}
    for name in pairs(old) do names[name] = true end
    for name in pairs(new) do names[name] = true end
    for name in pairs(names) do
      local a, b = old[name], new[name]
      if path == "" and name == "calendarSettings" and is_object(a) and is_object(b) then
        look(a, b, "calendarSettings.")
      elseif not dull[name] and not same(a, b) then
        note(list, path .. name, a, b)
      end
    end
  end
  look(before, after, "")
  return next(list) and { changed = list } or nil
end

return changes
