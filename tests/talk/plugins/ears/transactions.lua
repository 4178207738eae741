local transactions = {}

local ways = {}

function ways.one(args) kordless.emit("said", { text = args.text }) end

function ways.three(args)
  for i = 1, 3 do kordless.emit("said", { text = args.text .. i }) end
end

function ways.refused(args)
  ways.one(args)
  kordless.refuse({ refused = true })
end

function ways.failed(args)
  ways.one(args)
  error("rolled back")
end

function ways.unheard() kordless.emit("sung", { text = "la" }) end

function ways.unknown() kordless.emit("sayd", {}) end

function ways.no_data() kordless.emit("said", { text = function() end }) end

function ways.large()
  for _ = 1, 3 do kordless.emit("said", { text = ("x"):rep(30000) }) end
end

function transactions.say(args)
  ways[args.how](args)
  return { how = args.how }
end

function transactions.keep(row)
  kordless.db.exec("INSERT INTO heard (event, text) VALUES (?, ?)", row.event, row.text)
  return {}
end

return transactions
