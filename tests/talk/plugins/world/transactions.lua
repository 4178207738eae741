local transactions = {}

function transactions.note(line)
  kordless.db.exec("INSERT INTO line (at, text) VALUES (?, ?)", line.at, line.text)
end

return transactions
