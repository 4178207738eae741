local handlers = {}

function handlers.list()
  local shown = kordless.json.array({})
  for i, entry in ipairs(kordless.secrets.list()) do
    shown[i] = { name = entry.name, set_at = kordless.time.format(entry.set_at) }
  end
  return 200, { secrets = shown }
end

local function is_name(text)
  return #text <= 128 and text:find("^[a-z0-9_]+%.[a-z0-9_]+$") ~= nil
end

function handlers.set(req)
  local name = req.params.name
  if not is_name(name) then
    return nil, "validation_error",
      { detail = "A secret is called plugin.name: words of a-z, 0-9 and _, 128 at most." }
  end
  if #req.body.value > 8192 then
    return nil, "validation_error", { detail = "value must have at most 8192 bytes." }
  end
  if not kordless.secrets.set(name, req.body.value) then
    return nil, "too_many_secrets"
  end
  return 200, { secret = { name = name, set_at = kordless.time.format(kordless.now()) } }
end

function handlers.drop(req)
  local name = req.params.name
  if not is_name(name) or not kordless.secrets.drop(name) then
    return nil, "not_found", { detail = "No secret is called '" .. name .. "'." }
  end
  return 204
end

return handlers
