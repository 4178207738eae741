local handlers, acts = {}, {}

function acts.revoke(id) kordless.keys.revoke(id) end

function acts.suspend(id) kordless.organizations.change(id, { suspended = true }) end

-- Where nothing can wait, nothing must have happened.
function handlers.sort(req)
  table.sort({ 2, 1 }, function() acts[req.params.what](req.params.id) end)
  return 204
end

return handlers
