-- What becomes of a request of the platform before it is done, and how things are shown.
-- What each field must look like is said in plugin.lua; here is what takes two of them.
local rules = {}

local null = kordless.json.null
local METADATA = 16384

rules.METADATA_TOO_LARGE = "metadata may have " .. METADATA .. " bytes as JSON, all of it together."

-- A value that is there, or nil.
function rules.value(v)
  if v ~= null then
    return v
  end
end

-- Only the members of these names.
function rules.only(body, names)
  local picked = {}
  for _, name in ipairs(names) do
    picked[name] = body[name]
  end
  return picked
end

-- Who tells of a leaked key pastes it, and what people write is kept for good: of whole keys,
-- tokens and links the last 4 stay.
function rules.masked(text)
  return rules.value(text) and (text:gsub("kord_%l+_%w+", function(word)
    return #word >= 40 and "…" .. word:sub(-4) or word
  end))
end

-- A body that may be left out.
function rules.optional(body)
  return rules.value(body) or {}
end

local function seconds(text)
  return text ~= nil and text ~= null and kordless.time.parse(text) or text
end

local function fits(metadata)
  return not rules.value(metadata) or #kordless.json.encode(metadata) <= METADATA
end

function rules.new_organization(body)
  if not body then
    return nil, "Send a JSON object with slug and name."
  elseif not fits(body.metadata) then
    return nil, rules.METADATA_TOO_LARGE
  end
  return { slug = body.slug, name = body.name, plan = rules.value(body.plan),
    metadata = rules.value(body.metadata) }
end

-- Why a key with these times would be good at no time, or nil.
function rules.never_valid(from, to)
  if from and to and to <= from then
    return "expires_at must be after not_before."
  end
end

function rules.new_key(body)
  if not body then
    return nil, "Send a JSON object with label."
  end
  local from, to = rules.value(seconds(body.not_before)), rules.value(seconds(body.expires_at))
  local why = rules.never_valid(from, to)
  if why then
    return nil, why
  end
  return { label = rules.masked(body.label), environment = rules.value(body.environment),
    scopes = rules.value(body.scopes), not_before = from, expires_at = to,
    note = rules.masked(body.note), tags = rules.value(body.tags) }
end

-- What can be changed, and which limits; whatever else a body has is nobody's, and in no
-- audit.
rules.ORGANIZATION = { members = { "name", "plan", "metadata", "limits", "suspended" },
  limits = { "per_day", "reason", "until" } }
rules.KEY = { members = { "label", "note", "scopes", "expires_at", "tags", "limits" },
  limits = { "per_minute", "per_hour", "reason", "until" } }

-- A change as it was asked, with its times as numbers; `patch` is what the audit tells.
function rules.change_of(body, kind, now)
  local wanted, patch = rules.only(body, kind.members), rules.only(body, kind.members)
  for _, name in ipairs({ "label", "note" }) do
    patch[name] = rules.masked(patch[name]) or patch[name]
    wanted[name] = patch[name]
  end
  if not fits(wanted.metadata) then
    return nil, rules.METADATA_TOO_LARGE
  end
  wanted.patch, wanted.expires_at = patch, seconds(wanted.expires_at)
  if rules.value(body.limits) then
    patch.limits, wanted.limits = rules.only(body.limits, kind.limits), {}
    patch.limits.reason = rules.masked(body.limits.reason) or body.limits.reason
    for name, v in pairs(patch.limits) do
      wanted.limits[name] = name == "until" and seconds(v) or v
    end
    local ends = rules.value(wanted.limits["until"])
    if ends and ends <= now then
      return nil, "limits.until must lie in the future; limits = null ends them now."
    end
  end
  return wanted
end

-- --- pages ---

-- A cursor is the last one's id and a mark of the filters it belongs to.
local function mark(query)
  local text = (query.q or "") .. "\n" .. (query.created_by or "")
  return kordless.crypto.hash(text):sub(1, 8)
end

-- The id after which to go on, or nil and why not.
function rules.after(query, prefix)
  if not query.cursor then
    return nil
  end
  local id, of = query.cursor:match("^(%l+_%w+)%-(%x+)$")
  if not id or #id ~= 26 + #prefix or id:sub(1, #prefix) ~= prefix or of ~= mark(query) then
    return nil, "cursor is none of this list; begin without one."
  end
  return id
end

function rules.page(name, rows, query, show)
  local list, cursor = {}, null
  for i = 1, math.min(#rows, query.limit) do
    list[i] = show(rows[i])
  end
  if #rows > query.limit then
    cursor = rows[query.limit].id .. "-" .. mark(query)
  end
  return { [name] = kordless.json.array(list), next_cursor = cursor }
end

-- --- showing ---

local function time(at)
  return at and kordless.time.format(at) or null
end

local function show_limits(limits)
  if not limits or not (limits.per_minute or limits.per_hour or limits.per_day) then
    return null
  end
  local shown = {}
  for name, v in pairs(limits) do
    shown[name] = name == "until" and time(v) or v
  end
  return shown
end

function rules.show_organization(row)
  return {
    id = row.id, slug = row.slug, name = row.name, plan = row.plan or null,
    suspended = row.suspended, created_at = time(row.created_at),
    metadata = row.metadata or null, limits = show_limits(row.limits),
  }
end

function rules.status(row, now)
  if row.revoked then
    return "revoked"
  elseif row.expires_at and row.expires_at <= now then
    return "expired"
  elseif row.not_before and row.not_before > now then
    return "scheduled"
  end
  return "active"
end

-- The key object of the API. `key` itself is there only when it was just made, `signals`
-- only where somebody looks.
function rules.show_key(row, now, signals)
  local shown = { id = row.id, organization_id = row.organization_id, label = row.label,
    last4 = row.last4, key = row.key, scopes = kordless.json.array(row.scopes),
    tags = kordless.json.array(row.tags),
    status = rules.status(row, now), limits = show_limits(row.limits),
    signals = signals and kordless.json.array(signals) }
  for _, name in ipairs({ "created_at", "last_used_at", "not_before", "expires_at",
    "revoked_at" }) do
    shown[name] = time(row[name])
  end
  for _, name in ipairs({ "environment", "created_by", "last_used_ip", "revoked_by",
    "revoke_reason", "rotated_from", "rotated_to", "note" }) do
    shown[name] = row[name] or null
  end
  return shown
end

return rules
