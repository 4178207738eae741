-- Reads Prometheus text, format 0.0.4, and takes nothing that its grammar does not have:
-- one HELP and one TYPE a family, both before its samples, all samples of a family together,
-- no series twice, histograms that agree with themselves.

local prom = {}

local types = { counter = true, gauge = true, histogram = true, summary = true }
local endings = { histogram = { "_bucket", "_sum", "_count" }, summary = { "_sum", "_count" } }

local function fail(line, why) error(("%s: %s"):format(why, line), 0) end

-- {a="x",b="y"} to a table; the text behind it.
local function labels_of(line, text)
  local labels = {}
  if text:sub(1, 1) ~= "{" then return labels, text end
  text = text:sub(2)
  while true do
    local name, rest = text:match('^([%a_][%w_]*)="(.*)$')
    if not name then fail(line, "no label") end
    if labels[name] then fail(line, "a label given twice") end
    local value, i = {}, 1
    while rest:sub(i, i) ~= '"' do
      local c = rest:sub(i, i)
      if c == "" then fail(line, "a label without end") end
      if c == "\\" then
        i = i + 1
        c = ({ ["\\"] = "\\", ['"'] = '"', n = "\n" })[rest:sub(i, i)] or fail(line, "a wrong escape")
      end
      value[#value + 1] = c
      i = i + 1
    end
    labels[name] = table.concat(value)
    local separator = rest:sub(i + 1, i + 1)
    text = rest:sub(i + 2)
    if separator == "}" then return labels, text end
    if separator ~= "," then fail(line, "neither , nor }") end
  end
end

local function series_of(name, labels)
  local names = {}
  for label, value in pairs(labels) do names[#names + 1] = ("%s=%q"):format(label, value) end
  table.sort(names)
  return name .. "{" .. table.concat(names, ",") .. "}"
end

local function belongs(family, name)
  if not endings[family.type] then return name == family.name end
  for _, ending in ipairs(endings[family.type]) do
    if name == family.name .. ending then return true end
  end
  return false
end

local function read_sample(line, family, all)
  local name, rest = line:match("^([%a_:][%w_:]*)(.*)$")
  if not name then fail(line, "no sample") end
  if not family or not family.type or not belongs(family, name) then
    fail(line, "a sample outside of its family")
  end
  local labels
  labels, rest = labels_of(line, rest)
  local number = rest:match("^ (%-?%d+%.?%d*)$")
  if not number then fail(line, "no value") end
  local series = series_of(name, labels)
  if all.series[series] then fail(line, "a series given twice") end
  all.series[series] = tonumber(number)
  family.samples[#family.samples + 1] =
    { name = name, labels = labels, value = tonumber(number), series = series }
end

local function check_histogram(family)
  local last, counts = {}, {}
  for _, sample in ipairs(family.samples) do
    local le = sample.labels.le
    sample.labels.le = nil
    local who = series_of("", sample.labels)
    sample.labels.le = le
    if le then
      assert(sample.value >= (last[who] or 0), "a bucket below the one before: " .. sample.series)
      last[who] = sample.value
      if le == "+Inf" then counts[who] = sample.value end
    elseif sample.name:find("_count$") then
      assert(sample.value == counts[who], "_count is not the last bucket: " .. sample.series)
    end
  end
end

-- text -> { families = by name, series = value by 'name{label="value"}' }
function prom.read(text)
  assert(text:sub(-1) == "\n", "the last line has no end")
  local all, family = { families = {}, series = {} }, nil
  for line in text:gmatch("(.-)\n") do
    local what, name, rest = line:match("^# (%u+) ([%a_:][%w_:]*) (.*)$")
    if what == "HELP" then
      if all.families[name] then fail(line, "a family given twice") end
      family = { name = name, help = rest, samples = {} }
      all.families[name] = family
    elseif what == "TYPE" then
      if not family or family.name ~= name or family.type or not types[rest] then
        fail(line, "no TYPE behind its HELP")
      end
      family.type = rest
      if (rest == "counter") ~= (name:find("_total$") ~= nil) then fail(line, "_total is for counters") end
    else
      read_sample(line, family, all)
    end
  end
  for _, each in pairs(all.families) do
    if each.type == "histogram" then check_histogram(each) end
  end
  return all
end

-- The value of one series; labels in any order. nil: there is none.
function prom.value(all, name, labels)
  return all.series[series_of(name, labels or {})]
end

return prom
