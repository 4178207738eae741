-- Why a key has the limits it has, and what another policy would make of them.
local rules = require("rules")

local quotas = {}

function quotas.explain_quota(req)
  local key = kordless.keys.get(req.params.id)
  if not key then
    return nil, "not_found"
  end
  return 200, { quota = rules.quota(key, kordless.quotas.explain(key.id)) }
end

function quotas.diff_quota(req)
  if not req.body then
    return nil, "validation_error", { detail = "Send a JSON object with source." }
  end
  local diff, faults = kordless.quotas.diff(req.body.source)
  if not diff then
    local list = {}
    for line in faults:gmatch("[^\n]+") do
      list[#list + 1] = line
    end
    return nil, "quota_refused", {
      detail = "This quota.lua would not go live: " .. (list[1] or "it is empty"),
      faults = kordless.json.array(list),
    }
  end
  return 200, { diff = diff }
end

return quotas
