-- How often keys ask, what is left to them, and why they were refused.
local access = require("platform.access")
local key_rules = require("platform.rules")
local lines = require("lines")
local rules = require("rules")

local usage = {}

local DAY = 86400
local MOST = 10000 -- sums of keys at once

local function owns(organization, key_id)
  local key = kordless.keys.get(key_id)
  return key and key.organization_id == organization.id
end

function usage.show_usage(req)
  local organization, refused = access.organization(req)
  if not organization then
    return nil, refused
  end
  local wanted, why = rules.period(req.query, kordless.now())
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  if req.query.key and not owns(organization, req.query.key) then
    return nil, "validation_error", { detail = "key is none of this organization's keys." }
  end
  wanted.organization_id, wanted.key_id = organization.id, req.query.key
  local rows = kordless.usage.rows(wanted)
  if not rows then
    return nil, "validation_error", { detail = rules.TOO_MANY }
  end
  local totals = kordless.usage.rows({ organization_id = organization.id, key_id = wanted.key_id,
    from = wanted.from, to = wanted.to, step = wanted.step, by = "status", totals = true })
  if wanted.by == "key" then
    lines.newest(rows)
  end
  return 200, { usage = rules.show(organization, wanted, rows, totals) }
end

local function charged(rows)
  local sum = 0
  for _, row in ipairs(rows) do
    sum = sum + row.charged
  end
  return sum
end

-- What lines of keys were charged in the last 24 hours: by line, all of it, and the list. Of very
-- many the list has those with the most; another is looked up when it is asked for.
local function day_of(organization, now)
  local function sums(by, line)
    return kordless.usage.rows({ organization_id = organization.id, key_id = line,
      from = now - DAY, to = now + 60, step = "minute", by = by, totals = true })
  end
  local rows, used = sums("key"), {}
  for _, row in ipairs(rows) do
    used[row.name] = row.charged
  end
  if #rows < MOST then
    return used, charged(rows), rows
  end
  setmetatable(used, { __index = function(_, line) return charged(sums("status", line)) end })
  return used, charged(sums("status")), rows
end

local function top_of(rows, day)
  table.sort(rows, function(a, b) return a.charged > b.charged end)
  local top = table.move(rows, 1, math.min(#rows, 10), 1, {})
  for i, row in ipairs(lines.newest(top)) do
    top[i] = { id = row.name, label = row.label, last4 = row.last4, used = row.charged,
      share = day > 0 and row.charged / day or 0 }
  end
  return kordless.json.array(top)
end

function usage.show_limits(req)
  local organization, refused = access.organization(req)
  if not organization then
    return nil, refused
  end
  local after, why = key_rules.after(req.query, "key_")
  if why then
    return nil, "validation_error", { detail = why }
  end
  local used, day, rows = day_of(organization, kordless.now())
  local page = key_rules.page("keys",
    kordless.keys.list({ organization_id = organization.id, cursor = after }), req.query,
    function(key)
      return rules.limits(key, kordless.usage.windows(key.id), used, day)
    end)
  page.organization_id = organization.id
  page.day = { used = day, keys = top_of(rows, day) }
  return 200, page
end

function usage.show_key_limits(req)
  local key, refused = access.key(req)
  if not key then
    return nil, refused
  end
  local used, day = day_of({ id = key.organization_id }, kordless.now())
  return 200, { limits = rules.limits(key, kordless.usage.windows(key.id), used, day) }
end

function usage.list_denials(req)
  local key, refused = access.key(req)
  if not key then
    return nil, refused
  end
  local denials = kordless.usage.denials(key.id)
  local successor = key.rotated_to and kordless.keys.get(key.rotated_to)
  for i, row in ipairs(denials) do
    denials[i] = rules.denial(row, successor)
  end
  return 200, { denials = kordless.json.array(denials) }
end

for _, part in ipairs({ require("worth"), require("quotas") }) do
  for name, handler in pairs(part) do
    usage[name] = handler
  end
end

return usage
