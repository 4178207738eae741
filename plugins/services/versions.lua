-- The version of an object, as an entity-tag and as callers mean it. Pure.

local versions = {}

function versions.etag(version)
  return '"' .. version .. '"'
end

-- Whether a version is among those a caller named; named: req.if_match, nil: whichever it is.
-- version nil: there is none, which nobody can mean.
function versions.is_meant(named, version)
  for _, tag in ipairs(named or {}) do
    if version and (tag == "*" or tag == tostring(version)) then
      return true
    end
  end
  return named == nil
end

return versions
