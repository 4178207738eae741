-- A list of secrets, and where traces of them are: whole, in recognizable parts, and as hex
-- or base64 of either. Answers are looked at as files are; there each secret may stand as
-- often as it was said to be handed out.

local client = require("tests.talk.support.client")
local shell = require("tests.talk.support.shell")

local traces = {}
traces.__index = traces

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- What base64 makes of these bytes after `skip` others: the characters that are theirs alone.
local function base64(text, skip)
  local out, bits, n = {}, 0, 0
  for _ = 1, skip do text = "\0" .. text end
  for i = 1, #text do
    bits, n = bits << 8 | text:byte(i), n + 8
    while n >= 6 do
      n = n - 6
      local d = (bits >> n & 63) + 1
      out[#out + 1] = digits:sub(d, d)
    end
    bits = bits & (1 << n) - 1
  end
  return table.concat(out, "", skip == 0 and 1 or skip + 2)
end

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- The parts that give a secret away: all of it, and each 16 characters of a long random one.
local function parts(value)
  local list, random = { value }, value:match("^kord_%l+_(%w+)$") or #value >= 32 and value
  for i = 1, random and #random - 15 or 0, 8 do list[#list + 1] = random:sub(i, i + 15) end
  return list
end

local function forms(value)
  local list = {}
  for _, part in ipairs(parts(value)) do
    list[#list + 1] = part
    list[#list + 1] = hex(part)
    list[#list + 1] = hex(part):upper()
    for skip = 0, 2 do list[#list + 1] = base64(part, skip) end
  end
  return list
end
traces.forms = forms

function traces.new()
  return setmetatable({ names = {}, values = {}, most = {}, answers = {} }, traces)
end

-- most: how many answers may say it (0 if not given)
function traces:add(name, value, most)
  assert(type(value) == "string" and #value >= 8, name)
  self.names[#self.names + 1] = name
  self.values[name], self.most[name] = value, most or 0
  return value
end

-- From now on every answer to a client is kept, until the function returned is called.
function traces:listen()
  local request = client.request
  function client.request(c, r)
    local answer = request(c, r)
    local lines = { tostring(answer) }
    for _, field in ipairs(answer.fields) do lines[#lines + 1] = field[1] .. ": " .. field[2] end
    self.answers[#self.answers + 1] = table.concat(lines, "\n")
    return answer
  end
  return function() client.request = request end
end

-- "file: name" for each trace in the files under these paths; except: names of files.
function traces:find(paths, except)
  local dir = shell.temp_dir()
  local lines, of = {}, {}
  for _, name in ipairs(self.names) do
    for _, form in ipairs(forms(self.values[name])) do
      lines[#lines + 1], of[form] = form, name
    end
  end
  shell.write(dir .. "/list", table.concat(lines, "\n") .. "\n")
  local words = { "grep", "-raoHF", "-f", dir .. "/list" }
  for _, name in ipairs(except or {}) do words[#words + 1] = "--exclude=" .. name end
  table.move(paths, 1, #paths, #words + 1, words)
  local code, out, err = shell.run(words)
  shell.remove(dir)
  assert(code <= 1, err)
  local found, seen = {}, {}
  for line in out:gmatch("[^\n]+") do
    local file, form = line:match("^(.-):(.*)$")
    local text = file:match("[^/]+$") .. ": " .. (of[form] or form)
    if not seen[text] then found[#found + 1] = text end
    seen[text] = true
  end
  table.sort(found)
  return found
end

-- "name: n answers" for each secret that was said more often than it may be.
function traces:said()
  local found = {}
  for _, name in ipairs(self.names) do
    local n = 0
    for _, answer in ipairs(self.answers) do
      if answer:find(self.values[name], 1, true) then n = n + 1 end
    end
    if n > self.most[name] then found[#found + 1] = ("%s: %d answers"):format(name, n) end
  end
  return found
end

return traces
