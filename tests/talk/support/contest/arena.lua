-- A small organization in which everybody wants the same few slots: four hosts, open three hours
-- on four days (a month ends among them, and so does summer time), and services of each kind.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local instant = require("tests.talk.support.instant")

local arena = { NOW = "2031-10-20T12:00:00Z", ZONE = "America/New_York" }

-- Nothing here is about how often one may ask.
arena.scripts = { ["quota.lua"] = [[
return {
  reads = {},
  limits = function() return { per_minute = 1000000, per_hour = 1000000, per_day = 1000000 } end,
}
]] }

local DATES = { "2031-10-31", "2031-11-01", "2031-11-02", "2031-11-03" }
local FROM, TO = "2031-10-31T00:00:00Z", "2031-11-04T00:00:00Z"

-- Who gives them: hosts by number, or a team by name.
local services = {
  { slug = "single", hosts = { 1, 2, 3, 4 }, duration = 30, step = 15, before = 10, after = 15 },
  { slug = "class", hosts = { 1, 2 }, duration = 60, step = 30, capacity = 5, after = 10 },
  { slug = "asked", team = "round", duration = 45, step = 15, approval = "required", before = 5 },
  { slug = "panel", team = "whole", duration = 30, step = 30, before = 15, collective = true },
  { slug = "seminar", team = "whole", duration = 50, step = 60, capacity = 3, collective = true,
    approval = "required" },
  { slug = "rare", hosts = { 1, 3, 4 }, duration = 20, step = 20, limits = {
    per_day = 4, per_week = 9, minutes_per_month = 160, per_host = { per_day = 2, per_week = 4 },
    per_contact = { per_day = 1, per_month = 3 } } },
}
local teams = { round = { 1, 2, 3 }, whole = { 2, 3 } }

local function make_people(a, desk)
  local open = {}
  for i, date in ipairs(DATES) do
    open[i] = { date = date, hours = i % 2 == 0 and { { "00:30", "03:00" } }
      or { { "09:00", "10:20" }, { "10:40", "12:30" } } }
  end
  for i = 1, 4 do
    a.hosts[i] = desk:post("/hosts", { displayName = "Host " .. i, timezone = arena.ZONE }).host.id
    desk:put("/schedules/host/" .. a.hosts[i], { timezone = arena.ZONE,
      weekly = setmetatable({}, { __jsontype = "object" }), overrides = open })
  end
  for name, numbers in pairs(teams) do
    local members = {}
    for i, n in ipairs(numbers) do members[i] = { host_id = a.hosts[n], weight = i } end
    a.teams[name] = desk:post("/teams", { name = name, members = members }).team.id
  end
end

local function make_service(a, desk, plan)
  local s, ids = {}, {}
  for name, value in pairs(plan) do s[name] = value end
  for i, n in ipairs(plan.hosts or teams[plan.team]) do ids[i] = a.hosts[n] end
  s.hosts, s.team_id, s.capacity = ids, plan.team and a.teams[plan.team], plan.capacity or 1
  s.before, s.after = plan.before or 0, plan.after or 0
  local made = desk:post("/services", {
    name = plan.slug, slug = plan.slug, duration = plan.duration, limits = plan.limits,
    approval = plan.approval, host_ids = plan.hosts and ids, team_id = s.team_id,
    fulfillment = plan.collective and "collective" or plan.team and "team" or "any_host",
    calendarSettings = {
      timezone = arena.ZONE, slot_interval_minutes = plan.step, max_parallel_bookings = s.capacity,
      buffer_before = s.before, buffer_after = s.after,
    },
  }).service
  s.id = made.id
  a.services[#a.services + 1], a.services[s.slug], a.services[s.id] = s, s, s
end

-- In a server that has just begun: {org, client, hosts, teams, services}; a service is found by
-- number, slug and id, and knows its `starts` ({start, host_id or false}).
function arena.make(s)
  s:freeze(arena.NOW)
  local a = { org = s:organization("arena"), hosts = {}, teams = {}, services = {} }
  local desk = desks.of(a.org)
  make_people(a, desk)
  for _, plan in ipairs(services) do make_service(a, desk, plan) end
  a.client = desk.client
  for _, service in ipairs(a.services) do
    service.starts = {}
    for i, slot in ipairs(book.slots(a.client, a.org, service.slug, FROM, TO)) do
      service.starts[i] = { instant.seconds(slot.startsAt), type(slot.hostId) == "string" and slot.hostId }
    end
    assert(#service.starts > 3, service.slug)
  end
  return a
end

-- What a booking or hold takes: its hosts' time [a, b), and units of what `group` names; nil
-- where it was not said who gives it.
function arena.place(service, start, host, units, owner)
  if not service.collective and not host then return nil end
  local finish = start + service.duration * 60
  local key = service.collective and service.team_id or host
  return {
    a = start - service.before * 60, b = finish + service.after * 60, units = units,
    hosts = service.collective and service.hosts or { host }, capacity = service.capacity,
    group = service.capacity > 1 and ("%s/%s/%d"):format(service.id, key, start) or owner,
  }
end

return arena
