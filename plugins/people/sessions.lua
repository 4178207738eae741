-- Signing in and out. A password is hashed by threads of its
-- own; an account that does not exist costs the same time and gets the same answer.
local rules = require("rules")

local sessions = {}

local function organization_of(member)
  local found = member.organization_id and kordless.organizations.get(member.organization_id)
  return found and { id = found.id, slug = found.slug, name = found.name } or kordless.json.null
end

-- Begins a session of a member whose password, or link, was right.
local function enter(req, id, version)
  local session = kordless.sessions.begin(id, version)
  local member = session and kordless.members.get(id)
  if not member then
    return nil, "wrong_credentials"
  end
  return 200, {
    member = rules.show(member),
    organization = organization_of(member),
    csrf = session.csrf,
    expires_at = kordless.time.format(session.expires_at),
  }, { ["Set-Cookie"] = rules.cookie(req.public_url, session.token) }
end

-- Is it the password of this email? The member; or nil and the error.
local function check(email, password)
  local wait, last = kordless.sessions.attempt(email)
  if wait then
    return nil, "too_many_sign_ins", { retry_after = wait, detail = ("Too many sign-ins "
      .. "failed. Wait %d seconds and try again."):format(wait) }
  end
  local member = kordless.members.by_email(email)
  local good, why = kordless.passwords.check(password, member and member.password)
  if why then
    kordless.sessions.forgive(email)
    return nil, "busy"
  elseif not good then
    if member and last then
      kordless.sessions.refused(member.id)
    end
    return nil, "wrong_credentials"
  end
  kordless.sessions.forgive(email)
  return member
end

function sessions.sign_in(req)
  local member, err, more = check(rules.fold(req.body.email), req.body.password)
  if not member then
    return nil, err, more
  end
  return enter(req, member.id, member.version)
end

function sessions.show_session(req)
  local member = req.actor.kind == "member" and kordless.members.get(req.actor.id)
  return 200, {
    member = member and rules.show(member) or kordless.json.null,
    organization = member and organization_of(member) or kordless.json.null,
    role = req.actor.role,
    csrf = kordless.sessions.csrf() or kordless.json.null,
  }
end

function sessions.sign_out(req)
  if req.actor.kind ~= "member" then
    return nil, "no_session"
  end
  kordless.sessions.finish()
  return 204, nil, { ["Set-Cookie"] = rules.cookie(req.public_url) }
end

-- The hash of a password that may be one; or nil and the error.
local function hash(password, email)
  local fault = rules.password_fault(password, email)
  if fault then
    return nil, "password_refused", { detail = fault }
  end
  return kordless.passwords.hash(password)
end

function sessions.set_up(req)
  local body = req.body
  local wait = kordless.sessions.attempt()
  if wait then
    return nil, "too_many_sign_ins", { retry_after = wait }
  end
  local member = kordless.members.by_link(body.token)
  if not member then
    return nil, "setup_link_invalid"
  end
  kordless.sessions.forgive()
  local made, err, more = hash(body.password, member.email)
  if not made then
    return nil, err, more
  end
  local done = kordless.sessions.set_up(body.token, made, body.name)
  if not done then
    return nil, "setup_link_invalid"
  end
  return enter(req, done.id, done.version)
end

function sessions.change_password(req)
  if req.actor.kind ~= "member" then
    return nil, "no_session"
  end
  local member, err, more = check(req.actor.email, req.body.password)
  if not member then
    return nil, err, more
  end
  local made
  made, err, more = hash(req.body.new_password, member.email)
  if not made then
    return nil, err, more
  end
  if not kordless.sessions.password(member.id, member.version, made) then
    return nil, "wrong_credentials"
  end
  return 204
end

return sessions
