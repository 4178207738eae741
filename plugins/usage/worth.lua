-- What is worth a look in a whole organization.
local access = require("platform.access")
local key_rules = require("platform.rules")
local look = require("platform.look")
local signals = require("platform.signals")

local worth = {}

-- What is counted of a line of rotations is told of its newest key, the one that goes on.
local function add(found, signal, line)
  local key = signal and kordless.keys.newest(line)
  if key then
    signal.key = { id = key.id, label = key.label, last4 = key.last4 }
    found[#found + 1] = signal
  end
end

function worth.list_signals(req)
  local organization, refused = access.organization(req)
  if not organization then
    return nil, refused
  end
  local now, found = kordless.now(), {}
  for _, row in ipairs(look.woken(organization.id, now)) do
    local key = kordless.keys.get(row.key_id)
    add(found, key and signals.idle(key, row.before, row.again), row.key_id)
  end
  for _, row in ipairs(look.suspects(organization.id, now)) do
    add(found, look.refusals(organization.id, row.key_id, now), row.key_id)
  end
  for _, key in ipairs(kordless.keys.old(organization.id, now - signals.OLD)) do
    local active = key_rules.status(key, now) == "active"
    found[#found + 1] = active and signals.old(key, now) or nil
  end
  return 200, { signals = kordless.json.array(found) }
end

return worth
