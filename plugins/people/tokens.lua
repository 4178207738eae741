-- Tokens, by which an operator's programs ask.
local platform = require("platform.rules")
local rules = require("rules")

local tokens = {}

function tokens.create_token(req)
  local body = platform.optional(req.body)
  local expires = body.expires_at and kordless.time.parse(body.expires_at)
  if expires and expires <= kordless.now() then
    return nil, "validation_error", { detail = "expires_at must lie in the future." }
  end
  local made = kordless.tokens.create(platform.masked(body.label) or "", expires)
  return 201, { token = rules.show_token(made, kordless.now()) }
end

function tokens.list_tokens(req)
  if not rules.is_cursor(req.query.cursor, "tok") then
    return nil, "validation_error", { detail = "cursor is none of this list; begin without one." }
  end
  local limit, shown = req.query.limit, {}
  local rows = kordless.tokens.list(req.query.cursor, limit)
  for i, row in ipairs(rows) do
    shown[i] = rules.show_token(row, kordless.now())
  end
  return 200, {
    tokens = kordless.json.array(shown),
    next_cursor = #rows == limit and rows[limit].id or kordless.json.null,
  }
end

function tokens.revoke_token(req)
  if not req.params.id:find("^tok_%w+$") or #req.params.id ~= 30 then
    return nil, "not_found"
  end
  local done = kordless.tokens.revoke(req.params.id)
  if not done then
    return nil, "not_found"
  end
  return 200, { token = rules.show_token(done, kordless.now()) }
end

return tokens
