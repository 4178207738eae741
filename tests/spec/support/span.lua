-- Sets of half-open intervals for specs, written to be obviously right.

local span = {}
span.__index = span

function span.new(a, b)
  local set = setmetatable({}, span)
  if type(a) == "table" then
    for _, pair in ipairs(a) do
      set:add(pair[1], pair[2])
    end
  elseif a then
    set:add(a, b)
  end
  return set
end

function span:add(a, b)
  if a < b then
    self[#self + 1] = { a, b }
  end
  table.sort(self, function(x, y)
    return x[1] < y[1]
  end)
  local i = 1
  while i < #self do
    if self[i + 1][1] <= self[i][2] then
      self[i][2] = math.max(self[i][2], self[i + 1][2])
      table.remove(self, i + 1)
    else
      i = i + 1
    end
  end
  return self
end

function span:intersect(other)
  local out = span.new()
  for _, x in ipairs(self) do
    for _, y in ipairs(other) do
      out:add(math.max(x[1], y[1]), math.min(x[2], y[2]))
    end
  end
  return out
end

function span:subtract(other)
  local out = span.new()
  for _, x in ipairs(self) do
    local a = x[1]
    for _, y in ipairs(other) do
      out:add(a, math.min(x[2], y[1]))
      a = math.max(a, y[2])
    end
    out:add(a, x[2])
  end
  return out
end

function span:covers(a, b)
  for _, x in ipairs(self) do
    if x[1] <= a and b <= x[2] then
      return true
    end
  end
  return false
end

function span:touches(a, b)
  for _, x in ipairs(self) do
    if x[1] < b and a < x[2] then
      return true
    end
  end
  return false
end

function span:each()
  local i = 0
  return function()
    i = i + 1
    if self[i] then
      return self[i][1], self[i][2]
    end
  end
end

return span
