-- Calendars made at random through the routes, each an organization of its own, together with
-- what minutes.lua has to know of them.

local desks = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local instant = require("tests.talk.support.instant")

local calendars = {}

local random = math.random
local function pick(...) return (select(random(select("#", ...)), ...)) end
local function chance(n) return random(n) == 1 end

-- Where the clocks change around a date, by an hour or half of one, at midnight or not.
calendars.PLACES = {
  { "America/New_York", "2031-03-09" }, { "America/New_York", "2031-11-02" },
  { "Australia/Lord_Howe", "2031-04-06" }, { "Australia/Lord_Howe", "2031-10-05" },
  { "Pacific/Chatham", "2031-04-06" }, { "Pacific/Chatham", "2031-09-28" },
  { "America/Santiago", "2031-09-07" }, { "America/Santiago", "2031-04-06" },
  { "America/Havana", "2031-03-09" }, { "Asia/Beirut", "2031-03-30" },
  { "Asia/Kathmandu", "2031-06-11" }, { "Europe/Berlin", "2031-10-26" },
  { "Africa/Cairo", "2031-04-25" }, { "Atlantic/Azores", "2031-03-30" },
}
local elsewhere = { "UTC", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana" }

local function clock(m) return ("%02d:%02d"):format(m // 60, m % 60) end
local function date(day) return os.date("!%Y-%m-%d", day * 86400) end

-- Windows of a day: all of it, one, or two that may meet. With `late` the last runs past midnight.
local function windows(late)
  if not late and chance(3) then return { { "00:00", "24:00" } } end
  local a, b = random(5, 18) * 30 + pick(0, 0, 10, 25), random(13, 17) * 60 + pick(0, 0, 20)
  local last = late and clock(pick(45, 90, 120)) or clock(pick(1140, 1310, 1440))
  if chance(3) then return { { clock(a), last } } end
  return { { clock(a), clock(b) }, { clock(b + pick(0, 30, 75)), last } }
end

local function schedule(zone, day)
  local late, weekly = chance(2), {}
  for _, name in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do
    if late or not chance(9) then weekly[name] = windows(late) end
  end
  local overrides = setmetatable({}, { __jsontype = "array" })
  for i = -1, 1 do
    if chance(5) then
      table.insert(overrides, chance(3) and { date = date(day + i), closed = true }
        or { date = date(day + i), hours = windows(false) })
    end
  end
  return { timezone = zone, weekly = setmetatable(weekly, { __jsontype = "object" }), overrides = overrides }
end

local function tier(cal, owner, zone, of)
  local made = schedule(zone, cal.day)
  cal.desk:put("/schedules/" .. owner, made)
  made.of = of
  table.insert(cal.tiers, made)
  return made
end

local function service(cal, slug, plan)
  local s = {
    slug = slug, duration = pick(15, 30, 50, 75), step = pick(10, 15, 25, 30, 40, 60),
    before = pick(0, 0, 5, 20), after = pick(0, 10, 35), notice = pick(0, 0, 0, 90, 1440, 3000),
    window = pick(4, 6, 60), capacity = plan.capacity or 1, collective = plan.collective,
    zone = plan.zone, hosts = plan.hosts,
    limits = chance(3) and pick({ per_day = 3 }, { minutes_per_week = 200, per_host = { per_day = 2 } },
      { per_month = 6, per_host = { minutes_per_day = 120 } }) or nil,
  }
  s.id = cal.desk:post("/services", {
    name = slug, slug = slug, duration = s.duration, limits = s.limits, team_id = plan.team,
    minimum_notice_minutes = s.notice, host_ids = not plan.team and plan.hosts or nil,
    approval = pick("none", "required"),
    fulfillment = s.collective and "collective" or plan.team and "team" or plan.fulfillment,
    calendarSettings = { timezone = s.zone, slot_interval_minutes = s.step, buffer_before = s.before,
      buffer_after = s.after, booking_window_days = s.window, max_parallel_bookings = s.capacity },
  }).service.id
  cal.services[#cal.services + 1] = s
  return s
end

local function people(s, cal, place)
  local members = {}
  for i = 1, 3 do
    s:advance(1) -- ids begin with the time: the same seed, the same order
    cal.now = cal.now + 1
    local id = cal.desk:post("/hosts", { displayName = "Host " .. i, timezone = place }).host.id
    cal.hosts[id] = {}
    if chance(2) then
      cal.hosts[id].schedule = schedule(pick(place, place, elsewhere[random(#elsewhere)]), cal.day)
      cal.desk:put("/schedules/host/" .. id, cal.hosts[id].schedule)
    end
    members[i] = { host_id = id, weight = i }
    cal.ids[i] = id
  end
  return cal.desk:post("/teams", { name = "Team", members = members }).team.id
end

-- n names the organization and chooses the place. The clock stands two to three days before the
-- change, and from … to are the days around it.
function calendars.make(s, n)
  local place, changes = table.unpack(calendars.PLACES[(n - 1) % #calendars.PLACES + 1])
  local cal = { tiers = {}, hosts = {}, ids = {}, closures = {}, offs = {}, taken = {}, services = {} }
  cal.day = instant.seconds(changes .. "T00:00:00Z") // 86400
  cal.from, cal.to = (cal.day - 1) * 86400 + 43200, (cal.day + 1) * 86400 + 43200
  cal.now = (cal.day - 3) * 86400 + random(0, 86400)
  s:freeze(instant.written(cal.now))
  cal.org = s:organization("cal-" .. n)
  cal.desk = desks.of(cal.org)
  cal.client = cal.desk.client
  local team = people(s, cal, place)
  cal.closed_in = place
  if chance(2) then cal.closed_in = tier(cal, "organization/" .. cal.org.id, pick(place, "UTC")).timezone end
  local pair, more = { cal.ids[1], cal.ids[2] }, { zone = place, capacity = pick(1, 3) }
  service(cal, "any", { hosts = pair, zone = place, fulfillment = pick("any_host", "specific_host") })
  more.hosts, more.collective, more.team = cal.ids, chance(2), team
  local group = service(cal, "group", more)
  if chance(2) then tier(cal, "service/" .. group.id, place, "group") end
  if chance(2) or #cal.tiers == 0 then tier(cal, "team/" .. team, pick(place, "UTC"), "group") end
  if chance(3) then
    local one = { first_date = date(cal.day + pick(-1, 0, 1)) }
    one.last_date = one.first_date
    cal.closures[1] = one
    cal.desk:post("/closures", one)
  end
  return cal
end

-- "?…" of a list of free slots.
function calendars.query(cal, of, more)
  local query = { service_slug = of.slug, from = instant.written(cal.from),
    to = instant.written(cal.to) }
  for name, value in pairs(more or {}) do query[name] = value end
  return http.query(query)
end

return calendars
