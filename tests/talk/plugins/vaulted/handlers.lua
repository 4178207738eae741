local handlers = {}

-- Tells what it can without telling it.
function handlers.length(req)
  local value = kordless.secret(req.params.name)
  return 200, { length = value and #value or kordless.json.null, first = value and value:sub(1, 1) }
end

return handlers
