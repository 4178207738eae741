local handlers = {}

local text = { ["Content-Type"] = "text/plain; charset=utf-8" }

function handlers.body(req)
  return 200, req.raw_body, { ["Content-Type"] = "application/octet-stream" }
end

-- A line "Name: value" for each header, in the order they came.
function handlers.headers(req)
  local lines = {}
  for i, header in ipairs(req.headers) do
    lines[i] = header.name .. ": " .. header.value .. "\n"
  end
  return 200, table.concat(lines), text
end

function handlers.json(req)
  local value, why = kordless.json.decode(req.raw_body)
  if why then
    return nil, "validation_error", { detail = why }
  end
  return 200, kordless.json.encode(value)
end

return handlers
