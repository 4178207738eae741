-- What is worth a look in a whole organization.
local access = require("platform.access")
local key_rules = require("platform.rules")
local look = require("platform.look")
local signals = require("platform.signals")

local worth = {}

local PAGE = 100
local MOST = 100 -- signals of a kind

local function idle(organization, now, found)
  for _, row in ipairs(look.woken(organization.id, now)) do
    found[#found + 1] = signals.idle(kordless.keys.get(row.key_id), row.before, row.again)
  end
end

local function refusals(organization, now, found)
  for _, row in ipairs(look.suspects(organization.id, now)) do
    found[#found + 1] = look.refusals(organization.id, row.key_id, now)
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

function worth.list_signals(req)
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

return worth
