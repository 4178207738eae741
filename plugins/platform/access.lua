-- Who sees whose matters: operators all, a member its own organization. What somebody may
-- not see is answered as if it were not there.
local access = {}

function access.sees(actor, organization_id)
  return actor.role == "operator"
    or organization_id ~= nil and actor.organization_id == organization_id
end

local function seen(actor, found, organization_id)
  if found and access.sees(actor, organization_id) then
    return found
  end
  return nil, "not_found"
end

-- What the path names by {id}; or nil and the error to return.
function access.organization(req)
  local found = kordless.organizations.get(req.params.id)
  return seen(req.actor, found, found and found.id)
end

function access.key(req)
  local found = kordless.keys.get(req.params.id)
  return seen(req.actor, found, found and found.organization_id)
end

function access.member(req)
  local found = kordless.members.get(req.params.id)
  return seen(req.actor, found, found and found.organization_id)
end

-- Is one of these sent by somebody who is no operator? Its name.
function access.reserved(req, names)
  for _, name in ipairs(names) do
    if req.actor.role ~= "operator" and req.body[name] ~= nil then
      return name
    end
  end
end

-- Asks `each` for every suspension since the last resumption, newest first, until it says no.
local function suspensions(organization_id, each)
  local function rows_of(action, before, most)
    return kordless.audit.list({ organization_id = organization_id, action = action }, before, most)
  end
  local resumed, before = rows_of("organization.resume", 0, 1)[1], 0
  repeat
    local rows = rows_of("organization.suspend", before, 100)
    for _, row in ipairs(rows) do
      if resumed and row.id < resumed.id or not each(row) then
        return
      end
    end
    before = #rows == 100 and rows[100].id
  until not before
end

-- May the actor end this organization's suspension? Operators may; who belongs to it may
-- if nobody but its own members asked for it.
function access.may_resume(actor, organization_id)
  if actor.role == "operator" then
    return true
  end
  local own = {} -- by actor
  local all = nil
  suspensions(organization_id, function(row)
    if own[row.actor] == nil then
      local by = kordless.members.by_email(row.actor)
      own[row.actor] = by ~= nil and by.organization_id == organization_id
    end
    all = own[row.actor]
    return all
  end)
  return all == true
end

return access
