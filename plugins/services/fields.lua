-- Looks at what a client sent, field by field. A checker takes the list of faults, the
-- field's name as spelled on the route, and the value as it came; it returns the value to
-- go on with, or nil after adding a fault. Faults are in the order of the calls.

local fields = {}

local function fault(faults, name, why)
  faults[#faults + 1] = name .. " " .. why
end
fields.fault = fault

-- JSON null is as good as absent.
local function given(value)
  return value ~= nil and value ~= kordless.json.null
end
fields.given = given

-- True when the value is there; a required one that is not is a fault.
local function wanted(faults, name, value, required)
  if given(value) then
    return true
  end
  if required then
    fault(faults, name, "is required")
  end
  return false
end

local function is_object(value)
  return type(value) == "table" and not kordless.json.is_array(value)
end

-- The body of a request: a JSON object, else an empty one and a fault.
function fields.body(faults, value)
  if is_object(value) then
    return value
  end
  fault(faults, "the body", "must be a JSON object")
  return {}
end

-- What a handler returns when there are faults: all of them in one sentence.
function fields.refusal(faults)
  return nil, "validation_error", { detail = table.concat(faults, "; ") .. "." }
end

-- options: max (characters), required
function fields.text(faults, name, value, options)
  if not wanted(faults, name, value, options.required) then
    return nil
  end
  if type(value) ~= "string" then
    return fault(faults, name, "must be a string")
  end
  if not value:find("%S") then
    if options.required then
      fault(faults, name, "must not be blank")
    end
    return nil
  end
  if (utf8.len(value) or #value) > options.max then
    return fault(faults, name, "must have at most " .. options.max .. " characters")
  end
  return value
end

function fields.slug(faults, name, value, required)
  if not wanted(faults, name, value, required) then
    return nil
  end
  if type(value) == "string" and #value <= 63 and value:find("^[a-z0-9][a-z0-9-]*$") then
    return value
  end
  return fault(faults, name,
    "must be a slug: lower-case letters, digits and hyphens, at most 63")
end

-- An id of ours by its prefix, or any other short word: what it names is looked up later.
function fields.id(faults, name, value)
  if not wanted(faults, name, value, false) then
    return nil
  end
  if type(value) == "string" and #value <= 40 and value:find("^[%w_-]+$") then
    return value
  end
  return fault(faults, name, "must be an identifier")
end

-- RFC 3339. Returns seconds, rounded down, and whether there was a fraction.
function fields.instant(faults, name, value, required)
  if not wanted(faults, name, value, required) then
    return nil
  end
  if type(value) ~= "string" then
    return fault(faults, name, "must be a string")
  end
  local seconds, fraction = kordless.time.parse(value)
  if not seconds then
    return fault(faults, name,
      "must be a time such as 2026-03-08T09:00:00Z, with Z or an offset")
  end
  return seconds, fraction
end

-- The same for the ends of a range, which stand in a query: a fraction rounds up, and a "+"
-- that was not escaped arrives as a blank.
function fields.bound(faults, name, value, required)
  local text = value and value:gsub(" (%d%d:%d%d)$", "+%1")
  local seconds, fraction = fields.instant(faults, name, text, required)
  return seconds and fraction and seconds + 1 or seconds
end

function fields.zone(faults, name, value, required)
  if not wanted(faults, name, value, required) then
    return nil
  end
  if type(value) == "string" and kordless.zone.known(value) then
    return value
  end
  return fault(faults, name, "must be a time zone such as America/New_York")
end

-- Numbers of a body, or the digits of a query. options: min, max, default
function fields.integer(faults, name, value, options)
  if not given(value) then
    return options.default
  end
  local number = value
  if options.query and type(value) == "string" and #value <= 9 and value:find("^%d+$") then
    number = tonumber(value)
  end
  local whole = math.type(number) and math.tointeger(number)
  if whole and whole >= options.min and whole <= options.max then
    return whole
  end
  return fault(faults, name,
    "must be a whole number from " .. options.min .. " to " .. options.max)
end

function fields.one_of(faults, name, value, list)
  if not given(value) then
    return nil
  end
  for _, known in ipairs(list) do
    if value == known then
      return value
    end
  end
  return fault(faults, name, "must be one of " .. table.concat(list, ", "))
end

return fields
