-- An organization with one of everything that has an id, and what else requests name:
-- for conversations about who may do what with whose things.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local desk = require("tests.talk.support.desk")
local people = require("tests.talk.support.people")

local P = people.prefix
local world = {}

local function admin(s, method, path, body)
  local r = client.admin(s):request({ method = method, path = P .. path, body = body })
  assert(r.status < 300, ("%s %s: %s"):format(method, path, tostring(r)))
  return r.body ~= "" and r:json() or nil
end

-- Hours of every day, so that a slot is easily found.
local hours = { timezone = "America/New_York", weekly = {} }
for _, day in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do
  hours.weekly[day] = { { "06:00", "20:00" } }
end

-- Two bookings that are confirmed, one that waits to be, and a slot that is kept.
local function bookings(org, d)
  local function made(service, day)
    local slots = book.slots(org.client, org, service, book.day(day), book.day(day + 3))
    return d:post("/bookings", book.body(org, service, slots[1])), slots[#slots]
  end
  local first, last = made("consultation", 3)
  d:patch("/services/group-class", { approval = "required" })
  local hold = d:post("/holds", { service_slug = "consultation", starts_at = last.startsAt,
    ends_at = last.endsAt, host_id = last.hostId, ttl_minutes = 60 }).hold
  return first, made("consultation", 3), made("group-class", 6).booking, hold
end

local function things(d, service_id)
  local host = d:get("/hosts").hosts[1]
  for _, owner in ipairs({ "host/" .. host.id, "service/" .. service_id }) do
    d:put("/schedules/" .. owner, hours)
  end
  local spare = d:post("/hosts", { displayName = "Sam Spare", timezone = "America/New_York" }).host
  local team = d:post("/teams", { name = "Spare", members = { { host_id = spare.id } } }).team
  local off = d:post("/hosts/" .. spare.id .. "/time-off",
    { start_at = book.day(40), end_at = book.day(41) }).time_off
  local closure = d:post("/closures", { first_date = "2031-08-01", reason = "Fair" }).closure
  return host, spare, team, off, closure
end

-- The organization `slug` with a catalogue: {id, slug, key, client, desk, ids, values}.
-- ids: by the word before {id} in a path; values: by the name of a parameter or member.
function world.make(s, slug)
  local org = s:organization(slug)
  admin(s, "POST", "/organizations/" .. org.id .. "/demo")
  local d = desk.of(org)
  org.desk = d.client
  local service = d:get("/services/consultation").service
  local host, spare, team, off, closure = things(d, service.id)
  local first, second, pending, hold = bookings(org, d)
  local spare_key = s:key(slug, "spare")
  local member = people.invite(client.admin(s), org.id, slug .. "@members.example.com", "viewer")
  org.ids = {
    bookings = first.booking.id, holds = hold.id, hosts = spare.id, teams = team.id,
    closures = closure.id, services = service.id, organizations = org.id,
    ["api-keys"] = spare_key.id, members = member.member.id, ["{owner}"] = host.id,
    ["POST /api/calendar/v1/bookings/{id}/confirm"] = pending.id,
  }
  local free = book.slots(org.client, org, "consultation", book.day(9), book.day(12))
  org.values = {
    owner = "host", org_slug = slug, service_slug = "consultation", service = service.id,
    number = second.booking.confirmation_number, contact = book.ada.email,
    ics_token = second.calendar_invite.ics_url:match("([^/]+)%.ics$"),
    time_off_id = off.id, from = book.day(9), to = book.day(12), timezone = "America/New_York",
    starts_at = free[1].startsAt, ends_at = free[1].endsAt, start_at = free[2].startsAt,
    end_at = free[2].endsAt, host_id = host.id, team_id = team.id,
    members = { { host_id = host.id } }, weekly = hours.weekly,
  }
  org.link, org.spare_key = member.link, spare_key
  return org
end

return world
