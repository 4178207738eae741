-- How many requests a key may make. Edit, then say `kordless reload`. The counting is
-- exact and done there; here are only the numbers.
--
-- `reads` names what the numbers depend on: "plan" (the organization's) and "environment"
-- ("production", "development" or nil); scripts/README.md has the others, and what else can
-- be said. Keys that agree in these have the same limits, and this file is asked once for
-- all of them. Limits are whole numbers from 1 to 1,000,000.

local quota = {}

quota.reads = { "plan", "environment" }

-- per_minute and per_hour are each key's own; per_day is shared by an organization's keys.
function quota.limits(key) -- luacheck: no unused args
  -- if key.environment == "development" then
  --   return { per_minute = 30, per_hour = 300, per_day = 10000 }
  -- end
  -- if key.plan == "large" then
  --   return { per_minute = 1000, per_hour = 20000, per_day = 200000 }
  -- end
  return { per_minute = 100, per_hour = 1000, per_day = 10000 }
end

-- What the numbers promise, whatever they are: a function for each sentence, which raises
-- when it is broken. A file that breaks one never goes live.
quota.tests = {
  ["a development key gets no more than a production key"] = function()
    local development = quota.limits({ environment = "development" })
    for name, most in pairs(quota.limits({ environment = "production" })) do
      assert(development[name] <= most, name .. " is higher for development")
    end
  end,
}

return quota
