-- How a change of the catalogue ends: a transaction says it as plain data, the handler
-- answers it.

local versions = require("services.versions")

local outcome = {}

outcome.MISSING = { error = "not_found" }
outcome.GONE = { status = 204 }
outcome.STALE = { error = "precondition_failed" }

function outcome.violation(code, message)
  return { code = code, message = message }
end

-- Faults of the body that only the writer can see.
function outcome.faulty(faults)
  return { error = "validation_error", more = { detail = table.concat(faults, "; ") .. "." } }
end

function outcome.refused(violations)
  local messages = {}
  for i, violation in ipairs(violations) do
    messages[i] = violation.message
  end
  return {
    error = "unprocessable",
    more = { detail = table.concat(messages, " "), violations = violations },
  }
end

-- Ids that name nothing of the organization's; what: "host" or "team".
function outcome.unknown(what, ids)
  local violations = {}
  for i, id in ipairs(ids) do
    violations[i] = outcome.violation("unknown_" .. what,
      ("This organization has no %s %s."):format(what, id))
  end
  return violations
end

-- Runs a transaction of this plugin on the caller's organization and gives what the handler
-- returns. args.meant: the versions that If-Match names.
function outcome.of(req, name, args)
  args.organization_id, args.now, args.meant = req.organization.id, kordless.now(), req.if_match
  local done = kordless.transaction(name, args)
  if done.error then
    return nil, done.error, done.more
  end
  return done.status, done.body, done.version and { ETag = versions.etag(done.version) }
end

-- Tells who listens, and the audit; change: "created", "updated", "deleted" or "archived".
-- detail: what of it, {changed = …} of an update (changes.of), which is not noted if none was.
function outcome.tell(args, object, id, change, detail)
  if detail or change ~= "updated" then
    kordless.record(object .. "." .. change, id, detail, args.organization_id)
  end
  kordless.emit("changed",
    { organization_id = args.organization_id, object = object, id = id, change = change })
end

return outcome
