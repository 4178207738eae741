-- Teams: members with their weights, and what a service given by one does with them.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local desks = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")

local ZONE = "America/New_York"
local NOBODY = "host_" .. ("0"):rep(26)

describe("a team", function()
  local s, org, desk, other, a, b
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    desk, other = desks.of(org), desks.of(s:organization("elsewhere"))
    a = desk:post("/hosts", { displayName = "Ada", timezone = ZONE }).host
    b = desk:post("/hosts", { displayName = "Ben", timezone = ZONE }).host
  end)
  teardown(function() s:stop() end)

  local function make(...)
    local members = {}
    for i, host in ipairs({ ... }) do members[i] = { host_id = host.id } end
    return desk:post("/teams", { name = "Crew", members = members }).team
  end

  it("is made of hosts, with what is usual where nothing is said", function()
    local made = desk:post("/teams", { name = "Crew", description = "All of us.", members = {
      { host_id = a.id, role = "lead", weight = 3, priority = 2 }, { host_id = b.id } } }).team
    assert.same({ id = made.id, name = "Crew", description = "All of us.", created_at = book.monday,
      updated_at = book.monday, version = 1, members = {
        { host_id = b.id, role = "member", weight = 1, priority = 1 },
        { host_id = a.id, role = "lead", weight = 3, priority = 2 },
      } }, made)
    assert.same(made, desk:get("/teams/" .. made.id).team)
    desk:delete("/teams/" .. made.id)
    desk:fails(404, "GET", "/teams/" .. made.id)
    desk:fails(404, "DELETE", "/teams/" .. made.id)
  end)

  it("is told what is wrong", function()
    local function detail(members)
      return desk:fails(400, "POST", "/teams", { name = "X", members = members }).detail
    end
    assert.truthy(detail({ { host_id = a.id }, { host_id = b.id }, { host_id = a.id } })
      :find("members[3].host_id names a host that is in the list already", 1, true))
    assert.truthy(detail({ { weight = 0, priority = "x" } }):find(
      "^members%[1%]%.host_id is required; members%[1%]%.weight .*; members%[1%]%.priority "))
    assert.truthy(desk:fails(400, "POST", "/teams", '{"name": "X", "members": []}').detail
      :find("members must have at least 1", 1, true))
    assert.truthy(desk:fails(400, "POST", "/teams", { x = 1 }).detail
      :find("name is required; members is required", 1, true))
    local err = desk:fails(422, "POST", "/teams", { name = "X", members = { { host_id = NOBODY } } })
    assert.equal("unknown_host", desks.codes(err))
    local theirs = other:post("/hosts", { displayName = "Theirs", timezone = ZONE }).host
    local team = make(a)
    err = desk:fails(422, "PATCH", "/teams/" .. team.id, { members = { { host_id = theirs.id } } })
    assert.equal("unknown_host", desks.codes(err)) -- as if it were nobody
    assert.same({ a.id }, { desk:get("/teams/" .. team.id).team.members[1].host_id })
    desk:delete("/teams/" .. team.id)
  end)

  it("may be as large as it may be, and no larger than an answer", function()
    local asked, ids = {}, {}
    for i = 1, 100 do
      asked[i] = desk.client:bytes({ method = "POST", path = book.prefix .. "/hosts",
        body = { displayName = "Host " .. i, timezone = ZONE } })
    end
    for i, r in ipairs(client.many(s, asked)) do ids[i] = r:json().host.id end
    table.sort(ids)
    local function team(letter)
      local members = {}
      for i, id in ipairs(ids) do
        members[i] = { host_id = id, role = letter:rep(80), weight = 1000, priority = 1000 }
      end
      return { name = letter:rep(200), description = letter:rep(2000), members = members }
    end
    for _, letter in ipairs({ "x", '"', "\u{1F600}" }) do
      local made = desk:post("/teams", team(letter)).team
      assert.equal(100, #desk:patch("/teams/" .. made.id, team("y")).team.members)
      assert.same(team(letter).members, desk:patch("/teams/" .. made.id, team(letter)).team.members)
      for _, tall in ipairs({ { "POST", "/teams" }, { "PATCH", "/teams/" .. made.id } }) do
        local err = desk:fails(400, tall[1], tall[2], team("\1"))
        assert.equal("members may have 50,000 bytes as JSON, all of them together.", err.detail)
      end
      desk:delete("/teams/" .. made.id)
    end
  end)

  it("changes by what is named; its members as a whole", function()
    local team = make(a, b)
    local function patch(body) return desk:patch("/teams/" .. team.id, body).team end
    assert.same({ "New", 2 }, { patch({ name = "New" }).name, #patch({ x = 1 }).members })
    assert.equal("d", patch({ description = "d" }).description)
    assert.equal(http.null, patch({ description = http.null }).description)
    local one = patch({ members = { { host_id = b.id, weight = 5 } } }).members
    assert.same({ { host_id = b.id, weight = 5, priority = 1, role = "member" } }, one)
    desk:delete("/teams/" .. team.id)
  end)

  it("gives a service, and stays while it does", function()
    local team = make(a, b)
    local made = desk:post("/services", { name = "Tour", slug = "tour", duration = 60,
      fulfillment = "team", team_id = team.id, calendarSettings = { timezone = ZONE } }).service
    local function slots() return book.slots(org.client, org, "tour", book.day(7), book.day(8)) end
    desk:put("/schedules/team/" .. team.id, { timezone = ZONE, weekly = { mon = { { "10:00", "12:00" } } } })
    local free = slots()
    assert.equal(4, #free)
    assert.same({ id = team.id, name = "Crew" }, free[1].team)
    desk:patch("/teams/" .. team.id, { members = { { host_id = a.id } } })
    assert.equal(2, #slots()) -- at once
    local taken = book.create(org.client, org, "tour", slots()[1]):json().booking
    local err = desk:fails(422, "DELETE", "/teams/" .. team.id)
    assert.equal("has_bookings team_in_use", desks.codes(err))
    assert.truthy(err.detail:find("1 booking that is not over", 1, true) and err.detail:find("Tour", 1, true))
    org.client:post(book.confirmation(taken.confirmation_number, "/cancel"))
    assert.equal("team_in_use", desks.codes(desk:fails(422, "DELETE", "/teams/" .. team.id)))
    desk:delete("/services/" .. made.id)
    desk:delete("/teams/" .. team.id)
    assert.equal(http.null, desk:get("/services/tour").service.team_id)
    local back = desk:fails(400, "PATCH", "/services/tour", { status = "active" })
    assert.truthy(back.detail:find("team_id is required where fulfillment is team", 1, true))
  end)

  it("is the booking's after a move, and is kept for it", function()
    local one, two = make(a), make(b)
    desk:post("/services", { name = "Walk", slug = "walk", duration = 60, fulfillment = "team",
      team_id = one.id, calendarSettings = { timezone = ZONE } })
    local slots = book.slots(org.client, org, "walk", book.day(7), book.day(8))
    local id = book.create(org.client, org, "walk", slots[1]):json().booking.id
    desk:patch("/services/walk", { team_id = two.id })
    local r = desk.client:post("/api/calendar/v1/bookings/" .. id .. "/reschedule",
      { start_at = slots[3].startsAt, end_at = slots[3].endsAt })
    assert.same({ b.id, two.id }, { r:json().booking.host_id, r:json().booking.team_id }, r.body)
    desk:delete("/services/walk")
    assert.equal("has_bookings", desks.codes(desk:fails(422, "DELETE", "/teams/" .. two.id)))
    desk:delete("/teams/" .. one.id)
    desk.client:post("/api/calendar/v1/bookings/" .. id .. "/cancel")
    desk:delete("/teams/" .. two.id)
  end)

  it("stands in a list, by pages and time, of its own organization", function()
    local teams = {}
    for i = 1, 4 do teams[i] = make(a, i % 2 == 0 and b or nil) end
    local all = desk:get("/teams").teams
    assert.same(all, (desk:pages("/teams", "teams", 2)))
    for _, team in ipairs(all) do
      if team.id == teams[2].id then assert.equal(2, #team.members) end
    end
    s:advance(3)
    local changed = desk:patch("/teams/" .. teams[2].id, { name = "Z" }).team
    assert.same({ changed }, desk:get("/teams?updated_since=" .. changed.updated_at).teams)
    assert.same({}, other:get("/teams").teams)
    for _, method in ipairs({ "GET", "PATCH", "DELETE" }) do
      other:fails(404, method, "/teams/" .. teams[1].id, method == "PATCH" and { x = 1 } or nil)
    end
    local cursor = desk:get("/teams?limit=1").next_cursor
    desk:fails(400, "GET", "/teams?cursor=" .. cursor .. "&updated_since=" .. changed.updated_at)
  end)
end)
