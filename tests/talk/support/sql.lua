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
