local handlers = {}

function handlers.slow(req)
  return 200, kordless.transaction("slow", { id = req.params.id })
end

function handlers.quick(req)
  return 200, kordless.transaction("quick", { id = req.params.id })
end

-- As many writes as one worker may leave for later; each knocks until it is let in.
function handlers.fill(req)
  local n = 0
  while kordless.after(0, "knock", { id = req.params.name .. "-" .. n }) do
    n = n + 1
  end
  return 200, { n = n }
end

function handlers.knock(args)
  while not pcall(kordless.transaction, "quick", args) do
    kordless.sleep(0.2)
  end
end

function handlers.rows()
  return 200, { rows = kordless.json.array(kordless.db.query("SELECT id FROM queue_row")) }
end

return handlers
