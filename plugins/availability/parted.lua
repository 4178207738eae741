-- Sessions of a whole team that its first host does not give: they began with a team of others.
-- Nobody joins them, nor is there another at that start. The first host's own time says nothing
-- of them; to free slots each is a gathering of that host with no time for anybody.

local parted = {}

-- Between which texts the names of sessions lie that begin in [lo, hi): no wider than need be,
-- as long as these have the same number of digits.
local function between(lo, hi)
  if lo >= 0 and #tostring(lo) == #tostring(hi) then
    return lo, hi
  end
  return "", ":"
end

-- Rows as store.taken has them, after its own, and their parameters appended to args. live:
-- claims `u` of a session c.owner that count, and their parameters.
function parted.rows(args, world, lo, hi, live, ...)
  local own = world.service.id .. "/" .. world.team_id .. "/"
  local first, last = between(lo, hi)
  local host_id = world.candidates[1].hosts[1]
  for _, value in ipairs({ own, host_id, own .. first, own .. last, host_id, ... }) do
    args[#args + 1] = value
  end
  return " UNION ALL SELECT host, at, at, 0, at, 0 FROM (SELECT DISTINCT subject AS owner,"
    .. " CAST(substr(subject, length(?) + 1) AS INTEGER) AS at, ? AS host FROM claim"
    .. " WHERE subject >= ? AND subject < ?) c WHERE NOT EXISTS (SELECT 1 FROM claim h"
    .. " WHERE h.owner = c.owner AND h.subject = ?) AND EXISTS (SELECT 1 FROM " .. live .. ")"
end

return parted
