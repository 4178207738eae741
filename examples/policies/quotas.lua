-- Quotas: VIP organizations get more requests, development keys fewer, and they may only read.
-- Install: copy this file to scripts/quota.lua, `kordless check`, and `kordless reload`.
-- An organization's plan is set when it is made: kordless org create --plan vip …
-- A key's environment too: kordless key create --environment development …
-- What `read_only` takes from a key is answered 403 with a sentence that names this file; the
-- key's own scopes stay, and hold again where this no longer applies.

local quota = {}

quota.reads = { "plan", "environment" }

local plans = {
  vip = { per_minute = 1000, per_hour = 20000, per_day = 200000 },
}
local others = { per_minute = 100, per_hour = 1000, per_day = 10000 }

-- Of what a development key may do; the day is shared with the production keys, so it stays.
local development = { per_minute = 30, per_hour = 300 }

function quota.limits(key)
  local limits = plans[key.plan] or others
  if key.environment ~= "development" then
    return limits
  end
  return {
    per_minute = math.min(limits.per_minute, development.per_minute),
    per_hour = math.min(limits.per_hour, development.per_hour),
    per_day = limits.per_day,
    read_only = true,
  }
end

quota.tests = {
  ["everybody has the numbers that are promised"] = function()
    local limits = quota.limits({})
    assert(limits.per_minute == 100 and limits.per_hour == 1000 and limits.per_day == 10000)
  end,
  ["a VIP has ten times the minute"] = function()
    assert(quota.limits({ plan = "vip", environment = "production" }).per_minute == 1000)
  end,
  ["a development key has little, whatever the plan"] = function()
    for _, plan in ipairs({ "vip", "standard" }) do
      local limits = quota.limits({ plan = plan, environment = "development" })
      assert(limits.per_minute == 30 and limits.per_hour == 300)
    end
  end,
  ["a development key may only read, a production key what it was made for"] = function()
    assert(quota.limits({ environment = "development" }).read_only)
    assert(not quota.limits({ environment = "production" }).read_only)
  end,
}

return quota
