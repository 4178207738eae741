-- The platform's routes. What must hold (a key is shown once, a revocation is refused
-- everywhere before it is answered) holds below, in the server itself.
local rules = require("rules")

local handlers = {}

local function show_organization(o)
  return { organization = {
    id = o.id, slug = o.slug, name = o.name, plan = o.plan, suspended = o.suspended,
  } }
end

function handlers.find_organization(req)
  local slug = req.query.slug
  if not slug then
    return nil, "validation_error", { detail = "slug is required in the query." }
  end
  local found = kordless.organizations.find(slug)
  if not found then
    return nil, "not_found", { detail = "There is no organization '" .. slug .. "'." }
  end
  return 200, show_organization(found)
end

function handlers.create_organization(req)
  local wanted, why = rules.organization(req.body)
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  local made = kordless.organizations.create(wanted)
  if not made then
    return nil, "slug_taken"
  end
  return 201, show_organization(made)
end

local function organization_of(req)
  return kordless.organizations.find(req.params.id)
end

function handlers.create_key(req)
  local organization = organization_of(req)
  if not organization then
    return nil, "not_found"
  end
  local wanted, why = rules.key(req.body)
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  wanted.organization_id = organization.id
  local row = kordless.keys.create(wanted)
  return 201, { api_key = rules.show(row, kordless.now()) }
end

-- Reads on through the rows until a page is full of those that match.
local function collect(organization, q, cursor, limit)
  local found, now = {}, kordless.now()
  while true do
    local rows = kordless.keys.list(organization.id, cursor, 100)
    for _, row in ipairs(rows) do
      cursor = row.id
      if rules.matches(row, q) then
        found[#found + 1] = rules.show(row, now)
      end
      if #found == limit then
        return found, cursor
      end
    end
    if #rows < 100 then
      return found, nil
    end
  end
end

function handlers.list_keys(req)
  local organization = organization_of(req)
  if not organization then
    return nil, "not_found"
  end
  local limit = math.tointeger(tonumber(req.query.limit or "50"))
  if not limit or limit < 1 or limit > 100 then
    return nil, "validation_error", { detail = "limit must be a number from 1 to 100." }
  end
  if not rules.is_cursor(req.query.cursor) then
    return nil, "validation_error", { detail = "cursor is none of this list; begin without one." }
  end
  local found, cursor = collect(organization, req.query.q, req.query.cursor, limit)
  return 200, {
    api_keys = kordless.json.array(found),
    next_cursor = cursor or kordless.json.null,
  }
end

function handlers.revoke_key(req)
  local wanted, why = rules.revocation(req.body)
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  local at = kordless.keys.revoke(req.params.id, wanted.reason)
  if not at then
    return nil, "not_found"
  end
  return 200, { api_key = {
    id = req.params.id, status = "revoked", revoked_at = kordless.time.format(at),
  } }
end

function handlers.resume_plugin(req)
  local resumed = kordless.plugins.resume(req.params.name)
  if resumed == nil then
    return nil, "not_found", { detail = "No plugin '" .. req.params.name .. "' runs here." }
  end
  return 200, { plugin = { name = req.params.name, resumed = resumed } }
end

return handlers
