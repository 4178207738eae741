local handlers = {}

function handlers.ask(req)
  local answer, code, why = kordless.fetch(req.body)
  if not answer then
    return 502, { code = code, why = why }
  end
  return 200, answer
end

function handlers.nap(req)
  local began = kordless.now()
  kordless.sleep(tonumber(req.params.seconds))
  return 200, { slept = kordless.now() - began }
end

local function note(text)
  kordless.transaction("note", { at = kordless.now(), text = text })
end

function handlers.later(req)
  for _, job in ipairs(req.body) do
    kordless.after(job.seconds, job.name, job)
  end
  return 204
end

function handlers.write(job)
  note("wrote")
  if job.nap then
    kordless.sleep(job.nap)
    note("slept")
  end
end

function handlers.fetch(job)
  local answer, code = kordless.fetch({ url = job.url })
  note(answer and answer.body or code)
end

function handlers.forever()
  kordless.after(0, "forever")
end

function handlers.lines()
  return 200, { lines = kordless.json.array(
    kordless.db.query("SELECT at, text FROM line ORDER BY rowid")) }
end

function handlers.spin(req)
  local sum = 0
  for i = 1, tonumber(req.params.n) do
    sum = sum + i
  end
  return 200, { sum = sum }
end

function handlers.broken()
  return 200, {}
end

return handlers
