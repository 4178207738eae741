-- What is left to look at behind the schemas of plugin.lua: rules over two fields, and texts
-- that stand for times. A fault names the field as spelled on the route. Pure.

local fields = {}

function fields.fault(faults, name, why)
  faults[#faults + 1] = name .. " " .. why
end

-- What a handler returns when there are faults: all of them in one sentence.
function fields.refusal(faults)
  return nil, "validation_error", { detail = table.concat(faults, "; ") .. "." }
end

-- A body that need not be sent, or is null.
function fields.optional(body)
  return body ~= kordless.json.null and body or {}
end

-- Blank is as good as absent.
function fields.text(value)
  return value and value:find("%S") and value or nil
end

-- RFC 3339. Returns seconds, rounded down, and whether there was a fraction.
function fields.instant(text)
  return kordless.time.parse(text)
end

-- The same of a query, where a "+" that was not escaped arrives as a blank.
function fields.asked(text)
  if text and text:find(" ", 1, true) then
    text = text:gsub(" (%d%d:%d%d)$", "+%1")
  end
  if text then
    return kordless.time.parse(text)
  end
end

local LAST = 253402300799 -- the last second of the year 9999: no later one can be written

-- An end of a range: a fraction rounds up.
function fields.bound(text)
  local seconds, fraction = fields.asked(text)
  return fraction and math.min(seconds + 1, LAST) or seconds
end

return fields
