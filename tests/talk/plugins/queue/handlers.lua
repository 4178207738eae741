local handlers = {}

function handlers.slow(req)
  return 200, kordless.transaction("slow", { id = req.params.id })
end

function handlers.quick(req)
  return 200, kordless.transaction("quick", { id = req.params.id })
end

function handlers.rows()
  return 200, { rows = kordless.json.array(kordless.db.query("SELECT id FROM queue_row")) }
end

return handlers
