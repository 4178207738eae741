-- Round-robin by skill: a service goes to hosts who can give it, and the first in the list
-- changes from day to day. Install: copy this file to scripts/booking.lua, or its functions
-- and tables into yours, and the tests into `booking.tests`; put your hosts' ids in. Then
-- `kordless check` and `kordless reload`. Where a client names no host, the server takes
-- the first of these that is free.

local booking = {}

-- What a service asks for, by slug; a service that is not here asks for nothing.
local asked = {
  ["consultation"] = "advice",
}

-- How good a host is at it, by id: 1 learns, 2 can, 3 is the best.
local skills = {
  ["host_00000000000000000000000001"] = { advice = 3 },
  ["host_00000000000000000000000002"] = { advice = 3, colour = 2 },
  ["host_00000000000000000000000003"] = { colour = 3 },
}

local function level(request, i)
  local skill = asked[request.service.slug]
  local has = skills[request.host_ids[i]]
  return skill and has and has[skill] or 0
end

-- "" stands for a whole team, which is asked for as it is.
function booking.offer(request)
  local refused = {}
  for i = 1, asked[request.service.slug] and request.n or 0 do
    if request.host_ids[i] ~= "" and level(request, i) == 0 then
      refused[i] = { code = "x_not_their_skill", message = "Please choose another of our team." }
    end
  end
  return refused
end

-- The best first; among equals each day another one. A host's turn is its place among all
-- in `skills`, so that lists of one start and of many agree.
local turns, hosts = {}, {}
for id in pairs(skills) do hosts[#hosts + 1] = id end
table.sort(hosts)
for turn, id in ipairs(hosts) do turns[id] = turn end

function booking.rank(request)
  local ranks = {}
  for i = 1, request.n do
    local day = request.starts[i] // 86400
    local turn = ((turns[request.host_ids[i]] or 0) + day) % #hosts
    ranks[i] = turn - level(request, i) * #hosts
  end
  return ranks
end

local ada, ben, cleo = hosts[1], hosts[2], hosts[3]

local function request(day, ...)
  local list = { service = { slug = "consultation" }, n = select("#", ...), host_ids = { ... } }
  list.starts = {}
  for i = 1, list.n do list.starts[i] = day * 86400 + 3600 end
  return list
end

booking.tests = {
  ["who cannot do it is not offered"] = function()
    local refused = booking.offer(request(1, ada, ben, cleo, ""))
    local several = 0
    for i = 1, 3 do several = several + (refused[i] and 1 or 0) end
    assert(several == 1 and not refused[4])
  end,
  ["equals change places within a few days"] = function()
    local first = {}
    for day = 1, #hosts do
      local ranks = booking.rank(request(day, ada, ben, cleo))
      local best = math.min(table.unpack(ranks))
      for i = 1, 3 do first[i] = first[i] or ranks[i] == best end
    end
    local several = 0
    for i = 1, 3 do several = several + (first[i] and 1 or 0) end
    assert(several == 2)
  end,
}

return booking
