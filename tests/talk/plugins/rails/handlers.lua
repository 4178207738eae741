local handlers, acts = {}, {}

local endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT sum(x) AS s FROM c"

function acts.loop() while true do end end -- luacheck: ignore

function acts.loop_behind_pcall()
  while true do
    pcall(function() while true do end end) -- luacheck: ignore
  end
end

function acts.memory()
  local kept = {}
  for i = 1, 1e9 do kept[i] = { i } end
  return 200, #kept
end

function acts.memory_behind_pcall()
  local kept = {}
  while true do
    pcall(function() for i = #kept + 1, 1e9 do kept[i] = ("x"):rep(900) .. i end end)
  end
end

function acts.endless_sql() return kordless.db.one(endless) end

function acts.error() error("the secret of the house") end

function acts.no_json() return 200, { f = function() end } end

function acts.headers_then_error()
  return 200, { f = function() end }, { ["X-Rails"] = "gone", ["Content-Type"] = "text/html" }
end

function acts.undeclared() return nil, "not_in_the_manifest" end
function acts.teapot() return nil, "teapot", { status = 200, cups = 2 } end
function acts.no_status() return "hello" end

function acts.wait_in_sort()
  table.sort({ 1, 2, 3 }, function(a, b)
    kordless.transaction("add", { id = "sorted", n = 1 })
    return a < b
  end)
end

function acts.nap_in_sort_behind_pcall()
  pcall(table.sort, { 1, 2, 3 }, function() kordless.sleep(0) end)
  return 200, { awake = true }
end

function acts.wait_for_ever()
  while true do kordless.sleep(0) end
end

function acts.write_for_ever()
  while true do kordless.transaction("nothing", {}) end
end

function acts.large_argument()
  kordless.transaction("add", { id = "large", n = 1, text = ("x"):rep(64 * 1024) })
end

function acts.function_argument() kordless.transaction("add", { id = "f", n = tostring }) end

function acts.write_here() kordless.db.exec("INSERT INTO rail VALUES ('here', 1, NULL)") end
function acts.refuse_here() kordless.refuse({}) end

function acts.fits()
  local text = ("x"):rep(60 * 1024)
  return 200, { n = #kordless.transaction("echo", { text = text }).text }
end

function handlers.act(req)
  return acts[req.params.what](req)
end

function handlers.transact(req)
  return 200, { result = kordless.transaction(req.params.name, { id = req.query.id, n = 1 }) }
end

function handlers.ask(req)
  return 200, kordless.policy.call("rails", req.params.name, {})
end

function handlers.sql(req)
  return 200, { rows = kordless.json.array(kordless.db.query(req.query.q)) }
end

function handlers.rows()
  return 200, kordless.db.one("SELECT count(*) AS n, group_concat(id) AS ids FROM rail")
end

-- Until its key is revoked, or somebody adds the row `until`.
function handlers.doze(req)
  kordless.log.info("dozing", { tag = req.query.tag or "-" })
  while not kordless.db.one("SELECT 1 FROM rail WHERE id = ?", req.query["until"]) do
    pcall(kordless.sleep, 0.02)
  end
  return 200, { slept = true }
end

function handlers.nap(req)
  kordless.sleep(tonumber(req.query.seconds))
  if req.query.write then kordless.transaction("add", { id = req.query.write, n = 1 }) end
  return 200, { slept = true }
end

-- Leaves a job that is due at once, when the clock has moved so far.
function handlers.later(req)
  local at = kordless.now() + tonumber(req.params.seconds)
  while kordless.now() < at do kordless.sleep(0.05) end
  return 200, { put = kordless.after(0, "add", { id = "later", n = 1 }) }
end

function handlers.add(row)
  kordless.transaction("add", row)
end

return handlers
