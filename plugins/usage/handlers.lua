-- How often keys ask, what is left to them, why they were refused, and what is worth a look.
local access = require("platform.access")
local key_rules = require("platform.rules")
local rules = require("rules")
local signals = require("signals")

local usage = {}

local HOUR, DAY, PAGE = 3600, 86400, 100
local MOST = 100 -- signals of a kind

function usage.show_usage(req)
  local organization, refused = access.organization(req)
  if not organization then
    return nil, refused
  end
  local wanted, why = rules.period(req.query, kordless.now())
  if not wanted then
    return nil, "validation_error", { detail = why }
  end
  wanted.organization_id = organization.id
  local rows = kordless.usage.rows(wanted)
  if not rows then
    return nil, "validation_error", { detail = rules.TOO_MANY }
  end
  local totals = kordless.usage.rows({ organization_id = organization.id, from = wanted.from,
    to = wanted.to, step = wanted.step, by = "status", totals = true })
  return 200, { usage = rules.show(organization, wanted, rows, totals) }
end

-- Of each line of keys what it was charged in the last 24 hours, all of it, and the list by
-- that.
local function day_of(organization, now)
  local rows = kordless.usage.rows({ organization_id = organization.id, from = now - DAY,
    to = now + 60, step = "minute", by = "key", totals = true })
  local used, day = {}, 0
  for _, row in ipairs(rows) do
    used[row.name] = row.charged
    day = day + row.charged
  end
  return used, day, rows
end

local function top_of(rows, day)
  table.sort(rows, function(a, b) return a.charged > b.charged end)
  local top = {}
  for i = 1, math.min(#rows, 10) do
    local row = rows[i]
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
      key.line = kordless.usage.line(key.id)
      return rules.limits(key, kordless.usage.windows(key.id), used, day)
    end)
  page.organization_id = organization.id
  page.day = { used = day, keys = top_of(rows, day) }
  return 200, page
end

function usage.list_denials(req)
  local key, refused = access.key(req)
  if not key then
    return nil, refused
  end
  local denials = kordless.usage.denials(key.id)
  for i, row in ipairs(denials) do
    denials[i] = rules.denial(row)
  end
  return 200, { denials = kordless.json.array(denials) }
end

-- --- signals ---

local function idle(organization, now, found)
  for _, row in ipairs(kordless.usage.again(organization.id, now - signals.AGAIN_SHOWN)) do
    found[#found + 1] = signals.idle(kordless.keys.get(row.key_id), row.before, row.again)
  end
end

-- Whole hours before the last one, or what is new would be part of what is usual.
local function history(organization, key_id, now)
  local refused, to = {}, (now - HOUR) // HOUR * HOUR
  for _, row in ipairs(kordless.usage.rows({ organization_id = organization.id, key_id = key_id,
    from = to - signals.HISTORY, to = to, step = "hour" })) do
    refused[#refused + 1] = row.refused
  end
  return refused
end

local function refusals(organization, now, found)
  local rows = kordless.usage.rows({ organization_id = organization.id, from = now - HOUR,
    to = now + 60, step = "minute", totals = true })
  table.sort(rows, function(a, b) return a.refused > b.refused end)
  for i = 1, math.min(#rows, MOST) do
    if rows[i].refused < signals.FEW then
      return
    end
    local key = kordless.keys.get(rows[i].name)
    found[#found + 1] =
      signals.refusals(key, rows[i], history(organization, key.id, now), now)
  end
end

-- The oldest that are still good; keys are listed newest first.
local function old(organization, now, found)
  local kept, cursor = {}, nil
  repeat
    local rows = kordless.keys.list({ organization_id = organization.id, cursor = cursor })
    for i = 1, math.min(#rows, PAGE) do
      local key = rows[i]
      local signal = key_rules.status(key, now) == "active" and signals.old(key, now)
      kept[#kept + 1] = signal or nil
    end
    cursor = #rows > PAGE and rows[PAGE].id
  until not cursor
  for i = #kept, math.max(#kept - MOST + 1, 1), -1 do
    found[#found + 1] = kept[i]
  end
end

function usage.list_signals(req)
  local organization, refused = access.organization(req)
  if not organization then
    return nil, refused
  end
  local now, found = kordless.now(), {}
  idle(organization, now, found)
  refusals(organization, now, found)
  old(organization, now, found)
  return 200, { signals = kordless.json.array(found) }
end

return usage
