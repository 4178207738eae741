-- Hosts: made, changed, listed, removed; one that was made here can be booked.

local socket = require("socket")
local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local desks = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")
local sql = require("tests.talk.support.sql")

local ZONE = "America/New_York"
local week = {}
for _, day in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do
  week[day] = { { "09:00", "17:00" } }
end

describe("a host", function()
  local s, org, desk, other
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    desk, other = desks.of(org), desks.of(s:organization("elsewhere"))
  end)
  teardown(function() s:stop() end)

  local function make(name)
    return desk:post("/hosts", { displayName = name or "Dana", timezone = ZONE }).host
  end
  local function service(more)
    local body = { name = "Cut", slug = "cut-" .. tostring(more.host_ids[1]):sub(-8), duration = 60,
      calendarSettings = { timezone = ZONE } }
    for k, v in pairs(more) do body[k] = v end
    return desk:post("/services", body).service
  end
  local function slots(slug)
    return book.slots(org.client, org, slug, book.day(7), book.day(8))
  end

  it("is made with what it needs, and read back", function()
    local made = desk:post("/hosts", { displayName = "Dana", email = "dana@example.com", timezone = ZONE,
      colour = "red" }).host
    assert.truthy(made.id:find("^host_%w+$"))
    assert.same({ id = made.id, displayName = "Dana", email = "dana@example.com", timezone = ZONE,
      status = "active", created_at = book.monday, updated_at = book.monday, version = 1 }, made)
    assert.same(made, desk:get("/hosts/" .. made.id).host)
    assert.equal(http.null, make().email)
  end)

  it("is told all that is wrong at once", function()
    local err = desk:fails(400, "POST", "/hosts", { displayName = ("x"):rep(201), email = "nobody",
      timezone = "Mars", status = "asleep" })
    assert.equal("validation_error", err.type)
    assert.truthy(err.detail:find("^displayName .*; email .*; timezone .*; status "), err.detail)
    err = desk:fails(400, "POST", "/hosts", { x = 1 })
    assert.truthy(err.detail:find("displayName is required; timezone is required", 1, true))
    desk:fails(400, "POST", "/hosts", { displayName = " ", timezone = ZONE })
    err = desk:fails(400, "PATCH", "/hosts/" .. make().id, { email = ("x"):rep(255) .. "@example.com" })
    assert.truthy(err.detail:find("^email "))
  end)

  it("changes by what is named; null clears", function()
    local made = desk:post("/hosts", { displayName = "Eve", email = "eve@example.com", timezone = ZONE }).host
    s:advance(5)
    local changed = desk:patch("/hosts/" .. made.id, { email = http.null, displayName = http.null }).host
    assert.same({ "Eve", http.null, ZONE, made.created_at },
      { changed.displayName, changed.email, changed.timezone, changed.created_at })
    assert.is_true(changed.updated_at > made.updated_at)
    assert.equal("UTC", desk:patch("/hosts/" .. made.id, { timezone = "UTC" }).host.timezone)
    desk:fails(404, "PATCH", "/hosts/host_" .. ("0"):rep(26), { timezone = "UTC" })
  end)

  it("keeps both of two changes at once", function()
    local made = make()
    local list = {}
    for i = 1, 20 do
      local body = i % 2 == 0 and { displayName = "Name " .. i } or { email = i .. "@example.com" }
      list[i] = desk.client:bytes({ method = "PATCH", body = body,
        path = book.prefix .. "/hosts/" .. made.id })
    end
    for _, r in ipairs(client.many(s, list)) do assert.equal(200, r.status) end
    local now = desk:get("/hosts/" .. made.id).host
    assert.truthy(now.displayName:find("^Name ") and now.email:find("@example.com"))
  end)

  it("is booked as soon as a service has it, and not while it is inactive", function()
    local made = make("Fay")
    desk:put("/schedules/host/" .. made.id, { timezone = ZONE, weekly = week })
    local slug = service({ host_ids = { made.id } }).slug
    local free = slots(slug)
    assert.equal(8, #free)
    assert.same({ made.id, "Fay" }, { free[1].hostId, free[1].host.displayName })
    assert.equal(201, book.create(org.client, org, slug, free[1]).status)
    assert.equal(409, book.create(org.client, org, slug, free[1]).status) -- a capacity of one
    assert.equal(7, #slots(slug))
    desk:patch("/hosts/" .. made.id, { status = "inactive" })
    assert.equal(0, #slots(slug))
    assert.equal(422, book.create(org.client, org, slug, free[2]).status)
    desk:patch("/hosts/" .. made.id, { status = "active" })
    assert.equal(7, #slots(slug))
  end)

  it("does not leave while it has bookings ahead", function()
    local made = make("Gil")
    desk:put("/schedules/host/" .. made.id, { timezone = ZONE, weekly = week })
    local slug = service({ host_ids = { made.id } }).slug
    local numbers = {}
    for i, slot in ipairs({ slots(slug)[1], slots(slug)[3] }) do
      numbers[i] = book.create(org.client, org, slug, slot):json().booking.confirmation_number
    end
    local err = desk:fails(422, "DELETE", "/hosts/" .. made.id)
    assert.same({ "unprocessable_error", "has_bookings" }, { err.type, desks.codes(err) })
    assert.truthy(err.detail:find("has 2 bookings", 1, true))
    for _, number in ipairs(numbers) do
      assert.equal(200, org.client:post(book.confirmation(number, "/cancel")).status)
    end
    desk:delete("/hosts/" .. made.id)
    desk:fails(404, "GET", "/hosts/" .. made.id)
    desk:fails(404, "DELETE", "/hosts/" .. made.id)
    desk:fails(404, "GET", "/schedules/host/" .. made.id)
    assert.same({}, desk:get("/services/" .. slug).service.host_ids)
    assert.equal(0, #slots(slug))
  end)

  it("does not leave a session with people in it", function()
    local made = make("Hal")
    desk:put("/schedules/host/" .. made.id, { timezone = ZONE, weekly = week })
    local slug = service({ host_ids = { made.id }, calendarSettings = { timezone = ZONE,
      max_parallel_bookings = 4 } }).slug
    local slot = slots(slug)[1]
    for _ = 1, 3 do assert.equal(201, book.create(org.client, org, slug, slot).status) end
    assert.truthy(desk:fails(422, "DELETE", "/hosts/" .. made.id).detail:find("has 3 bookings", 1, true))
  end)

  it("that leaves leaves nothing of when it was away", function()
    local gone, here = make("Gus"), make("Ivo")
    for _, host in ipairs({ gone, here }) do
      for _, day in ipairs({ 1, 400 }) do
        desk:post("/hosts/" .. host.id .. "/time-off", { start_at = book.day(day),
          end_at = book.day(day + 366), note = "At the doctor's." })
      end
    end
    local count = "SELECT (SELECT COUNT(*) FROM time_off WHERE host_id = '%s'), COUNT(*) FROM claim"
      .. " WHERE subject = '%s'"
    local function kept(host) return sql.read(s, count:format(host.id, host.id)) end
    assert.equal("2|366\n", kept(gone))
    desk:delete("/hosts/" .. gone.id)
    local deadline = socket.gettime() + http.patience
    while kept(gone) ~= "0|0\n" and socket.gettime() < deadline do desk:get("/hosts") end
    assert.same({ "0|0\n", "2|366\n" }, { kept(gone), kept(here) })
  end)

  it("does not leave a team empty", function()
    local one, two = make("Ida"), make("Jan")
    local team = desk:post("/teams", { name = "Duo", members = { { host_id = one.id },
      { host_id = two.id } } }).team
    desk:delete("/hosts/" .. two.id)
    assert.equal(1, #desk:get("/teams/" .. team.id).team.members)
    local err = desk:fails(422, "DELETE", "/hosts/" .. one.id)
    assert.equal("last_member", desks.codes(err))
    assert.truthy(err.detail:find("Duo", 1, true))
    desk:delete("/teams/" .. team.id)
    desk:delete("/hosts/" .. one.id)
  end)

  it("stands in a list, by pages, status and time", function()
    local all = desk:get("/hosts?limit=100").hosts
    local paged, n = desk:pages("/hosts", "hosts", 3)
    assert.same(all, paged)
    assert.equal((#all + 2) // 3, n)
    for i = 2, #all do assert.is_true(all[i - 1].id < all[i].id) end
    desk:patch("/hosts/" .. all[1].id, { status = "inactive" })
    assert.same({ all[1].id }, { desk:get("/hosts?status=inactive").hosts[1].id })
    desk:patch("/hosts/" .. all[1].id, { status = "active" })
    s:advance(10)
    desk:patch("/hosts/" .. all[2].id, { displayName = "Lea" })
    s:advance(10)
    local last = make("Kim")
    desk:patch("/hosts/" .. all[1].id, { displayName = "Max" })
    local since = desk:get("/hosts/" .. all[2].id).host.updated_at
    local fresh = desk:pages("/hosts?updated_since=" .. since, "hosts", 1)
    assert.same({ all[2].id, all[1].id, last.id }, { fresh[1].id, fresh[2].id, fresh[3].id })
    assert.equal(3, #fresh)
  end)

  it("has a place in one list only", function()
    local cursor = desk:get("/hosts?limit=1").next_cursor
    desk:get("/hosts?limit=7&cursor=" .. cursor)
    for _, query in ipairs({ "?status=active&cursor=" .. cursor, "?cursor=x", "?cursor=",
      "?cursor=" .. cursor:gsub("host_", "team_"), "?limit=0", "?limit=101", "?status=gone",
      "?updated_since=yesterday" }) do
      assert.equal("validation_error", desk:fails(400, "GET", "/hosts" .. query).type)
    end
    desk:fails(400, "GET", "/teams?cursor=" .. cursor)
    other:fails(400, "GET", "/hosts?cursor=" .. cursor)
  end)

  it("is nobody else's", function()
    local made = make()
    assert.same({}, other:get("/hosts").hosts)
    for _, method in ipairs({ "GET", "PATCH", "DELETE" }) do
      local err = other:fails(404, method, "/hosts/" .. made.id, method == "PATCH" and { x = 1 } or nil)
      assert.is_nil(err.detail:find("Dana", 1, true))
    end
    local wrong = other.client:with({ ["x-organization-id"] = org.id })
    assert.equal(403, wrong:get(book.prefix .. "/hosts").status)
    assert.equal(400, org.client:get(book.prefix .. "/hosts").status)
    assert.equal(made.displayName, desk:get("/hosts/" .. made.id).host.displayName)
  end)

  it("needs the scope", function()
    local narrow = desk:with_scopes({ "availability:read" }).client
    assert.equal(200, narrow:get(book.prefix .. "/hosts").status)
    assert.equal(403, narrow:post(book.prefix .. "/hosts", { displayName = "X", timezone = ZONE }).status)
    assert.equal(403, narrow:get(book.prefix .. "/services").status)
  end)
end)
