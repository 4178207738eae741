local handlers = {}

local function all(req)
  local told = {}
  for name, value in pairs(req) do
    if type(value) ~= "function" then
      told[name] = value
    end
  end
  return kordless.json.encode(told)
end

function handlers.tell(req)
  kordless.log.info("told", { all = all(req) })
  return 200, { all = all(req) }
end

function handlers.raise(req)
  error(all(req))
end

return handlers
