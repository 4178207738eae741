local transactions = {}

local function insert(id, n, verb, next)
  return kordless.db.exec((verb or "INSERT") .. " INTO rail VALUES (?, ?, ?)", id, n, next)
end

function transactions.nothing() return {} end
function transactions.echo(args) return args end

function transactions.add(args)
  insert(args.id, args.n)
  return { added = args.id }
end

function transactions.loop(args)
  insert(args.id, 1)
  while true do pcall(error) end
end

function transactions.memory(args)
  insert(args.id, 1)
  local kept = {}
  for i = 1, 1e9 do kept[i] = ("x"):rep(1000) .. i end
  return #kept
end

function transactions.endless_sql(args)
  insert(args.id, 1)
  pcall(kordless.db.query, [[
    WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT sum(x) FROM c]])
  return { "never" }
end

function transactions.raise(args)
  insert(args.id, 1)
  error("after the insert")
end

function transactions.refuse(args)
  insert(args.id, 1)
  kordless.refuse({ refused = "with a value" })
end

function transactions.refuse_behind_pcall(args)
  insert(args.id, 1)
  pcall(kordless.refuse, { refused = "all the same" })
  return { kept = true }
end

function transactions.refuse_no_data(args)
  insert(args.id, 1)
  pcall(kordless.refuse, { f = tostring })
  return { kept = true }
end

function transactions.caught(args)
  insert(args.id, 1)
  local ok, why = pcall(insert, args.id, 2)
  return { ok = ok, code = why.code }
end

function transactions.check(args)
  local ok, why = pcall(insert, args.id, -1)
  return { ok = ok, code = why.code }
end

function transactions.thirteen(args)
  insert(args.id, 1)
  pcall(insert, args.id .. "-thirteen", 13)
  pcall(insert, args.id .. "-after", 1)
  return { hidden = true }
end

function transactions.or_rollback(args)
  insert(args.id, 1)
  pcall(insert, args.id, 1, "INSERT OR ROLLBACK")
  return { hidden = true }
end

function transactions.rollback_then_refuse(args)
  pcall(insert, args.id, 13)
  kordless.refuse({ hidden = true })
end

function transactions.dangling(args)
  insert(args.id, 1, nil, "nobody")
  return { added = args.id }
end

function transactions.commit() kordless.db.exec("COMMIT") end
function transactions.savepoint() kordless.db.exec("SAVEPOINT mine") end
function transactions.pragma() kordless.db.exec("PRAGMA synchronous = OFF") end
function transactions.attach() kordless.db.exec("ATTACH ':memory:' AS other") end
function transactions.create() kordless.db.exec("CREATE TABLE mine (x)") end
function transactions.write_service() kordless.db.exec("DELETE FROM service") end
function transactions.write_keys() kordless.db.exec("UPDATE api_key SET revoked_at = NULL") end
function transactions.write_schema() kordless.db.exec("DELETE FROM sqlite_master") end
function transactions.write_read() kordless.db.exec("UPDATE organization SET name = 'x'") end

function transactions.large_result() return { text = ("x"):rep(64 * 1024) } end
function transactions.no_data() return { f = tostring } end
function transactions.wait() kordless.sleep(1) end

return transactions
