-- What a question about usage means, how sums are shown, and what is worth a look.
local rules = {}

local null = kordless.json.null
local HOUR, DAY = 3600, 86400
local LAST = 253402300799 // DAY * DAY -- of the days that have a name, in whole steps

local steps = {
  minute = { seconds = 60, kept = 2881, kept_text = "48 hours", shown = HOUR, next = "hour" },
  hour = { seconds = HOUR, kept = 2161, kept_text = "90 days", shown = DAY, next = "day" },
  day = { seconds = DAY, kept = 731, kept_text = "2 years", shown = 30 * DAY },
}

rules.TOO_MANY = "That is more than 10,000 points. Take a longer step (step=hour, step=day), a "
  .. "shorter time between from and to, or by=status."

local function time(at)
  return at and kordless.time.format(at) or null
end

-- --- the question ---

-- from, to (whole steps) and step of a query, or nil and why not.
function rules.period(query, now)
  local step = steps[query.step]
  local to = query.to and kordless.time.parse(query.to) or now + 1 -- with this very step
  local from = query.from and kordless.time.parse(query.from) or to - step.shown
  if from >= to then
    return nil, "from must be before to."
  elseif to > LAST then
    return nil, "to must be at most " .. time(LAST) .. "."
  end
  from = from // step.seconds * step.seconds
  to = -(-to // step.seconds) * step.seconds
  local oldest = (now // step.seconds - step.kept) * step.seconds
  local n, longer = (to - from) // step.seconds, step.next and " or step=" .. step.next or ""
  if from < oldest then
    return nil, ("A %s is kept for %s: the oldest is %s. Take a later from%s."):format(query.step,
      step.kept_text, time(oldest), longer)
  elseif n > step.kept then
    return nil, ("Between from and to are %d %ss, and %d of them are told at once. Take an "
      .. "earlier to%s."):format(n, query.step, step.kept, longer)
  end
  return { from = from, to = to, step = query.step, by = query.by }
end

-- --- sums ---

local function point(row)
  return { at = time(row.at), requests = row.requests, refused = row.refused }
end

-- Rows by time and name as one series a name, the one with most requests first.
function rules.series(rows)
  local list, by_name = {}, {}
  for _, row in ipairs(rows) do
    local series = by_name[row.name]
    if not series then
      series = { name = row.name, label = row.label, last4 = row.last4, requests = 0,
        refused = 0, points = kordless.json.array({}) }
      by_name[row.name] = series
      list[#list + 1] = series
    end
    series.requests = series.requests + row.requests
    series.refused = series.refused + row.refused
    series.points[#series.points + 1] = point(row)
  end
  table.sort(list, function(a, b)
    if a.requests ~= b.requests then
      return a.requests > b.requests
    end
    return a.name < b.name
  end)
  return kordless.json.array(list)
end

-- Rows by status, over the whole time, as one object.
function rules.totals(rows)
  local all = { requests = 0, admitted = 0, refused = 0, charged = 0,
    ["2xx"] = 0, ["3xx"] = 0, ["4xx"] = 0, ["5xx"] = 0 }
  for _, row in ipairs(rows) do
    all[row.name] = row.requests
    all.requests = all.requests + row.requests
    all.charged = all.charged + row.charged
  end
  all.admitted = all.requests - all.refused
  return all
end

function rules.show(organization, wanted, rows, totals)
  return { organization_id = organization.id, step = wanted.step, by = wanted.by,
    from = time(wanted.from), to = time(wanted.to), series = rules.series(rows),
    totals = rules.totals(totals) }
end

-- --- refusals ---

local fixes = {
  ["key-minute"] = "Let the caller wait as long as Retry-After says and send evenly, or raise "
    .. "per_minute under the key's limits.",
  ["key-hour"] = "Let the caller wait as long as Retry-After says and ask less often, or raise "
    .. "per_hour under the key's limits.",
  ["org-day"] = "All keys of the organization share its day; its limits tell which of them used "
    .. "it. Raise per_day under the organization's limits, or let that key ask less.",
  ["rate-limit-lookups"] = "Every answer carries these numbers in its X-RateLimit headers; read "
    .. "them there and ask GET /rate-limit at most once a second.",
  revoked_api_key = "Somebody at this address still sends a key that was revoked. Give that "
    .. "caller a new one.",
  expired_api_key = "The key's time is over. Give the caller a new one, or move expires_at.",
  not_yet_valid = "The key is not valid yet. Let the caller begin after not_before.",
  organization_suspended = "The organization is suspended; its keys work again when that ends.",
  wrong_organization = "x-organization-id names another organization than the key's. Send the "
    .. "key's own, or use that organization's key.",
}

-- `successor`: the key it was rotated to, or nil.
function rules.fix(denial, successor)
  if denial.rule == "expired_api_key" and successor then
    return ("The key was rotated and its grace is over. Give the caller its successor, …%s.")
      :format(successor.last4)
  elseif denial.scope then
    return "The key lacks the scope " .. denial.scope .. ". Add it to the key's scopes, or use a "
      .. "key that has it."
  end
  return fixes[denial.rule] or "The log tells more under this request id."
end

function rules.denial(row, successor)
  return { at = time(row.at), rule = row.rule, used = row.used or null,
    limit = row.limit or null, retry_after = row.wait or null, scope = row.scope or null,
    route = row.route, address = row.address or null, request_id = row.request_id,
    fix = rules.fix(row, successor) }
end

-- --- limits ---

-- The windows of a key (nil: it is just being made) and how much of its organization's day it
-- used; `used` has what each line of keys was charged in these 24 hours.
function rules.limits(key, windows, used, day)
  local mine = used[key.line] or 0
  return { id = key.id, label = key.label, last4 = key.last4,
    environment = key.environment or null, windows = kordless.json.array(windows or {}),
    used_of_day = mine, share_of_day = day > 0 and mine / day or 0 }
end

-- --- why ---

function rules.quota(key, quota)
  for _, window in ipairs(quota.limits) do
    window.reason = window.reason or null
    window["until"] = time(window["until"])
  end
  quota.api_key, quota.label, quota.last4 = key.id, key.label, key.last4
  quota.policy = "quota.lua"
  return quota
end

return rules
