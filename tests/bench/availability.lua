-- `make bench ONLY=availability`: CPU of GET /availability, how it grows, and the same question
-- put to a server of Fastify, better-sqlite3 and Luxon over the same database file.
local calendar = require("tests.bench.calendar")
local http = require("tests.talk.support.http")
local measure = require("tests.bench.measure")
local ours = require("tests.bench.ours")
local peers = require("tests.bench.peers")
local shell = require("tests.talk.support.shell")
local socket = require("socket")

local availability = {}

local HOSTS, DAYS, TAKEN, PAST, LIMIT = 50, 31, 5000, 1000000, 1000000
local GROWTH = { { 12, 28 }, { 24, 28 }, { 48, 28 }, { 48, 7 }, { 48, 14 } }

local function say(...) print(string.format(...)) end

-- One answer whole, without the patience of the conversations' client: they are megabytes.
local function receive(sock)
  local status = tonumber(assert(sock:receive("*l")):match("^HTTP/1.1 (%d+)"))
  local length, line
  repeat
    line = assert(sock:receive("*l"))
    length = tonumber(line:lower():match("^content%-length: (%d+)")) or length
  until line == ""
  return status, assert(sock:receive(length))
end

local function open(p)
  local host, port = p.address:match("^(.*):(%d+)$")
  local sock = assert(socket.connect(host, tonumber(port)))
  sock:setoption("tcp-nodelay", true)
  sock:settimeout(60)
  return sock
end

local function ask(sock, path, key)
  sock:send(http.bytes({ path = path, headers = { ["x-kordless-key"] = key } }))
  local status, body = receive(sock)
  assert(status == 200, body)
  return body
end

-- The same question again and again for `seconds`: whole answers only, so that a slow one
-- counts as much as it should.
local function run(p, path, key, seconds)
  local sock, n = open(p), 0
  ask(sock, path, key)
  local ends, before = socket.gettime() + seconds, measure.cpu(p.pid)
  repeat
    ask(sock, path, key)
    n = n + 1
  until socket.gettime() >= ends
  local used = measure.cpu(p.pid) - before
  sock:close()
  return { cpu_ms = used * 1000 / n, requests = n }
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end

-- Both must say the same, or the comparison is none. How many slots that is.
local function agree(server, peer, path, key)
  local answers = {}
  for i, p in ipairs({ server, peer }) do
    local sock = open(p)
    answers[i] = http.json.decode(ask(sock, path, key), 1, http.null).slots
    sock:close()
  end
  assert(#answers[1] > 0 and same(answers[1], answers[2]), "ours and the peer's answers differ")
  return #answers[1]
end

-- The next Monday's first instant: a period has the same workdays whenever it is measured.
local function monday()
  local today = os.time() // 86400
  return (today + 7 - (today + 3) % 7) * 86400
end

-- A server with a full calendar and one with a million bookings besides.
local function set_up(dir)
  local first = dir("availability")
  local server = ours.start(first, LIMIT)
  local org = server:organization(1)
  local salon, from = calendar.make(server, org, HOSTS), monday()
  for _, n in ipairs({ 1, 12, 24, 48, HOSTS }) do salon:service(n) end
  local slots = salon:slots(HOSTS, from, DAYS)
  server:stop()
  salon:take_some(first, HOSTS, slots, TAKEN)
  local second = dir("availability-many")
  os.execute(("cp -r %s/data %s/scripts %s"):format(first, first, second))
  salon:take_past(second, HOSTS, from, PAST)
  return first, second, org, function(n, days) return salon:path(n, from, days) end
end

local function show(name, list, note)
  local m = measure.median(measure.column(list, "cpu_ms"))
  say("  %-34s %9.2f  (%.2f–%.2f)  ms%s", name, m.middle, m.low, m.high, note or "")
end

local function ratio(name, a, b, aim)
  local m = measure.ratio(measure.column(a, "cpu_ms"), measure.column(b, "cpu_ms"))
  say("  %-34s %9.2f  (%.2f–%.2f)  %s", name, m.middle, m.low, m.high, aim)
end

local function report(all, counts)
  say("\nGET /availability, %d hosts with %d bookings: CPU per request", HOSTS, TAKEN)
  show("1 host, 7 days", all.small, (", %d slots, aim <= 0.3"):format(counts[1]))
  show("50 hosts, 31 days", all.big, (", %d slots, aim <= 5"):format(counts[2]))
  show("Fastify, 1 host, 7 days", all.peer_small)
  show("Fastify, 50 hosts, 31 days", all.peer_big)
  ratio("Fastify / ours, 1 host", all.peer_small, all.small, "aim >= 10")
  ratio("Fastify / ours, 50 hosts", all.peer_big, all.big, "aim >= 10")
  ratio("hosts x 2, 28 days", all["24x28"], all["12x28"], "aim <= 2")
  ratio("hosts x 4, 28 days", all["48x28"], all["12x28"], "aim <= 4")
  ratio("days x 2, 48 hosts", all["48x14"], all["48x7"], "aim <= 2")
  ratio("days x 4, 48 hosts", all["48x28"], all["48x7"], "aim <= 4")
  ratio(PAST .. " bookings more, 1 host", all.many_small, all.small, "aim <= 1.5")
  ratio(PAST .. " bookings more, 50", all.many_big, all.big, "aim <= 1.5")
end

-- dir(name): a folder for it; port: of the peer
function availability.case(dir, port)
  local at = peers.install()
  local first, second, org, path = set_up(dir)
  local server, many = ours.start_again(first), ours.start_again(second)
  local peer = peers.start(at, first, port, org)
  local small, big = path(1, 7), path(HOSTS, DAYS)
  local counts = { agree(server, peer, small, org.key), agree(server, peer, big, org.key) }
  local asks = { small = { server, small }, big = { server, big }, many_small = { many, small },
    many_big = { many, big }, peer_small = { peer, small }, peer_big = { peer, big } }
  local names = { "small", "peer_small", "many_small", "big", "peer_big", "many_big" }
  for _, size in ipairs(GROWTH) do
    local name = size[1] .. "x" .. size[2]
    asks[name] = { server, path(size[1], size[2]) }
    names[#names + 1] = name
  end
  run(peer, small, org.key, measure.seconds) -- until its compiler has seen enough
  run(peer, big, org.key, measure.seconds)
  report(measure.interleave(names, function(name)
    return run(asks[name][1], asks[name][2], org.key, measure.seconds / 2)
  end), counts)
  for _, p in ipairs({ server, many, peer }) do measure.stop(p) end
  shell.remove(second)
end

return availability
