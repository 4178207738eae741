-- API keys: from creation to their end.
local access = require("access")
local look = require("look")
local rules = require("rules")

local keys = {}

function keys.create_key(req)
  local organization, err = access.organization(req)
  if not organization then
    return nil, err
  end
  local wanted, why = rules.new_key(req.body)
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  wanted.organization_id = organization.id
  local made = kordless.keys.create(wanted)
  return 201, { api_key = rules.show_key(made, kordless.now()) }
end

function keys.list_keys(req)
  local organization, err = access.organization(req)
  if not organization then
    return nil, err
  end
  local after, why = rules.after(req.query, "key_")
  if why then
    return nil, "validation_error", { detail = why }
  end
  local rows = kordless.keys.list({ organization_id = organization.id, q = req.query.q,
    created_by = req.query.created_by, cursor = after })
  local now = kordless.now()
  local shown = table.move(rows, 1, math.min(#rows, req.query.limit), 1, {})
  local worth = look.at(organization.id, shown, now)
  return 200, rules.page("api_keys", rows, req.query, function(row)
    return rules.show_key(row, now, worth[row.id])
  end)
end

function keys.show_key(req)
  local found, err = access.key(req)
  if not found then
    return nil, err
  end
  local now = kordless.now()
  local worth = look.at(found.organization_id, { found }, now)
  return 200, { api_key = rules.show_key(found, now, worth[found.id]) }
end

function keys.change_key(req)
  local found, err = access.key(req)
  if not found then
    return nil, err
  elseif access.reserved(req, { "limits" }) then
    return nil, "operator_only"
  end
  local wanted, why = rules.change_of(req.body, rules.KEY, kordless.now())
  why = why or rules.never_valid(found.not_before, rules.value(wanted.expires_at))
  if why then
    return nil, "validation_error", { detail = why }
  end
  local changed, refused = kordless.keys.change(found.id, wanted)
  if refused then
    return nil, "key_rotated"
  elseif not changed then
    return nil, "not_found"
  end
  return 200, { api_key = rules.show_key(changed, kordless.now()) }
end

function keys.revoke_key(req)
  local found, err = access.key(req)
  if not found then
    return nil, err
  end
  local reason = rules.masked(rules.optional(req.body).reason)
  local revoked = kordless.keys.revoke(found.id, reason)
  if not revoked then
    return nil, "not_found"
  end
  return 200, { api_key = rules.show_key(revoked, kordless.now()) }
end

function keys.rotate_key(req)
  local found, err = access.key(req)
  if not found then
    return nil, err
  end
  local grace = rules.optional(req.body).grace_seconds or 0
  local made, refused = kordless.keys.rotate(found.id, grace)
  if refused then
    return nil, "key_" .. refused
  elseif not made then
    return nil, "not_found"
  end
  return 201, { api_key = rules.show_key(made, kordless.now()) }
end

return keys
