-- A service as the organization sees and changes it. Pure.
--
-- A change is merged into what clients see, and what comes of it is checked whole: so a price
-- keeps its amount when its currency changes, and no rule over two fields is missed.

local fields = require("services.fields")
local limits = require("services.limits")
local money = require("services.money")
local patch = require("services.patch")
local people = require("services.people_rules")
local rules = require("services.rules")

local offers = {}

local LONGEST = 2880 -- minutes, with buffers: no claim of the ledger is longer than 48 hours
local METADATA = 16384

offers.MEMBERS = {
  "key", "slug", "name", "description", "category", "duration", "price", "currency", "metadata",
  "status", "visibility", "fulfillment", "host_ids", "team_id", "minimum_notice_minutes",
  "approval", "limits", "calendarSettings",
}

-- row: with its host_ids
function offers.shown(row)
  local shown = rules.service(row)
  for _, name in ipairs({ "id", "status", "visibility", "fulfillment", "minimum_notice_minutes",
    "approval" }) do
    shown[name] = row[name]
  end
  shown.host_ids = kordless.json.array(row.host_ids)
  shown.team_id = rules.or_null(row.team_id)
  shown.limits = limits.show(row.limits)
  shown.calendarSettings = rules.settings(row)
  shown.version = row.version
  shown.created_at = kordless.time.format(row.created_at)
  shown.updated_at = kordless.time.format(row.updated_at)
  return shown
end

-- What a new service is where its maker says nothing. It starts every `duration` minutes.
local fresh = {
  status = "active", visibility = "public", fulfillment = "any_host", approval = "none",
  minimum_notice_minutes = 0, host_ids = {}, metadata = {},
  calendarSettings = {
    buffer_before = 0, buffer_after = 0, max_parallel_bookings = 1,
    cancellation_policy = { noticeHours = 0 },
  },
}

-- A row as its maker would have sent it.
local function as_sent(row)
  local sent = { calendarSettings = {
    location = row.location_type and { type = row.location_type, value = row.location_value },
    cancellation_policy = { noticeHours = row.notice_hours, policyText = row.policy_text },
  } }
  for _, name in ipairs({ "slug", "name", "description", "category", "currency", "status",
    "visibility", "fulfillment", "host_ids", "team_id", "minimum_notice_minutes",
    "approval" }) do
    sent[name] = row[name]
  end
  for _, name in ipairs({ "duration_minutes", "slot_interval_minutes", "buffer_before",
    "buffer_after", "booking_window_days", "timezone", "max_parallel_bookings" }) do
    sent.calendarSettings[name] = row[name]
  end
  sent.price = money.major(row.price, row.currency)
  sent.limits = limits.of(row.limits)
  sent.metadata = kordless.json.decode(row.metadata)
  return sent
end

-- The length of a service has two names; either will do.
local function one_length(faults, body)
  local settings = body.calendarSettings or {}
  local length = settings.duration_minutes or body.duration
  if body.duration and length ~= body.duration then
    fields.fault(faults, "duration", "and calendarSettings.duration_minutes must be the same")
  end
  return patch.merge(body, { calendarSettings = { duration_minutes = length } })
end

-- Merged as all is; what is left of null and {} is none.
local function stored_limits(sent)
  local text = limits.merge(nil, sent or kordless.json.null)
  return text ~= kordless.json.null and text or nil
end

local function price(faults, sent)
  if sent.currency and not sent.currency:find("^%u%u%u$") then
    fields.fault(faults, "currency", "must be a code of ISO 4217 such as USD")
  elseif sent.price and not sent.currency then
    fields.fault(faults, "currency", "is required with a price")
  elseif sent.price then
    local minor = money.minor(sent.price, sent.currency)
    if not minor then
      fields.fault(faults, "price", "has more decimals than " .. sent.currency .. " has")
    end
    return minor
  end
end

local function times(faults, settings)
  local length = settings.duration_minutes
  if not length then
    fields.fault(faults, "duration", "is required")
  elseif settings.buffer_before + length + settings.buffer_after > LONGEST then
    fields.fault(faults, "duration", "and both buffers may have 2,880 minutes together")
  end
  if settings.location and not settings.location.type then
    fields.fault(faults, "calendarSettings.location.type", "is required")
  end
end

-- As JSON. What was sent is looked at, too: the way to the writer is narrow.
local function small(faults, metadata, sent)
  local text = kordless.json.encode(metadata or {})
  if math.max(#text, sent and #kordless.json.encode(sent) or 0) > METADATA then
    fields.fault(faults, "metadata", "may have 16,384 bytes as JSON, all of it together")
  end
  return text
end

local function given(faults, sent)
  if (sent.fulfillment == "team" or sent.fulfillment == "collective") and not sent.team_id then
    fields.fault(faults, "team_id", "is required where fulfillment is " .. sent.fulfillment)
  end
end

-- The row as it will be (row: what there is, nil for a new service), and the faults it has.
function offers.changed(row, body)
  local faults = {}
  local sent = patch.merge(row and as_sent(row) or fresh, one_length(faults, body))
  local settings = sent.calendarSettings
  if row and sent.key and sent.key ~= row.key then
    fields.fault(faults, "key", "never changes; leave it out")
  end
  times(faults, settings)
  given(faults, sent)
  limits.check(faults, body.limits)
  people.twice(faults, "host_ids[%d]", sent.host_ids)
  local location, cancellation = settings.location or {}, settings.cancellation_policy
  local minor = price(faults, sent)
  return {
    key = row and row.key or sent.key or sent.slug, slug = sent.slug, name = sent.name,
    description = fields.text(sent.description), category = fields.text(sent.category),
    price = minor, currency = sent.currency, metadata = small(faults, sent.metadata, body.metadata),
    limits = not faults[1] and stored_limits(sent.limits) or nil,
    status = sent.status, visibility = sent.visibility, fulfillment = sent.fulfillment,
    host_ids = sent.host_ids, team_id = sent.team_id, approval = sent.approval,
    minimum_notice_minutes = sent.minimum_notice_minutes,
    duration_minutes = settings.duration_minutes,
    slot_interval_minutes = settings.slot_interval_minutes or settings.duration_minutes,
    buffer_before = settings.buffer_before, buffer_after = settings.buffer_after,
    booking_window_days = settings.booking_window_days, timezone = settings.timezone,
    max_parallel_bookings = settings.max_parallel_bookings,
    location_type = location.type, location_value = fields.text(location.value),
    notice_hours = cancellation.noticeHours, policy_text = fields.text(cancellation.policyText),
  }, faults
end

return offers
