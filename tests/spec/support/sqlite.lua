-- The real SQLite, through its command line: a process with a database in memory that reads
-- statements from one named pipe and answers into another.

local json = require("dkjson")

local sqlite = {}
sqlite.__index = sqlite

local DONE = "-- done --"

local function quote(value)
  if value == nil or value == json.null then
    return "NULL"
  elseif type(value) == "boolean" then
    return value and "1" or "0"
  elseif type(value) == "number" then
    return tostring(value)
  end
  return "'" .. value:gsub("'", "''") .. "'"
end

-- An empty database in a directory of its own.
function sqlite.open()
  local pipe = assert(io.popen("mktemp -d"))
  local dir = pipe:read("l")
  pipe:close()
  assert(os.execute(("mkfifo '%s/in' '%s/out'"):format(dir, dir)))
  os.execute(("sqlite3 -batch < '%s/in' > '%s/out' 2>&1 &"):format(dir, dir))
  local db = setmetatable({ dir = dir, writes = io.open(dir .. "/in", "w") }, sqlite)
  db.reads = io.open(dir .. "/out", "r")
  db:run(".mode json\nPRAGMA foreign_keys = ON;")
  return db
end

function sqlite:close()
  self.writes:close()
  self.reads:close()
  os.execute("rm -rf '" .. self.dir .. "'")
end

-- Everything the process says to this text.
function sqlite:run(text)
  self.writes:write(text, "\n.print\n.print ", DONE, "\n")
  self.writes:flush()
  local lines = {}
  for line in self.reads:lines() do
    if line == DONE then
      return (table.concat(lines, "\n"):gsub("%s+$", ""))
    end
    lines[#lines + 1] = line
  end
  error("sqlite3 ended: " .. table.concat(lines, "\n"))
end

local function bind(sql, ...)
  local values, i = table.pack(...), 0
  local text = sql:gsub("%?", function()
    i = i + 1
    return (quote(values[i]))
  end)
  assert(i == values.n, "as many ? as values: " .. sql)
  return text
end

-- Rows; or nil and what SQLite says.
function sqlite:try(sql, ...)
  local said = self:run(bind(sql, ...) .. ";")
  if said == "" then
    return {}
  elseif said:sub(1, 1) == "[" then
    return json.decode(said, 1, nil, nil)
  end
  return nil, said
end

-- Raises as the server's library does.
function sqlite:query(sql, ...)
  local rows, why = self:try(sql, ...)
  if rows then
    return rows
  end
  if why:find("UNIQUE", 1, true) then
    error({ code = "exists", message = why }, 0)
  elseif why:find("(19)", 1, true) then
    error({ code = "constraint", message = why }, 0)
  end
  error(why .. "\nin: " .. bind(sql, ...), 0)
end

function sqlite:migrate(folder)
  local pipe = assert(io.popen("cat " .. folder .. "/migrations/*.sql"))
  local said = self:run(pipe:read("a"))
  pipe:close()
  assert(said == "", said)
end

return sqlite
