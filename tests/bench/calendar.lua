-- What the availability case asks about: hosts with hours, services that one, some or all of
-- them give, and a ledger that is as full as told.
local http = require("tests.talk.support.http")
local shell = require("tests.talk.support.shell")

local calendar = {}
calendar.__index = calendar

local PREFIX = "/api/calendar/v1"
local ZONE = "America/New_York"

function calendar:ask(method, path, body)
  self.conn:send(http.bytes({ method = method, path = PREFIX .. path, body = body,
    headers = { ["x-kordless-key"] = self.org.key, ["x-organization-id"] = self.org.id } }))
  local r = assert(self.conn:receive())
  assert(r.status // 100 == 2, method .. " " .. path .. ": " .. tostring(r))
  return r:json()
end

local function week(days, hours)
  local weekly = {}
  for _, day in ipairs(days) do weekly[day] = hours end
  return { timezone = ZONE, weekly = weekly, overrides = http.json.decode("[]") }
end

local workdays = { "mon", "tue", "wed", "thu", "fri" }

-- 13 starts a workday: so 50 hosts have at most 14,950 in 31 days, and 9,950 when 5,000 of
-- them are taken.
function calendar.make(server, org, count)
  local self = setmetatable({ org = org, hosts = {}, conn = http.connect(server.address) }, calendar)
  self:ask("PUT", "/schedules/organization/" .. org.id,
    week({ "mon", "tue", "wed", "thu", "fri", "sat" }, { { "08:00", "20:00" } }))
  for i = 1, count do
    local id = self:ask("POST", "/hosts", { displayName = "Host " .. i, timezone = ZONE }).host.id
    self:ask("PUT", "/schedules/host/" .. id,
      week(workdays, { { "09:00", "12:00" }, { "13:00", "16:30" } }))
    self.hosts[i] = id
  end
  return self
end

-- A service of half an hour that the first `n` hosts give; its slug is "hosts-n".
function calendar:service(n)
  self:ask("POST", "/services", { name = n .. " hosts", slug = "hosts-" .. n, duration = 30,
    price = 45.5, currency = "USD", isBookablePublic = true, fulfillment = "any_host",
    host_ids = table.move(self.hosts, 1, n, 1, {}),
    calendarSettings = { timezone = ZONE, slot_interval_minutes = 30, booking_window_days = 365 } })
end

-- The path of a question about the first `n` hosts and `days` days from `from` (an instant) on.
function calendar:path(n, from, days)
  local function text(seconds) return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds) end
  return PREFIX .. "/public/availability" .. http.query({ org_slug = self.org.slug,
    service_slug = "hosts-" .. n, from = text(from), to = text(from + days * 86400) })
end

-- All slots of the first `n` hosts, asked for a week at a time: 10,000 are not given at once.
function calendar:slots(n, from, days)
  local all = {}
  for day = 0, days - 1, 7 do
    local path = self:path(n, from + day * 86400, math.min(7, days - day))
    for _, slot in ipairs(self:ask("GET", path:sub(#PREFIX + 1)).slots) do all[#all + 1] = slot end
  end
  return all
end

local insert = [[
  INSERT INTO subject (id, organization_id, capacity) SELECT DISTINCT host, '%s', 1 FROM taken
    WHERE host NOT IN (SELECT id FROM subject);
  INSERT INTO booking (id, organization_id, service_id, host_id, status, start_at, end_at, timezone,
      party_size, contact_name, contact_email, email_folded, policy, ics_hash, sequence, created_at,
      updated_at, version)
    SELECT name, '%s', (SELECT id FROM service WHERE slug = '%s'), host, 'confirmed', a, b, 'UTC', 1,
      'Bench', 'bench@example.com', 'bench-' || name, 'bench', name, 0, 1, 1, 1 FROM taken;
  INSERT INTO claim (subject, kind, b0, b1, units, owner)
    SELECT host, 'booking', a, b, 1, name FROM taken;
  DROP TABLE taken;
]]

-- Rows behind the back of a server that is stopped. `fill`: statements that fill the table
-- taken (host, a, b, name). With `past`, a look by the ledger's trigger at each is left out.
function calendar:take(dir, n, fill, past)
  local trigger = shell.read("plugins/bookings/migrations/001_ledger.sql")
    :match("CREATE TRIGGER claim_fits.-\nEND;")
  local text = "PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; BEGIN;"
    .. "CREATE TEMP TABLE taken (host TEXT, a INTEGER, b INTEGER, name TEXT);" .. fill
    .. (past and "DROP TRIGGER claim_fits;" or "")
    .. insert:format(self.org.id, self.org.id, "hosts-" .. n) .. (past and trigger or "") .. "COMMIT;"
  shell.write(dir .. "/take.sql", text)
  local code, _, err = shell.run({ "sh", "-c",
    ("sqlite3 -bail %s/data/kordless.db < %s/take.sql"):format(dir, dir) })
  assert(code == 0, err)
end

-- Takes `count` of the slots at random.
function calendar:take_some(dir, n, slots, count)
  math.randomseed(5)
  local rows = {}
  for i = 1, count do
    local k = math.random(i, #slots)
    slots[i], slots[k] = slots[k], slots[i]
    rows[i] = ("('%s', unixepoch('%s'), unixepoch('%s'), 'book_%026d')"):format(slots[i].hostId,
      slots[i].startsAt, slots[i].endsAt, i)
  end
  self:take(dir, n, "INSERT INTO taken VALUES " .. table.concat(rows, ",\n") .. ";")
end

-- `count` bookings that are over, every half hour back from `before` on: a twentieth of them
-- of the hosts that are asked about, the others of nobody's.
function calendar:take_past(dir, n, before, count)
  self:take(dir, n, ([[
    CREATE TEMP TABLE own AS SELECT id FROM host;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
    INSERT INTO taken SELECT COALESCE(
        (SELECT id FROM own WHERE i %% 20 = 0 AND own.rowid = (i / 20) %% %d + 1),
        printf('host_%%026d', i %% 1000)),
      %d - (i / 1000 + 1) * 1800, %d - i / 1000 * 1800, printf('book_p%%025d', i) FROM n;
  ]]):format(count - 1, #self.hosts, before, before), true)
end

return calendar
