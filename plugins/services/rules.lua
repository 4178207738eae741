-- Rows of the catalogue as clients see them. Pure.

local money = require("services.money")

local rules = {}

local function or_null(value)
  if value == nil then
    return kordless.json.null
  end
  return value
end
rules.or_null = or_null

local branding_members = { "primaryColor", "logo", "companyName", "favicon", "ogImage" }

local function branding(text)
  local stored = text and kordless.json.decode(text)
  stored = type(stored) == "table" and stored or {}
  local shown = {}
  for _, name in ipairs(branding_members) do
    shown[name] = or_null(stored[name])
  end
  return shown
end

function rules.organization(row)
  return {
    id = row.id,
    name = row.name,
    slug = row.slug,
    tagline = or_null(row.tagline),
    branding = branding(row.branding),
  }
end

function rules.is_public(row)
  return row.status == "active" and row.visibility == "public"
end

function rules.service(row)
  return {
    key = row.key,
    name = row.name,
    slug = row.slug,
    description = or_null(row.description),
    category = or_null(row.category),
    duration = row.duration_minutes,
    price = or_null(money.major(row.price, row.currency)),
    currency = or_null(row.currency),
    isBookablePublic = rules.is_public(row),
    metadata = kordless.json.decode(row.metadata) or {},
  }
end

function rules.location(kind, value)
  return kind and { type = kind, value = or_null(value) } or kordless.json.null
end

function rules.settings(row)
  return {
    duration_minutes = row.duration_minutes,
    slot_interval_minutes = row.slot_interval_minutes,
    buffer_before = row.buffer_before,
    buffer_after = row.buffer_after,
    booking_window_days = or_null(row.booking_window_days),
    timezone = row.timezone,
    location = rules.location(row.location_type, row.location_value),
    max_parallel_bookings = row.max_parallel_bookings,
    cancellation_policy = {
      noticeHours = row.notice_hours,
      policyText = or_null(row.policy_text),
    },
  }
end

-- Whether a key of `own` (its organization's id) may see the organization behind a slug:
-- slugs are public names, so another's is "wrong_organization" and not "not_found".
function rules.may_see(own, row)
  if not row then
    return nil, "not_found"
  end
  if row.id ~= own then
    return nil, "wrong_organization"
  end
  return true
end

return rules
