-- JSON Merge Patch (RFC 7396): what is absent stays, null clears, objects are merged and all
-- else is replaced. Pure.

local patch = {}

local function is_object(value)
  return type(value) == "table" and not kordless.json.is_array(value)
end

-- A new value; neither argument is changed.
function patch.merge(target, change)
  if not is_object(change) then
    return change
  end
  local merged = {}
  for name, value in pairs(is_object(target) and target or {}) do
    merged[name] = value
  end
  for name, value in pairs(change) do
    if value == kordless.json.null then
      merged[name] = nil
    else
      merged[name] = patch.merge(merged[name], value)
    end
  end
  return merged
end

-- Only the members of these names: what else a client sends is ignored.
function patch.pick(body, names)
  local picked = {}
  for _, name in ipairs(names) do
    picked[name] = body[name]
  end
  return picked
end

return patch
