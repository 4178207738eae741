-- A calendar made at random in a demo: hours at every tier, closures, buffers, notice, limits, a
-- policy that has something against some slots, and bookings. The same seed, the same calendar.

local random = {}

-- Numbers that scale with KORDLESS_TORTURE.
function random.times(n)
  return n * (tonumber(os.getenv("KORDLESS_TORTURE")) or 1)
end

local function pick(...)
  return (select(math.random(select("#", ...)), ...))
end

local function clock(minutes)
  return ("%02d:%02d"):format(minutes // 60, minutes % 60)
end

-- One or two windows of a day; the last may run past midnight.
local function windows()
  local a = math.random(0, 12) * 60 + pick(0, 0, 10, 30)
  local b = a + math.random(2, 8) * 60 + pick(0, 20)
  local list = { { clock(a), clock(b) } }
  if math.random(3) == 1 then
    list[2] = { clock(b + 30), clock(math.min(b + 30 + math.random(2, 9) * 60, 1800)) }
  end
  return list
end

local function schedule()
  local days = {}
  for _, day in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do
    days[day] = math.random(5) > 1 and windows() or {}
  end
  local overrides = {}
  if math.random(2) == 1 then
    overrides[1] = pick({ date = "2026-06-09", closed = true },
      { date = "2026-06-09", hours = windows() })
  end
  return { timezone = pick("America/New_York", "Europe/Berlin", "Asia/Kathmandu", "UTC"),
    weekly = days, overrides = overrides }
end

local function hours(d)
  d.server.db:query("DELETE FROM schedule")
  local owners = d.server.db:query("SELECT id, 'host' AS kind FROM host UNION ALL"
    .. " SELECT id, 'team' FROM team UNION ALL SELECT id, 'service' FROM service"
    .. " UNION ALL SELECT id, 'organization' FROM organization")
  for _, owner in ipairs(owners) do
    if math.random(2) == 1 or owner.kind == "organization" then
      local s = schedule()
      d.server.db:query("INSERT INTO schedule (owner_id, owner_kind, organization_id, timezone,"
        .. " weekly, overrides) VALUES (?, ?, 'org_1', ?, ?, ?)", owner.id, owner.kind, s.timezone,
        kordless.json.encode(s.weekly), kordless.json.encode(kordless.json.array(s.overrides)))
    end
  end
end

local function settings(d)
  d.server.db:query("UPDATE service SET buffer_before = ?, buffer_after = ?,"
    .. " slot_interval_minutes = ?, duration_minutes = ?, minimum_notice_minutes = ?,"
    .. " booking_window_days = ?, limits = ?",
    pick(0, 10, 45), pick(0, 15), pick(15, 20, 30, 60), pick(15, 30, 50, 90), pick(0, 60, 1440),
    pick(6, 9, 90), pick(kordless.json.null, '{"per_day":2,"per_host":{"per_week":3}}'))
  d.server.db:query("UPDATE service SET fulfillment = ? WHERE slug = 'consultation'",
    pick("any_host", "specific_host"))
  d.server.db:query("UPDATE service SET fulfillment = ?, max_parallel_bookings = ?"
    .. " WHERE slug = 'group-class'", pick("team", "collective"), pick(1, 3))
  if math.random(2) == 1 then
    d.server.db:query("INSERT INTO closure (id, organization_id, first_date, last_date)"
      .. " VALUES ('clo_1', 'org_1', '2026-06-05', '2026-06-06')")
  end
end

-- Has something against the second half of each hour on some days.
local function offer(request)
  local refused = {}
  for i = 1, request.n do
    if request.weekdays[i] % 2 == 0 and request.minutes[i] % 60 >= 30 then
      refused[i] = { code = "x_late", message = "Not in the second half of an hour." }
    end
  end
  return refused
end

function random.calendar(d, seed)
  math.randomseed(seed)
  settings(d)
  hours(d)
  d.server.scripts.booking = pick({}, { offer = offer }, { offer = offer })
  for _, service in ipairs({ "consultation", "group-class" }) do
    for _ = 1, 6 do
      local slots = d:slots(service, "2026-06-01T00:00:00Z", "2026-06-12T00:00:00Z")
      local slot = slots[1] and slots[math.random(#slots)]
      if slot then
        assert(201 == d:book(service, slot, { host_id = slot.hostId }))
      end
    end
  end
end

return random
