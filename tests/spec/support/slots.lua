-- Free starts for specs, written to be obviously right: every start of the grid is looked at
-- alone, against every claim.

local span = require("support.span")
local zone = require("support.zone")

local slots = {}
slots.__index = slots

-- Of what is taken, rows of db.taken: {subject, a, b, blocks?, at?, units?}
local function claims_of(taken, subject)
  local list = {}
  for _, row in ipairs(taken or {}) do
    list[#list + 1] = row.subject == subject and row or nil
  end
  return list
end

local function meets(row, a, b)
  return row.a < b and a < row.b
end

-- The gathering of a subject at `start`, if there is one; else whether it is in the way.
local function look(rows, start, a, b)
  local gathering
  for _, row in ipairs(rows) do
    gathering = row.at == start and row or gathering
  end
  for _, row in ipairs(rows) do
    local blocks = row.blocks and row.blocks ~= 0
    if meets(row, a, b) and (not gathering or blocks and not row.at) then
      return gathering, true
    end
  end
  return gathering, gathering and (gathering.a > a or gathering.b < b)
end

local function free_at(self, start, taken, subjects)
  local g, gathered, used = self.grid, 0, 0
  for _, subject in ipairs(subjects) do
    local gathering, in_the_way =
      look(claims_of(taken, subject), start, start - g.before, start + g.length + g.after)
    if in_the_way then
      return 0
    end
    gathered = gathered + (gathering and 1 or 0)
    used = gathering and gathering.units or used
  end
  return (gathered == 0 or gathered == #subjects) and math.max(0, g.capacity - used) or 0
end

-- Is `start` on the grid of an interval that begins at `a`? It begins anew at each midnight.
local function on_grid(g, a, start)
  local day = zone.wall(g.zone, start)
  local midnight = zone.instant(g.zone, day, 0)
  return (start - math.max(a, midnight)) % g.step == 0
end

function slots.new(grid)
  return setmetatable({ grid = grid, list = {}, looked = 0 }, slots)
end

function slots:add(who, open, taken, subjects)
  local g = self.grid
  for a, b in open:each() do
    local from, to = math.max(a, g.lo), math.min(b, g.hi)
    for start = from - from % 60, to - 1, 60 do
      if start >= from and on_grid(g, a, start) then
        self.looked = self.looked + 1
        local free = start + g.length <= b and free_at(self, start, taken, subjects or {}) or 0
        if self.looked > g.look or free >= g.units and #self.list == g.most then
          return false
        elseif free >= g.units then
          table.insert(self.list, { start = start, free = free, who = who, rank = 0 })
        end
      end
    end
  end
  table.sort(self.list, function(x, y)
    return x.start < y.start or x.start == y.start and x.who < y.who
  end)
  return true
end

slots.__len = function(self)
  return #self.list
end

function slots:get(i)
  local slot = self.list[i]
  if slot then
    return slot.start, slot.free, slot.who
  end
end

function slots:drop(refused)
  local kept = {}
  for i, slot in ipairs(self.list) do
    kept[#kept + 1] = not refused[i] and slot or nil
  end
  self.list = kept
  return self
end

function slots:rank(ranks)
  for i, slot in ipairs(self.list) do
    slot.rank = tonumber(ranks[i]) or 0
  end
  table.sort(self.list, function(x, y)
    if x.start ~= y.start then
      return x.start < y.start
    end
    return x.rank < y.rank or x.rank == y.rank and x.who < y.who
  end)
  return self
end

function slots:column(kind, names)
  local column = {}
  for i, slot in ipairs(self.list) do
    local day, minutes = zone.wall(self.grid.zone, slot.start)
    column[i] = ({ starts = slot.start, minutes = minutes,
      weekdays = kordless.time.weekday(day), names = names and names[slot.who] })[kind]
  end
  return column
end

function slots:show(names, faces)
  local shown = kordless.json.array({})
  for i, slot in ipairs(self.list) do
    local one = {}
    for name, value in pairs(faces[slot.who]) do
      one[name] = value
    end
    one[names.start] = kordless.time.format(slot.start)
    one[names.finish] = kordless.time.format(slot.start + self.grid.length)
    one[names.free] = slot.free
    shown[i] = one
  end
  return shown
end

-- kordless.zone.open
function slots.open(name, weekly, overrides, lo, hi)
  local set = span.new()
  local first, last = zone.wall(name, lo), (zone.wall(name, hi))
  for day = first, last do
    for _, range in ipairs(overrides[day] or weekly[kordless.time.weekday(day)] or {}) do
      set:add(zone.instant(name, day, range[1]), zone.instant(name, day, range[2]))
    end
  end
  return set
end

return slots
