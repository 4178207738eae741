local handlers = {}

function handlers.hello(req)
  return 200, { hello = req.query.name or "world" }
end

return handlers
