-- Three things about keys that are worth a look, each with the numbers that say so.
local rules = {}

local HOUR, DAY = 3600, 86400
rules.AGAIN_SHOWN = 7 * DAY -- how long a key that woke up is worth a look
rules.HISTORY = 14 * DAY    -- what is usual is learned from
rules.FEW = 20              -- refusals an hour that are never unusual
rules.OLD = 90 * DAY

local function time(at)
  return kordless.time.format(at)
end

local function signal(kind, key, since, detail, evidence)
  return { kind = kind, since = time(since), detail = detail, evidence = evidence,
    key = { id = key.id, label = key.label, last4 = key.last4 } }
end

-- `before` and `again` are the last request before the rest and the first after it.
function rules.idle(key, before, again)
  local days = (again - before) // DAY
  return signal("idle_key_active", key, again,
    ("The key was not used for %d days and is used again since %s. If its owner does not know "
      .. "why, revoke it."):format(days, time(again)),
    { idle_days = days, last_before = time(before), active_again = time(again) })
end

-- What an hour of this key is like: of 100 hours in `history` (refusals of each, hours
-- without any left out, `hours` in all) one has more than this.
local function usual(history, hours)
  local sorted = {}
  for i, n in ipairs(history) do
    sorted[i] = n
  end
  table.sort(sorted, function(a, b) return a > b end)
  return sorted[hours // 100 + 1] or 0, sorted[1] or 0
end

-- Unusual are 20 refusals in the last hour, and more than twice what 99 of 100 hours had in
-- the 14 days before. `last` has requests and refused of that hour.
function rules.refusals(key, last, history, now)
  local hours = math.min(rules.HISTORY, math.max(now - HOUR - key.created_at, 0)) // HOUR
  local common, worst = usual(history, hours)
  local bound = math.max(rules.FEW, 2 * common + 1)
  if last.refused < bound then
    return nil
  end
  return signal("unusual_refusals", key, now - HOUR,
    ("%d of the key's %d requests in the last hour were refused; before, 99 of 100 hours had "
      .. "at most %d. Its denials say why and from where."):format(last.refused, last.requests,
      common),
    { refused = last.refused, requests = last.requests, usual_hour = common, worst_hour = worst,
      hours_compared = hours, threshold = bound, from = time(now - HOUR), to = time(now) })
end

-- A key made for production, or for nothing in particular, that nobody ever exchanged.
function rules.old(key, now)
  if key.environment == "development" or now - key.created_at < rules.OLD then
    return nil
  end
  local days = (now - key.created_at) // DAY
  return signal("old_production_key", key, key.created_at + rules.OLD,
    ("The key is in use since %d days. Rotate it, so that a copy somebody kept is worth "
      .. "nothing."):format(days),
    { age_days = days, created_at = time(key.created_at),
      last_used_at = key.last_used_at and time(key.last_used_at) or kordless.json.null })
end

return rules
