local handlers = {}

function handlers.options()
  local o = kordless.options
  local days = {}
  for i, day in ipairs(o.days) do days[i] = day end
  local writes = {
    pcall(function() o.most = 9 end),
    pcall(function() o.days[1] = "x" end),
    pcall(rawset, o, "most", 9),
  }
  return 200, {
    greeting = o.greeting, most = o.most, share = o.share, loud = o.loud, days = days,
    n = #o.days, unset = o.unset, writes = writes, remote = kordless.transaction("most", {}),
  }
end

function handlers.list(req)
  local types = {}
  for name, value in pairs(req.query) do types[name] = math.type(value) or type(value) end
  return 200, { query = req.query, types = types }
end

function handlers.order(req)
  return 200, { body = req.body, gone = req.body.gone == nil }
end

-- The reply is what was sent.
function handlers.reply(req)
  if req.body.text then
    return 200, req.body.text
  end
  return req.body.status or 200, req.body.reply
end

return handlers
