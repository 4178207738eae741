-- A catalogue that does not come to rest: what an organization may do to it, and to what was booked
-- under it, at random. For conversations about what must hold all the same.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local instant = require("tests.talk.support.instant")

local turmoil = {}
turmoil.__index = turmoil

local ZONES = { "UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo" }
local DAYS = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }

local random = math.random
local function pick(list) return list[random(#list)] end
local function chance(n) return random(n) == 1 end
turmoil.pick, turmoil.chance = pick, chance

local function some(list, most)
  local chosen, seen = {}, {}
  for _ = 1, random(most) do
    local one = pick(list)
    chosen[#chosen + 1] = not seen[one] and one or nil
    seen[one] = true
  end
  return chosen
end

-- One request of the organization; nothing it does may fail the server.
function turmoil:ask(method, path, body)
  local _, r = self.desk:ask(method, path, body)
  self.trace[#self.trace + 1] = ("%s %s %s: %d"):format(method, path,
    body and http.json.encode(body) or "", r.status)
  assert(r.status < 500, self:told(r.body))
  return r
end

-- What came before, for who looks for the fault.
function turmoil:told(why)
  return ("%s\nKORDLESS_SEED=%d\n%s"):format(why, self.seed,
    table.concat(self.trace, "\n", math.max(1, #self.trace - 25)))
end

-- {from, to} of some days ahead, as queries take them.
function turmoil:range()
  local a = self.now + random(-43200, 5 * 86400)
  return { from = instant.written(a), to = instant.written(a + random(3600, 2 * 86400)) }
end

-- Slots of a service; more: further parameters. Nil when there are too many.
function turmoil:slots(slug, range, more)
  local query = { service_slug = slug, from = range.from, to = range.to }
  for name, value in pairs(more or {}) do query[name] = value end
  local r = self:ask("GET", "/availability" .. http.query(query))
  return r.status == 200 and r:json().slots or nil, r
end

-- What asks for a slot, on any of the routes that do.
function turmoil.wish(slug, slot, more)
  local body = { service_slug = slug, starts_at = slot.startsAt, ends_at = slot.endsAt,
    timezone = "UTC", host_id = slot.hostId ~= http.null and slot.hostId or nil,
    contact = { name = "Ada", email = ("a%d@example.com"):format(random(4)) } }
  for name, value in pairs(more or {}) do body[name] = value end
  return body
end

local function schedule()
  local weekly = {}
  for _, day in ipairs(DAYS) do
    weekly[day] = pick({ { { "00:00", "24:00" } }, { { "22:00", "03:00" } },
      { { "08:15", "12:00" }, { "12:00", "16:00" }, { "18:15", "20:45" } } })
  end
  return { timezone = pick(ZONES), weekly = weekly }
end

function turmoil:service()
  local limits = chance(3) and { per_day = random(6), per_host = { per_day = random(3) },
    per_contact = { per_week = random(4) }, minutes_per_month = random(300, 9000) }
  return {
    fulfillment = pick({ "any_host", "specific_host", "team", "collective" }),
    host_ids = some(self.hosts, 3), team_id = pick(self.teams), limits = limits or http.null,
    approval = pick({ "none", "none", "required" }),
    calendarSettings = {
      duration_minutes = pick({ 30, 45, 60, 90, 1000 }), slot_interval_minutes = pick({ 15, 30, 45, 60 }),
      buffer_before = pick({ 0, 0, 10 }), buffer_after = pick({ 0, 0, 15, 60 }),
      max_parallel_bookings = pick({ 1, 1, 2, 4 }), booking_window_days = pick({ 3, 10, 90 }),
      timezone = pick(ZONES),
    },
  }
end

local function members(hosts)
  local list = {}
  for i, id in ipairs(some(hosts, 3)) do
    list[i] = { host_id = id, weight = random(3), priority = random(2) }
  end
  return list
end

local acts = {}

function acts.service(t) t:ask("PATCH", "/services/" .. pick(t.services), t:service()) end
function acts.team(t) t:ask("PATCH", "/teams/" .. pick(t.teams), { members = members(t.hosts) }) end
function acts.wait(t)
  t.now = t.now + pick({ 1, 29, 60, 301 })
  t.server:freeze(instant.written(t.now))
end
function acts.host(t)
  t:ask("PATCH", "/hosts/" .. pick(t.hosts), { status = pick({ "active", "active", "inactive" }) })
end
function acts.hours(t)
  local owner = pick({ "host/" .. pick(t.hosts), "team/" .. pick(t.teams),
    "service/" .. pick(t.services) })
  t:ask(chance(2) and "DELETE" or "PUT", "/schedules/" .. owner, schedule())
end
function acts.closure(t)
  local r = t:ask("POST", "/closures",
    { first_date = instant.written(t.now + random(0, 6) * 86400):sub(1, 10) })
  if t.closed then t:ask("DELETE", "/closures/" .. t.closed) end
  t.closed = r:json().closure.id
end
function acts.away(t)
  local a = t.now + random(0, 5 * 86400)
  t:ask("POST", "/hosts/" .. pick(t.hosts) .. "/time-off", { start_at = instant.written(a),
    end_at = instant.written(a + random(600, 40000)) })
end
function acts.hold(t)
  local slug = pick(t.services)
  local slots = t:slots(slug, t:range())
  if not slots or not slots[1] then return end
  local r = t:ask("POST", "/holds", t.wish(slug, pick(slots), { ttl_minutes = random(10) }))
  assert(r.status == 201, t:told(r.body)) -- what is listed can be held
  t.held = r:json().hold
end
function acts.take(t) -- the place of the hold, or more time for it, or it back
  if not t.held then return end
  local slot = { startsAt = t.held.start_at, endsAt = t.held.end_at }
  local r = chance(2) and t:ask("POST", "/holds/" .. t.held.id .. "/extend", { ttl_minutes = 5 })
    or t:ask("POST", "/bookings", t.wish(t.held.service_slug, slot, { hold_id = t.held.id }))
  if r.status == 201 then table.insert(t.bookings, r:json().booking.id) end
end
function acts.decide(t)
  if t.bookings[1] then t:ask("POST", "/bookings/" .. pick(t.bookings) .. pick({ "/confirm", "/cancel" })) end
end

local names = {}
for name in pairs(acts) do names[#names + 1] = name end
table.sort(names)

function turmoil:act() acts[pick(names)](self) end

-- An organization with all of it. s: a server whose clock stands at book.monday.
function turmoil.start(s, seed)
  local desk = desks.of(s:organization("turmoil"))
  local t = setmetatable({ server = s, desk = desk, seed = seed, trace = {}, bookings = {}, teams = {},
    now = instant.seconds(book.monday), services = { "one", "two", "three", "four" } }, turmoil)
  t.hosts = desk:hosts(5)
  for i = 1, 3 do
    t.teams[i] = desk:post("/teams", { name = "Team " .. i, members = members(t.hosts) }).team.id
  end
  for _, slug in ipairs(t.services) do
    local body = t:service()
    body.name, body.slug = slug, slug
    desk:post("/services", body)
  end
  return t
end

return turmoil
