-- Pure functions: the same values in, the same answer out.

local rules = {}

rules.most = 100 -- notes of one organization

-- The text of a note, or nil and a sentence for the caller.
function rules.text(body)
  local text = type(body) == "table" and body.text
  if type(text) ~= "string" or not text:find("%S") then
    return nil, "text is required and must be a string that is not blank."
  end
  if utf8.len(text) > 2000 then
    return nil, "text must have at most 2000 characters."
  end
  return text
end

function rules.show(row)
  return { id = row.id, text = row.text, created_at = kordless.time.format(row.created_at) }
end

return rules
