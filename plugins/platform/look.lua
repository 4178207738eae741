-- Which keys are worth a look, by what was counted of them; what that means is in signals.lua.
local rules = require("platform.rules")
local signals = require("platform.signals")

local look = {}

local HOUR = 3600
local CLOSER = 10 -- keys of one answer whose last two weeks are gone through

function look.woken(organization_id, now)
  return kordless.usage.again(organization_id, now - signals.AGAIN_SHOWN)
end

-- Lines of keys that may have unusual refusals, those with the most first: this hour and the
-- one before hold the last sixty minutes.
function look.suspects(organization_id, now)
  return kordless.usage.refused(organization_id, now - HOUR, signals.FEW)
end

-- Whole hours before the last one, or what is new would be part of what is usual.
local function history(organization_id, line, now)
  local refused, to = {}, (now - HOUR) // HOUR * HOUR
  for _, row in ipairs(kordless.usage.rows({ organization_id = organization_id, key_id = line,
    from = to - signals.HISTORY, to = to, step = "hour" })) do
    refused[#refused + 1] = row.refused
  end
  return refused
end

-- The signal that the last sixty minutes of a line are, or nil.
function look.refusals(organization_id, line, now)
  local sums = kordless.usage.rows({ organization_id = organization_id, key_id = line,
    from = now - HOUR, to = now + 60, step = "minute", totals = true })[1]
  if sums and sums.refused >= signals.FEW then
    return signals.refusals(kordless.keys.get(line), sums, history(organization_id, line, now),
      now)
  end
end

-- A list of signals for each of these keys of an organization, by id. What is counted of a
-- line of rotations is told of its newest key. It costs two questions for all of them, which
-- read what was refused and who woke up; and for the ten with the most refusals their last
-- two weeks.
function look.at(organization_id, keys, now)
  local found, lines = {}, {}
  local function add(key, signal)
    if key and signal then
      signal.key = nil
      table.insert(found[key.id], signal)
    end
  end
  for _, key in ipairs(keys) do
    found[key.id] = {}
    lines[key.line] = not key.rotated_to and key or lines[key.line]
  end
  for _, row in ipairs(look.woken(organization_id, now)) do
    local key = lines[row.key_id]
    add(key, key and signals.idle(key, row.before, row.again))
  end
  local closer = 0
  for _, row in ipairs(look.suspects(organization_id, now)) do
    local key = lines[row.key_id]
    closer = closer + (key and 1 or 0)
    add(key, key and closer <= CLOSER and look.refusals(organization_id, row.key_id, now))
  end
  for _, key in ipairs(keys) do
    add(key, rules.status(key, now) == "active" and signals.old(key, now))
  end
  return found
end

return look
