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

-- Blank is as good as absent.
function fields.text(value)
  return value and value:find("%S") and value or nil
end

-- RFC 3339. Returns seconds, rounded down, and whether there was a fraction.
function fields.instant(text)
  return kordless.time.parse(text)
end

-- The end of a range, which stands in a query: a fraction rounds up, and a "+" that was not
-- escaped arrives as a blank.
function fields.bound(text)
  if not text then
    return nil
  end
  local seconds, fraction = kordless.time.parse((text:gsub(" (%d%d:%d%d)$", "+%1")))
  return fraction and seconds + 1 or seconds
end

return fields
