-- A stand-in for what the server does with the schemas of plugin.lua before a handler runs:
-- faults in order, defaults, numbers out of a query's text.

local declared = {}

local function digits(value)
  local n = #value:gsub("%D", "")
  return n >= 6 and n <= 15
end

local function reads(value)
  return kordless.time.parse((value:gsub(" (%d%d:%d%d)$", "+%1"))) ~= nil
end

-- Each says whether a string fits, and what is told of one that does not.
local formats = {
  ["date-time"] = { reads, "must be a time such as 2026-03-08T09:00:00Z, with Z or an offset" },
  slug = { function(value) return #value <= 63 and value:find("^[a-z0-9][a-z0-9-]*$") end,
    "must be a slug: lower-case letters, digits and hyphens, at most 63" },
  id = { function(value) return value:find("^[%w_-]+$") end, "must be an identifier" },
  timezone = { function(value) return kordless.zone.known(value) end,
    "must be a time zone such as America/New_York" },
  email = { function(value)
    return not value:find("%S") or value:find("^%s*[^%s@]+@[^%s@]+%s*$")
  end, "must be an email address" },
  phone = { function(value) return not value:find("%S") or digits(value) end,
    "must be a phone number of 6 to 15 digits" },
  contact = { function(value) return value:find("@", 1, true) or digits(value) end,
    "must be an email address or a phone of 6 to 15 digits" },
}

local look

local function of_list(s, value)
  for _, known in ipairs(s.enum) do
    if value == known then return end
  end
  return "must be one of " .. table.concat(s.enum, ", ")
end

local function of_string(s, value)
  local format = s.format and formats[s.format]
  if type(value) ~= "string" then return format and format[2] or "must be a string" end
  if s.enum then return of_list(s, value) end
  if (s.min_length or 0) > 0 and not value:find("%S") then return "must not be blank" end
  if s.max_length and utf8.len(value) > s.max_length then
    return "must have at most " .. s.max_length .. " characters"
  end
  return format and not format[1](value) and format[2] or nil
end

local function of_number(s, value)
  local good = type(value) == "number" and (s.type == "number" or math.tointeger(value))
  if not good or value < (s.minimum or value) or value > (s.maximum or value) then
    return ("must be a whole number from %s to %s"):format(s.minimum, s.maximum)
  end
end

local function property(faults, s, holder, path, text)
  local name, value = path .. s[1], holder[s[1]]
  if value == kordless.json.null and not s.nullable then value = nil end
  if text and s.type == "integer" then value = value and tonumber(value) or value end
  if value == nil then
    value = s.default
    if s.required then faults[#faults + 1] = name .. " is required" end
  elseif s.properties then
    if type(value) ~= "table" then
      faults[#faults + 1] = name .. " must be an object"
    else
      look(faults, s.properties, value, name .. ".", text)
    end
  else
    local why = (s.type == "integer" or s.type == "number") and of_number(s, value)
      or not s.type and of_string(s, value)
    if why then faults[#faults + 1] = name .. " " .. why end
  end
  holder[s[1]] = value
end

function look(faults, properties, holder, path, text)
  for _, s in ipairs(properties) do property(faults, s, holder, path, text) end
end

-- The faults of a request, in the server's words or a beginning of them.
function declared.faults(plugin, handler, req)
  local faults = {}
  local manifest = assert(loadfile(("plugins/%s/plugin.lua"):format(plugin), "t", {}))()
  for _, route in ipairs(manifest.routes) do
    if route.handler == handler then
      look(faults, route.query or {}, req.query, "", true)
      if type(route.body) == "table" and type(req.body) ~= "table" then
        faults[#faults + 1] = "the body must be a JSON object"
      elseif type(route.body) == "table" then
        look(faults, route.body.properties, req.body, "", false)
      end
    end
  end
  return faults
end

return declared
