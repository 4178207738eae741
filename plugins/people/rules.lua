-- What holds of people, as pure functions: emails, passwords, how a member is shown.
local rules = {}

rules.link_seconds = 72 * 3600
rules.session_seconds = 7 * 24 * 3600

-- One account, however it is typed.
function rules.fold(email)
  return (email:match("^%s*(.-)%s*$"):lower())
end

-- Why this is no email, or nil.
function rules.email_fault(email)
  if #email > 254 or not email:find("^[^%s%c@]+@[^%s%c@]+$") then
    return "email must be an email address of at most 254 characters."
  end
end

-- Why this password is not taken, or nil. Length is what makes one hard to guess.
function rules.password_fault(password, email)
  if #password > 128 then
    return "password must have at most 128 bytes."
  elseif password:lower() == email then
    return "password must not be the email address."
  end
end

local function time(seconds)
  return seconds and kordless.time.format(seconds) or kordless.json.null
end

function rules.show(member)
  local null = kordless.json.null
  return {
    id = member.id,
    organization_id = member.organization_id or null,
    email = member.email,
    name = member.name or null,
    role = member.role,
    status = member.status,
    created_at = time(member.created_at),
    created_by = member.created_by or null,
    setup_expires_at = time(member.link_expires_at),
  }
end

-- Behind the #: what stands there is sent to no server and stands in no log.
function rules.setup_url(public_url, link)
  return public_url .. "/#setup=" .. link
end

-- The cookie of a session; without a token the one that ends it.
function rules.cookie(public_url, token)
  local secure = public_url:find("^https:") and "; Secure" or ""
  return ("kordless_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s")
    :format(token or "", token and rules.session_seconds or 0, secure)
end

function rules.show_token(token, now)
  local null = kordless.json.null
  local over = token.expires_at and token.expires_at <= now
  return {
    id = token.id,
    label = token.label or null,
    token = token.token,
    status = token.revoked_at and "revoked" or over and "expired" or "active",
    created_at = time(token.created_at),
    created_by = token.created_by or null,
    expires_at = time(token.expires_at),
    revoked_at = time(token.revoked_at),
    revoked_by = token.revoked_by or null,
  }
end

function rules.show_audit(row)
  local null = kordless.json.null
  return {
    id = row.id,
    at = time(row.at),
    actor = row.actor,
    action = row.action,
    organization_id = row.organization_id or null,
    object = row.object or null,
    detail = row.detail and kordless.json.decode(row.detail) or null,
  }
end

-- The place in a list ordered by ids of this kind.
function rules.is_cursor(value, kind)
  return not value or #value == #kind + 27 and value:find("^" .. kind .. "_%w+$") ~= nil
end

return rules
