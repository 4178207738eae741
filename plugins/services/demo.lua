-- A catalogue to try the server with: a consultation with any of three hosts, and a group
-- class that a team of two gives. Plain data, made for one organization at one time.

local demo = {}

local zone = "America/New_York"

local function every(days, hours)
  local weekly = {}
  for _, day in ipairs(days) do
    weekly[day] = hours
  end
  return weekly
end

local workdays = { "mon", "tue", "wed", "thu", "fri" }

-- The first Wednesday that is at least 30 days ahead: an ordinary working day without it.
local function override_date(now)
  local day = kordless.zone.wall(zone, now) + 30
  while kordless.time.weekday(day) ~= 3 do
    day = day + 1
  end
  return kordless.time.date(day)
end

local function hosts(new_id)
  local made = {}
  for i, name in ipairs({ "Ada Moreno", "Ben Okafor", "Cleo Lindqvist" }) do
    made[i] = {
      id = new_id("host_"),
      display_name = name,
      email = name:match("^%a+"):lower() .. "@example.com",
      timezone = zone,
    }
  end
  return made
end

local function consultation(new_id, host_ids)
  return {
    id = new_id("srv_"),
    key = "consultation",
    slug = "consultation",
    name = "Consultation",
    description = "Half an hour with one of us.",
    category = "advice",
    status = "active",
    visibility = "public",
    approval = "none",
    metadata = "{}",
    fulfillment = "any_host",
    duration_minutes = 30,
    slot_interval_minutes = 30,
    buffer_before = 0,
    buffer_after = 0,
    minimum_notice_minutes = 60,
    booking_window_days = 90,
    max_parallel_bookings = 1,
    timezone = zone,
    location_type = "phone",
    location_value = "We call you.",
    notice_hours = 24,
    policy_text = "Free of charge until 24 hours before.",
    price = 4500,
    currency = "USD",
    host_ids = host_ids,
  }
end

local function group_class(new_id, team_id)
  return {
    id = new_id("srv_"),
    key = "group-class",
    slug = "group-class",
    name = "Group class",
    description = "An hour together, eight places.",
    category = "classes",
    status = "active",
    visibility = "public",
    approval = "none",
    metadata = "{}",
    fulfillment = "team",
    team_id = team_id,
    duration_minutes = 60,
    slot_interval_minutes = 60,
    buffer_before = 0,
    buffer_after = 15,
    minimum_notice_minutes = 0,
    booking_window_days = 90,
    max_parallel_bookings = 8,
    timezone = zone,
    location_type = "onsite",
    location_value = "Studio 2",
    notice_hours = 2,
    policy_text = "Free of charge until 2 hours before.",
    price = 1850,
    currency = "USD",
    host_ids = {},
  }
end

local function team_of(new_id, first, second)
  return {
    id = new_id("team_"),
    name = "Studio",
    description = "Who gives the classes.",
    members = {
      { host_id = first.id, role = "lead", weight = 1, priority = 1 },
      { host_id = second.id, role = "member", weight = 1, priority = 2 },
    },
  }
end

-- The organization's day is cut short once: that override is there to be seen.
local function schedules(people, now)
  local split = { { "09:00", "12:00" }, { "13:00", "17:00" } }
  local late = { { "12:00", "15:00" }, { "16:00", "20:00" } }
  local short = { date = override_date(now), hours = { { "10:00", "14:00" } } }
  return {
    {
      owner_kind = "organization", timezone = zone, overrides = { short },
      weekly = every({ "mon", "tue", "wed", "thu", "fri", "sat" }, { { "08:00", "20:00" } }),
    },
    {
      owner_kind = "host", owner_id = people[1].id, timezone = zone, overrides = {},
      weekly = every(workdays, split),
    },
    {
      owner_kind = "host", owner_id = people[2].id, timezone = zone, overrides = {},
      weekly = every(workdays, split),
    },
    {
      owner_kind = "host", owner_id = people[3].id, timezone = zone, overrides = {},
      weekly = every({ "tue", "wed", "thu", "fri", "sat" }, late),
    },
  }
end

-- new_id: kordless.id. Ids and times are made here, since a transaction may run twice.
function demo.plan(new_id, now)
  local people = hosts(new_id)
  local team = team_of(new_id, people[1], people[2])
  return {
    now = now,
    hosts = people,
    team = team,
    services = {
      consultation(new_id, { people[1].id, people[2].id, people[3].id }),
      group_class(new_id, team.id),
    },
    schedules = schedules(people, now),
  }
end

return demo
