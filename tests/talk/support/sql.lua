-- The database file behind the server's back, with the sqlite3 command: rows to look at, and
-- what no route can make yet. A change is made while no server runs.

local shell = require("tests.talk.support.shell")

local sql = {}

local function run(s, text)
  local code, out, err = shell.run({ "sqlite3", s.data .. "/kordless.db", text })
  assert(code == 0, err)
  return out
end

-- The rows as sqlite3 prints them: "a|b\nc|d\n".
sql.read = run

-- Tables and columns in which it is noted who asked.
sql.noted = { usage = true, usage_name = true, usage_seen = true, denial = true,
  last_used_at = true, last_used_ip = true, seen_at = true }

-- All rows of all tables as text, but for tables and columns of these names: to see that
-- nothing changed.
function sql.dump(s, except)
  local columns = {}
  for line in run(s, [[SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid]]):gmatch("[^\n]+") do
    local name, column = line:match("^(.-)|(.*)$")
    if not except[name] and not except[column] then
      columns[#columns + 1] = { name, column }
    end
  end
  local script, order = {}, {}
  for _, one in ipairs(columns) do
    local name = one[1]
    if not script[name] then script[name], order[#order + 1] = {}, name end
    table.insert(script[name], ("quote(%s)"):format('"' .. one[2] .. '"'))
  end
  for i, name in ipairs(order) do
    order[i] = ("SELECT '%s', %s FROM \"%s\" ORDER BY 2, 3;"):format(name,
      table.concat(script[name], ", "), name)
  end
  return run(s, table.concat(order, "\n"))
end

-- Stops the server, changes the file, starts it again with the clock at `now`.
function sql.change(s, now, text)
  s:crash()
  run(s, text)
  s:spawn()
  s:freeze(now)
end

-- Makes the demo's consultation one host's, open at `hours` (JSON) every day of the week, and
-- sets more columns of it ("slot_interval_minutes = 15, …").
function sql.open(hours, columns)
  local week = {}
  for _, day in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do
    week[#week + 1] = ('"%s":%s'):format(day, hours)
  end
  return ([[
    DELETE FROM service_host WHERE host_id <> (SELECT MIN(host_id) FROM service_host);
    UPDATE schedule SET weekly = '{%s}', overrides = '[]';
    UPDATE service SET %s WHERE slug = 'consultation';
    UPDATE catalogue SET version = version + 1;
  ]]):format(table.concat(week, ","), columns)
end

return sql
