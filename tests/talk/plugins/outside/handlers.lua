-- Asks whatever server it is told to, and puts off whatever it is told to. Its manifest is
-- written by the spec, since the ports of the servers are known only then.

local handlers = {}

function handlers.fetch(req)
  local response, code, why = kordless.fetch(req.body)
  kordless.log.info("came_back", { tag = req.query.tag or "none", code = code or "ok" })
  if not response then return 200, { code = code, why = why } end
  return 200, response
end

function handlers.nap(req)
  kordless.sleep(tonumber(req.query.seconds))
  kordless.log.info("woke", { tag = req.query.tag })
  return 200, { tag = req.query.tag }
end

function handlers.later(req)
  local put = 0
  for _ = 1, req.body.times or 1 do
    if kordless.after(req.body.seconds, req.body.name, req.body.args) then put = put + 1 end
  end
  return 200, { put = put }
end

-- What `later` puts off: it may wait and write like any handler.
function handlers.note(args)
  kordless.sleep(0.01)
  kordless.log.info("noted", { tag = args.tag, time = kordless.now() > 0 })
end

-- Again and again, until another version of it is live.
function handlers.tick(args)
  kordless.log.info("ticked", { tag = args.tag })
  kordless.after(0.05, "tick", args)
end

function handlers.doze(args)
  kordless.sleep(60)
  kordless.log.info("noted", { tag = args.tag })
end

function handlers.fault() error("as it was told") end

function handlers.loop() while true do end end

return handlers
