local handlers, acts = {}, {}

function acts.add(n) kordless.metrics.add("seen_total", n) end
function acts.one() kordless.metrics.add("seen_total") end
function acts.lift(n) kordless.metrics.add("level", n) end
function acts.set(n) kordless.metrics.set("level", n) end
function acts.set_counter(n) kordless.metrics.set("seen_total", n) end
function acts.unknown() kordless.metrics.add("seen_totl") end

function handlers.count(req)
  acts[req.params.what](math.tointeger(tonumber(req.params.n)))
  return 204
end

return handlers
