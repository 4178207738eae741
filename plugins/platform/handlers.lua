-- The platform's routes. What must hold (a key is shown once, a revocation is refused
-- everywhere before it is answered) holds below, in the server itself.
local handlers = {}

for _, part in ipairs({
  require("organizations"), require("keys"), require("own"),
}) do
  for name, handler in pairs(part) do
    handlers[name] = handler
  end
end

function handlers.resume_plugin(req)
  local resumed = kordless.plugins.resume(req.params.name)
  if resumed == nil then
    return nil, "not_found", { detail = "No plugin '" .. req.params.name .. "' runs here." }
  end
  return 200, { plugin = { name = req.params.name, resumed = resumed } }
end

return handlers
