-- Organizations: who has keys, what plan they are on, whether they may ask at all.
local access = require("access")
local rules = require("rules")

local organizations = {}

function organizations.list_organizations(req)
  local after, why = rules.after(req.query, "org_")
  if why then
    return nil, "validation_error", { detail = why }
  end
  local rows = kordless.organizations.list({ q = req.query.q, cursor = after })
  return 200, rules.page("organizations", rows, req.query, rules.show_organization)
end

function organizations.create_organization(req)
  local wanted, why = rules.new_organization(req.body)
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  local made = kordless.organizations.create(wanted)
  if not made then
    return nil, "slug_taken"
  end
  return 201, { organization = rules.show_organization(made) }
end

function organizations.show_organization(req)
  local found, err = access.organization(req)
  if not found then
    return nil, err, { detail = "There is no organization '" .. req.params.id .. "'." }
  end
  return 200, { organization = rules.show_organization(found) }
end

function organizations.change_organization(req)
  local found, err = access.organization(req)
  if not found then
    return nil, err
  elseif access.reserved(req, { "plan", "metadata", "limits" })
    or req.body.suspended == false and found.suspended
    and not access.may_resume(req.actor, found.id) then
    return nil, "operator_only"
  end
  local wanted, why = rules.change_of(req.body, rules.ORGANIZATION, kordless.now())
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  local changed, refused = kordless.organizations.change(found.id, wanted)
  if refused == "too_large" then
    return nil, "validation_error", { detail = rules.METADATA_TOO_LARGE }
  end
  return 200, { organization = rules.show_organization(changed) }
end

return organizations
