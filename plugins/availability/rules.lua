-- Which starts can be booked, and why one cannot. Pure: everything it looks at is given.
--
-- world: {organization_id, team_id?, service, candidates, schedules, closures, version, source?};
-- `source` is what worlds of the same service and version share.
-- candidate: {key, id?, hosts = {host ids}, host?, team?}; `id` is absent where a whole
-- team is booked at once, and `key` then names the team.
-- query: {from, to, now, party_size}, instants in seconds.

local occupancy = require("availability.occupancy")
local windows = require("availability.windows")

local rules = {}

rules.MAX_SLOTS = 10000
local MAX_STARTS = 100000 -- looked at for one answer, free or not

-- The starts worth looking at: what is left of the query after notice and window.
function rules.range(service, query)
  local lo = math.max(query.from, query.now + service.minimum_notice_minutes * 60)
  local hi = query.to
  if service.booking_window_days then
    hi = math.min(hi, query.now + service.booking_window_days * 86400 + 1)
  end
  return lo, hi
end

-- The slots of all candidates that are open, and free in what is taken (store.taken; nil:
-- nothing is): a kordless.slots, by start and then by the candidates' order, which is that of
-- their ids. nil, "too_many" when there are too many.
function rules.slots(world, taken, query)
  local service, lo, hi = world.service, rules.range(world.service, query)
  local slots = occupancy.list(service, lo, hi, query.party_size, rules.MAX_SLOTS, MAX_STARTS)
  if lo >= hi or query.party_size > service.max_parallel_bookings then
    return slots
  end
  local layout = windows.layout(world, lo, hi)
  for i, who in ipairs(world.candidates) do
    if not slots:add(i, windows.of(layout, who), taken, who.hosts) then
      return nil, "too_many"
    end
  end
  return slots
end

local function violation(code, message)
  return { code = code, message = message }
end

-- What is wrong with the start asked for, whoever gives it.
-- ask: {start, finish, fraction, now, party_size}
function rules.limits(service, ask)
  local list = {}
  local notice, days = service.minimum_notice_minutes, service.booking_window_days
  if ask.start < ask.now then
    list[#list + 1] = violation("in_the_past", "The start lies in the past.")
  elseif ask.start < ask.now + notice * 60 then
    list[#list + 1] = violation("too_soon",
      "This service is booked at least " .. notice .. " minutes ahead.")
  elseif days and ask.start > ask.now + days * 86400 then
    list[#list + 1] = violation("too_far",
      "This service is booked at most " .. days .. " days ahead.")
  end
  if ask.fraction then
    list[#list + 1] = violation("off_grid", "Starts and ends are whole seconds.")
  end
  if ask.finish - ask.start ~= service.duration_minutes * 60 then
    list[#list + 1] = violation("wrong_duration",
      "This service takes " .. service.duration_minutes .. " minutes.")
  end
  if ask.party_size > service.max_parallel_bookings then
    list[#list + 1] = violation("party_too_large",
      "This service takes at most " .. service.max_parallel_bookings .. " at once.")
  end
  return list
end

-- Why a slot does not lie in the hours of one candidate; nil when it does. open: windows.of
function rules.outside(service, layout, open, start)
  local finish = start + service.duration_minutes * 60
  if layout.closed:touches(start, finish) then
    return violation("closed", "The organization is closed on this day.")
  end
  if not open:covers(start, finish) then
    return violation("outside_hours", "The time lies outside the opening hours.")
  end
end

-- Why the hours of one candidate do not allow a start; nil when they do.
function rules.against(world, layout, who, start)
  local service, open = world.service, windows.of(layout, who)
  local outside = rules.outside(service, layout, open, start)
  if outside then
    return outside
  end
  local step = service.slot_interval_minutes * 60
  if not windows.starts(open, service.timezone, step, start, start + 1, 1)[1] then
    return violation("off_grid", "Starts are every " .. service.slot_interval_minutes
      .. " minutes from the beginning of the opening hours.")
  end
end

-- The nearest miss of all candidates: off_grid is closer than outside_hours.
local closeness = { off_grid = 1, outside_hours = 2, closed = 3 }

function rules.hours(world, start)
  local layout = windows.layout(world, start, start + 1)
  local nearest
  for _, who in ipairs(world.candidates) do
    local reason = rules.against(world, layout, who, start)
    if not reason then
      return nil
    end
    if not nearest or closeness[reason.code] < closeness[nearest.code] then
      nearest = reason
    end
  end
  return nearest or violation("outside_hours", "Nobody gives this service at present.")
end

local TRIED = 50 -- instants of which somebody is asked: it may be the operator's script

-- The n instants nearest to a start, earlier first among equals, as the slots {start, free,
-- who} that are first at each; who is a number. slots: a kordless.slots. against: says of an
-- instant why it is none for who asks; or nil.
function rules.nearest(slots, start, n, against)
  local list, last = {}, nil
  for i = 1, #slots do
    local at, free, who = slots:get(i)
    if at ~= start and at ~= last then
      list[#list + 1] = { start = at, free = free, who = who }
    end
    last = at
  end
  table.sort(list, function(x, y)
    local dx, dy = math.abs(x.start - start), math.abs(y.start - start)
    return dx < dy or dx == dy and x.start < y.start
  end)
  local found = {}
  for i = 1, math.min(#list, against and TRIED or n) do
    if #found < n and not (against and against(list[i].start)) then
      found[#found + 1] = list[i]
    end
  end
  return found
end

return rules
