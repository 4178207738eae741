local handlers = {}

function handlers.note(req)
  local args = { how = req.params.how, organization_id = (req.body or {}).organization_id }
  if args.how == "later" then
    kordless.after(0, "later", args)
    return 202, {}
  end
  local ok, why = pcall(kordless.transaction, "note", args)
  return 200, { done = ok, why = not ok and tostring(why) or nil }
end

function handlers.later(args)
  kordless.transaction("note", { how = "plain", organization_id = args.organization_id })
end

return handlers
