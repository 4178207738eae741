-- A policy may narrow and never widen: one that says yes to everything, in every way it can
-- think of, changes nothing. And each booking keeps the hash of the policy it was made under.

local book = require("tests.talk.support.book")
local desk = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

local yes = [[
local booking = {}

-- More slots than it was asked about, at times and of hosts it was not told of.
local function more(request)
  for i = 1, 50 do
    local n = request.n + i
    request.starts[n], request.minutes[n] = request.starts[1] + i * 60, 0
    request.weekdays[n], request.host_ids[n] = 7, "host_of_nobody"
  end
  request.n, request.party_size = request.n + 50, 1
  request.service.max_parallel_bookings = 1000000
  request.service.duration_minutes = 1
end

function booking.offer(request)
  local n, allowed = request.n, { offered = true, allow = "all", n = request.n + 50 }
  more(request)
  for i = n + 1, request.n do allowed[i] = false end
  for i = -5, 0 do allowed[i] = "yes" end
  return allowed
end
function booking.rank(request)
  more(request)
  local ranks = {}
  for i = 1, request.n do ranks[i] = 0 end
  return ranks
end
function booking.customer(request)
  request.customer.upcoming = 0
  return false
end
function booking.price() end
function booking.cancel(request) request.booking.start = request.now + 1e6 return false end
function booking.reschedule(request) request.to = request.now + 1e6 return nil end
return booking
]]

describe("a policy that says yes to everything", function()
  local s, org, c, d, ada
  before_each(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c, d = org.client, desk.of(org)
    for _, host in ipairs(d:get("/hosts").hosts) do
      ada = host.displayName == "Ada Moreno" and host.id or ada
    end
  end)
  after_each(function() s:stop() end)

  local function policy(text)
    s:write_script("booking.lua", text)
    local code, _, err = s:cli("reload")
    assert.equal(0, code, err)
  end

  local function lists()
    local all = {}
    for _, service in ipairs({ "consultation", "group-class" }) do
      for _, party in ipairs({ 1, 2, 8, 9 }) do
        for _, include in ipairs({ "", "&include=unbookable" }) do
          all[#all + 1] = c:get(("%s/availability?org_slug=%s&service_slug=%s&partySize=%d"
            .. "&from=%s&to=%s%s"):format(book.public, org.slug, service, party, book.day(-1),
            book.day(12), include)):json().slots
        end
      end
    end
    return all
  end

  -- Each of these is refused; the answers without what differs from one to the next.
  local function attempts(taken)
    local list = {}
    local function try(starts, ends, more)
      local r = book.create(c, org, "consultation",
        { startsAt = starts, endsAt = ends, hostId = ada }, more)
      local err = r:json()
      list[#list + 1] = { r.status, err.type, err.code, err.violations, err.alternatives }
    end
    try("2031-06-02T12:30:00Z", "2031-06-02T13:00:00Z") -- the past
    try("2031-06-02T13:30:00Z", "2031-06-02T14:00:00Z") -- too soon
    try("2032-06-02T13:30:00Z", "2032-06-02T14:00:00Z") -- too far
    try("2031-06-03T10:00:00Z", "2031-06-03T10:30:00Z") -- before it opens
    try("2031-06-03T13:01:00Z", "2031-06-03T13:31:00Z") -- beside the grid
    try("2031-06-03T13:00:00Z", "2031-06-03T13:10:00Z") -- too short
    try("2031-06-03T13:00:00Z", "2031-06-03T13:30:00Z", { party_size = 2 })
    try("2031-06-03T13:00:00Z", "2031-06-03T13:30:00Z", { host_id = "host_of_nobody" })
    try(taken.startsAt, taken.endsAt)
    return list
  end

  it("lists what one that says nothing does, and refuses the same", function()
    policy("return {}")
    local slot = book.slots(c, org, "consultation", book.day(2), book.day(3))[3]
    slot.hostId = ada
    assert.equal(201, book.create(c, org, "consultation", slot).status)
    local before, refused = lists(), attempts(slot)
    for _, answer in ipairs(refused) do
      assert.is_true(answer[1] == 422 or answer[1] == 409, http.json.encode(answer))
    end
    policy(yes)
    assert.same(before, lists())
    assert.same(refused, attempts(slot))
  end)

  it("lets nobody cancel or move what may not be", function()
    policy("return {}")
    local slot = book.slots(c, org, "consultation", book.day(2), book.day(3))[1]
    local made = book.create(c, org, "consultation", slot):json().booking
    policy(yes)
    s:freeze((slot.startsAt:gsub("T%d%d", "T09"))) -- within the notice
    for _, way in ipairs({ "/cancel", "/reschedule" }) do
      local r = s:client():post(book.confirmation(made.confirmation_number, way),
        { start_at = book.day(9, slot.startsAt), end_at = book.day(9, slot.endsAt) })
      assert.same({ 422, "notice_window" }, { r.status, r:json().violations[1].code })
    end
  end)

  it("is named by its hash on each booking, and by the next one's when it moves", function()
    local hashes = {}
    local slots = book.slots(c, org, "consultation", book.day(2), book.day(5))
    local function last()
      return d:get("/bookings?limit=100").bookings
    end
    local made = book.create(c, org, "consultation", slots[1]):json().booking
    hashes[1] = last()[1].policy
    policy(yes)
    assert.equal(hashes[1], d:get("/bookings/" .. made.id).booking.policy) -- as it was made
    local second = book.create(c, org, "consultation", slots[5]):json().booking
    hashes[2] = d:get("/bookings/" .. second.id).booking.policy
    assert.is_not_equal(hashes[1], hashes[2])
    for _, hash in ipairs(hashes) do assert.truthy(hash:find("^%x+$") and #hash == 16, hash) end
    d:patch("/bookings/" .. made.id, { notes = "x" })
    assert.equal(hashes[1], d:get("/bookings/" .. made.id).booking.policy)
    local moved = d:ask("POST", "/bookings/" .. made.id .. "/reschedule",
      { start_at = slots[9].startsAt, end_at = slots[9].endsAt }, 200).booking
    assert.equal(hashes[2], moved.policy)
  end)
end)
