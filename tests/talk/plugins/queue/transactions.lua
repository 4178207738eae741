local transactions = {}

local function add(id)
  kordless.db.exec("INSERT INTO queue_row (id) VALUES (?)", id)
  return { id = id }
end

-- Just within the budget of a transaction.
function transactions.slow(args)
  local n = 0
  for i = 1, 45000 do
    n = n + i
  end
  return add(args.id)
end

function transactions.quick(args)
  return add(args.id)
end

return transactions
