-- What a request of the platform must look like, and how a key is shown.
local rules = {}

local scopes = {
  "bookings:read", "bookings:write", "availability:read", "availability:write",
  "services:read", "services:write", "organization:read", "organization:write",
  "webhooks:write",
}

local function text(faults, body, name, most, required)
  local value = body[name]
  if value == nil or value == kordless.json.null then
    if required then
      faults[#faults + 1] = name .. " is required"
    end
    return nil
  end
  if type(value) ~= "string" or value == "" or (utf8.len(value) or most + 1) > most then
    faults[#faults + 1] = name .. " must be a text of 1 to " .. most .. " characters"
    return nil
  end
  return value
end

local function is_scope(value)
  for _, name in ipairs(scopes) do
    if value == name then
      return true
    end
  end
  return false
end

local function scope_list(faults, value)
  if value == nil or value == kordless.json.null then
    return nil
  end
  if not kordless.json.is_array(value) then
    faults[#faults + 1] = "scopes must be a list of scopes"
    return nil
  end
  for _, name in ipairs(value) do
    if not is_scope(name) then
      faults[#faults + 1] = "scopes must be some of: " .. table.concat(scopes, ", ")
      return nil
    end
  end
  return value
end

local function object(body)
  return type(body) == "table" and not kordless.json.is_array(body) and body or nil
end

local function result(faults, value)
  if #faults > 0 then
    return nil, table.concat(faults, "; ") .. "."
  end
  return value
end

function rules.organization(body)
  local faults = {}
  body = object(body)
  if not body then
    return nil, "Send a JSON object with slug and name."
  end
  local slug = text(faults, body, "slug", 63, true)
  if slug and not slug:find("^[a-z0-9][a-z0-9-]*$") then
    faults[#faults + 1] = "slug must be lower-case letters, digits and hyphens, and begin "
      .. "with a letter or digit"
  end
  return result(faults, {
    slug = slug,
    name = text(faults, body, "name", 200, true),
    plan = text(faults, body, "plan", 80, false),
  })
end

local function instant(faults, body, name)
  local value = body[name]
  if value == nil or value == kordless.json.null then
    return nil
  end
  local seconds = type(value) == "string" and kordless.time.parse(value) or nil
  if not seconds then
    faults[#faults + 1] = name .. " must be a time such as 2026-03-08T07:00:00Z"
  end
  return seconds
end

function rules.key(body)
  local faults = {}
  body = object(body)
  if not body then
    return nil, "Send a JSON object with label."
  end
  local label = text(faults, body, "label", 80, true)
  local environment = text(faults, body, "environment", 20, false)
  if environment and environment ~= "production" and environment ~= "development" then
    faults[#faults + 1] = "environment must be production or development"
  end
  return result(faults, {
    label = label,
    environment = environment,
    scopes = scope_list(faults, body.scopes),
    not_before = instant(faults, body, "not_before"),
    expires_at = instant(faults, body, "expires_at"),
  })
end

-- Why a key is revoked; a request without a body gives no reason.
function rules.revocation(body)
  local faults = {}
  if body ~= nil and not object(body) then
    return nil, "Send a JSON object with reason, or no body."
  end
  return result(faults, { reason = text(faults, body or {}, "reason", 200, false) })
end

local function time(seconds)
  return seconds and kordless.time.format(seconds) or kordless.json.null
end

local function status(row, now)
  if row.revoked_at then
    return "revoked"
  elseif row.expires_at and row.expires_at <= now then
    return "expired"
  elseif row.not_before and row.not_before > now then
    return "scheduled"
  end
  return "active"
end

-- The key object of the API. `key` itself is there only when it was just made.
function rules.show(row, now)
  local null = kordless.json.null
  return {
    id = row.id,
    label = row.label,
    environment = row.environment or null,
    last4 = row.last4,
    key = row.key,
    scopes = kordless.json.array(row.scopes),
    status = status(row, now),
    created_at = time(row.created_at),
    created_by = row.created_by or null,
    last_used_at = time(row.last_used_at),
    last_used_ip = null,
    not_before = time(row.not_before),
    expires_at = time(row.expires_at),
    revoked_at = time(row.revoked_at),
    revoked_by = row.revoked_by or null,
    revoke_reason = row.revoke_reason or null,
    note = row.note or null,
  }
end

-- The place in a list of keys is the last one's id.
function rules.is_cursor(value)
  return not value or #value == 30 and value:find("^key_%w+$") ~= nil
end

function rules.matches(row, q)
  return not q or q == "" or row.last4 == q
    or row.label:lower():find(q:lower(), 1, true) ~= nil
end

return rules
