-- Processes on core 0, wrk on core 1, and the arithmetic between.
local shell = require("tests.talk.support.shell")

local measure = { rounds = tonumber(os.getenv("BENCH_ROUNDS") or 5),
  seconds = tonumber(os.getenv("BENCH_SECONDS") or 3), connections = 64 }

local spawned = {}

-- Starts `words` on core 0 with its errors in `log`. With `ready`, a pattern, waits for the
-- line of its output that matches and keeps the capture as `address`.
function measure.spawn(words, log, ready)
  local line = ("exec 2>>%s; echo $$; exec taskset -c 0 %s"):format(shell.quote(log),
    shell.join(words))
  local p = { pipe = io.popen(line) }
  p.pid = tonumber(p.pipe:read("l"))
  spawned[p] = true
  while ready and not p.address do
    local text = p.pipe:read("l")
    assert(text, table.concat(words, " ") .. "\n" .. (shell.read(log) or ""))
    p.address = text:match(ready)
  end
  return p
end

function measure.stop(p)
  spawned[p] = nil
  os.execute("kill -TERM " .. p.pid)
  p.pipe:close()
end

function measure.stop_all()
  for p in pairs(spawned) do measure.stop(p) end
end

local tick = tonumber(io.popen("getconf CLK_TCK"):read("l"))

-- CPU seconds of a process, all its threads: user and system, and user alone.
function measure.cpu(pid)
  local stat = assert(shell.read(("/proc/%d/stat"):format(pid)), "it is gone")
  local fields, n = stat:match("%) (.*)$"), 0
  for value in fields:gmatch("%S+") do
    n = n + 1
    if n == 12 then fields = tonumber(value) end
    if n == 13 then return (fields + tonumber(value)) / tick, fields / tick end
  end
end

-- One run of wrk over the requests in `file`, beginning with line `from`.
function measure.run(p, file, from)
  local before, user_before = measure.cpu(p.pid)
  local code, out, err = shell.run({ "taskset", "-c", "1", "wrk", "-t1",
    "-c" .. measure.connections, "-d" .. measure.seconds .. "s", "-s", "tests/bench/cycle.lua",
    "http://" .. p.address, "--", file, tostring(from or 0) })
  local after, user_after = measure.cpu(p.pid)
  local used, user = after - before, user_after - user_before
  local n, duration, refused, broken = out:match("BENCH (%d+) (%d+) (%d+) (%d+)")
  assert(code == 0 and n, out .. err)
  n = tonumber(n)
  return { requests = n, seconds = duration / 1e6, refused = tonumber(refused),
    broken = tonumber(broken), cpu_us = used * 1e6 / n,
    user_us = user * 1e6 / n, per_second = n / (duration / 1e6) }
end

-- Median, least and greatest of a list of numbers.
function measure.median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local half = #sorted // 2
  local middle = #sorted % 2 == 1 and sorted[half + 1] or (sorted[half] + sorted[half + 1]) / 2
  return { middle = middle, low = sorted[1], high = sorted[#sorted] }
end

-- Every subject once a round, in turn, so that a slow minute of the machine hits all.
-- `run(name)` gives one number's table; returns name -> list of them.
function measure.interleave(names, run)
  local all = {}
  for _ = 1, measure.rounds do
    for _, name in ipairs(names) do
      all[name] = all[name] or {}
      table.insert(all[name], run(name))
    end
  end
  return all
end

function measure.column(list, field)
  local values = {}
  for i, row in ipairs(list) do values[i] = row[field] end
  return values
end

-- a over b, round by round
function measure.ratio(a, b)
  local values = {}
  for i = 1, #a do values[i] = a[i] / b[i] end
  return measure.median(values)
end

return measure
