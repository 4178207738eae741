local transactions, ways = {}, {}

function ways.plain(args)
  kordless.record("deed.signed", "deed_1", { pages = 3 }, args.organization_id)
end

function ways.bare() kordless.record("deed.read") end

function ways.forged() kordless.record("organization.suspend", "org_1") end

function ways.one_word() kordless.record("suspend") end

function ways.three_words() kordless.record("a.b.c") end

function ways.odd_words() kordless.record("Deed.sign ed") end

function ways.long_object() kordless.record("deed.signed", ("x"):rep(129)) end

function ways.large() kordless.record("deed.signed", "deed_1", { text = ("x"):rep(4096) }) end

function ways.no_data() kordless.record("deed.signed", "deed_1", { f = function() end }) end

function ways.many()
  for i = 1, 33 do kordless.record("deed.signed", "deed_" .. i) end
end

function ways.undone()
  kordless.record("deed.signed")
  error("never mind")
end

function transactions.note(args)
  ways[args.how](args)
  return {}
end

return transactions
