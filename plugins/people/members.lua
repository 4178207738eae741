-- Members and what was done: who belongs to an organization, with which role. That the
-- last owner stays, and that a change reaches every session before it is answered, holds
-- below, in the server itself.
local access = require("platform.access")
local rules = require("rules")

local members = {}

local words = { exists = "email_taken", denied = "last_owner", not_found = "not_found" }

local function invited(req, made, why)
  if not made then
    return nil, words[why]
  end
  return 201, { member = rules.show(made), setup_url = rules.setup_url(req.public_url, made.link) }
end

local function add(req, organization_id, role)
  local email = rules.fold(req.body.email)
  local fault = rules.email_fault(email)
  if fault then
    return nil, "validation_error", { detail = fault }
  end
  return invited(req, kordless.members.create({
    organization_id = organization_id, email = email, name = req.body.name, role = role,
  }, rules.link_seconds))
end

local function list(req, organization_id)
  if not rules.is_cursor(req.query.cursor, "mem") then
    return nil, "validation_error", { detail = "cursor is none of this list; begin without one." }
  end
  local limit = req.query.limit
  local rows = kordless.members.list(organization_id, req.query.cursor, limit)
  local shown = {}
  for i, row in ipairs(rows) do
    shown[i] = rules.show(row)
  end
  return 200, {
    members = kordless.json.array(shown),
    next_cursor = #rows == limit and rows[limit].id or kordless.json.null,
  }
end

function members.list_members(req)
  local organization, err = access.organization(req)
  if not organization then
    return nil, err
  end
  return list(req, organization.id)
end

function members.add_member(req)
  local organization, err = access.organization(req)
  if not organization then
    return nil, err
  end
  return add(req, organization.id, req.body.role)
end

function members.list_operators(req)
  return list(req)
end

function members.add_operator(req)
  return add(req, nil, "operator")
end

function members.change_member(req)
  local member, err = access.member(req)
  if not member then
    return nil, err
  end
  local role, name = req.body.role, req.body.name
  if role and member.role == "operator" then
    return nil, "operator_stays"
  end
  local done, why = kordless.members.change({
    id = member.id, role = role, name = name == kordless.json.null and "" or name,
  })
  if not done then
    return nil, words[why]
  end
  return 200, { member = rules.show(done) }
end

function members.remove_member(req)
  local member, err = access.member(req)
  if not member then
    return nil, err
  end
  local done, why = kordless.members.remove(member.id)
  if not done then
    return nil, words[why]
  end
  return 204
end

function members.invite_again(req)
  local member, err = access.member(req)
  if not member then
    return nil, err
  end
  return invited(req, kordless.members.link(member.id, rules.link_seconds))
end

function members.end_sessions(req)
  local member, err = access.member(req)
  if not member then
    return nil, err
  end
  kordless.sessions.finish_all(member.id)
  return 204
end

local function audit(req, organization_id)
  local limit, cursor = req.query.limit, req.query.cursor
  local before = cursor and math.tointeger(tonumber(cursor)) or 0
  if cursor and (before < 1 or not cursor:find("^%d+$")) then
    return nil, "validation_error", { detail = "cursor is none of this list; begin without one." }
  end
  local rows = kordless.audit.list({
    organization_id = organization_id, action = req.query.action, object = req.query.object,
  }, before, limit)
  local shown = {}
  for i, row in ipairs(rows) do
    shown[i] = rules.show_audit(row)
  end
  return 200, {
    audit = kordless.json.array(shown),
    next_cursor = #rows == limit and tostring(rows[limit].id) or kordless.json.null,
  }
end

function members.list_audit(req)
  local organization, err = access.organization(req)
  if not organization then
    return nil, err
  end
  return audit(req, organization.id)
end

function members.list_all_audit(req)
  return audit(req)
end

return members
