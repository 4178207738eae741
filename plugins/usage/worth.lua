-- What is worth a look in a whole organization.
local access = require("platform.access")
local key_rules = require("platform.rules")
local look = require("platform.look")
local signals = require("platform.signals")

local worth = {}

local PAGE = 100
local MOST = 100 -- signals of a kind

-- What is counted of a line of rotations is told of its newest key, the one that goes on.
local function add(found, signal, key)
  if signal and key then
    signal.key = { id = key.id, label = key.label, last4 = key.last4 }
    found[#found + 1] = signal
  end
end

-- Goes once through all keys: the newest of each line that is in `lines`, and signals of the
-- oldest that are still good; keys are listed newest first.
local function keys_of(organization, now, lines)
  local newest, kept, cursor = {}, {}, nil
  repeat
    local rows = kordless.keys.list({ organization_id = organization.id, cursor = cursor })
    for i = 1, math.min(#rows, PAGE) do
      local key = rows[i]
      if lines[key.line] and not key.rotated_to then
        newest[key.line] = key
      end
      local signal = key_rules.status(key, now) == "active" and signals.old(key, now)
      kept[#kept + 1] = signal or nil
    end
    cursor = #rows > PAGE and rows[PAGE].id
  until not cursor
  return newest, kept
end

function worth.list_signals(req)
  local organization, refused = access.organization(req)
  if not organization then
    return nil, refused
  end
  local now, found, lines = kordless.now(), {}, {}
  local woken, suspects = look.woken(organization.id, now), look.suspects(organization.id, now)
  for _, rows in ipairs({ woken, suspects }) do
    for _, row in ipairs(rows) do
      lines[row.key_id] = true
    end
  end
  local newest, old = keys_of(organization, now, lines)
  for _, row in ipairs(woken) do
    local key = newest[row.key_id]
    add(found, key and signals.idle(key, row.before, row.again), key)
  end
  for _, row in ipairs(suspects) do
    add(found, look.refusals(organization.id, row.key_id, now), newest[row.key_id])
  end
  for i = #old, math.max(#old - MOST + 1, 1), -1 do
    found[#found + 1] = old[i]
  end
  return 200, { signals = kordless.json.array(found) }
end

return worth
