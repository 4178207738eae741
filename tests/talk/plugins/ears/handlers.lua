local handlers, problems = {}, {}

function handlers.say(req)
  local said = kordless.transaction("say", { how = req.params.how, text = (req.body or {}).text or "x" })
  return 200, { said = said }
end

function handlers.heard()
  local list = kordless.json.array({})
  for i, row in ipairs(kordless.db.query("SELECT event, text FROM heard ORDER BY id")) do
    list[i] = row.event .. " " .. row.text
  end
  return 200, { heard = list }
end

local function keep(told, text)
  kordless.transaction("keep", { event = told.event, text = text })
end

function handlers.on_said(told)
  if told.data.text == "fail" then error("the hook failed") end
  keep(told, told.data.text)
end

function handlers.on_booking(told) keep(told, told.data.booking.status) end

function problems.plain() kordless.problem("teapot") end

function problems.deep()
  local function inner() kordless.problem("teapot", { detail = "Tipped over.", spout = 1 }) end
  inner()
end

function problems.caught()
  local ok = pcall(kordless.problem, "teapot")
  assert(not ok)
  assert(not pcall(kordless.transaction, "say", { how = "one", text = "after the problem" }))
  return 200, { fine = true }
end

function problems.after_waiting()
  kordless.sleep(0.001)
  kordless.problem("not_found")
end

function problems.unknown() kordless.problem("teepot") end

function problems.failing()
  pcall(kordless.problem, "teapot")
  while true do end -- luacheck: ignore
end

function handlers.problem(req)
  problems[req.params.how]()
  return 200, {}
end

return handlers
