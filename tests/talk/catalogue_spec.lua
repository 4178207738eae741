-- Services, as the organization makes and changes them, and what customers see of that.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local desks = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local http = require("tests.talk.support.http")

local ZONE = "America/New_York"
local NOBODY = ("0"):rep(26)

describe("a service", function()
  local s, org, desk, other, host, n
  setup(function()
    n = 0
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    desk, other = desks.of(org), desks.of(s:organization("elsewhere"))
    host = desk:post("/hosts", { displayName = "Ada", timezone = ZONE }).host
  end)
  teardown(function() s:stop() end)

  local function make(more)
    n = n + 1
    local body = { name = "Service " .. n, slug = "service-" .. n, duration = 60,
      host_ids = { host.id }, calendarSettings = { timezone = ZONE } }
    for k, v in pairs(more or {}) do body[k] = v end
    return desk:post("/services", body).service
  end
  local function patch(service, body) return desk:patch("/services/" .. service.slug, body).service end
  local function slots(service)
    return book.slots(org.client, org, service.slug, book.day(7), book.day(8))
  end
  local function seen(service)
    return org.client:get(("%s/org/%s/service/%s"):format(book.public, org.slug, service.slug)).status
  end

  it("is made of little, and says all that it became", function()
    local made = desk:post("/services", { name = "Cut", slug = "cut", duration = 45,
      calendarSettings = { timezone = ZONE } }).service
    assert.truthy(made.id:find("^srv_%w+$"))
    assert.same({ id = made.id, key = "cut", slug = "cut", name = "Cut", description = http.null,
      category = http.null, duration = 45, price = http.null, currency = http.null,
      isBookablePublic = true, metadata = {}, status = "active", visibility = "public",
      fulfillment = "any_host", host_ids = {}, team_id = http.null, minimum_notice_minutes = 0,
      approval = "none", limits = http.null, version = 1,
      created_at = book.monday, updated_at = book.monday, calendarSettings = {
        duration_minutes = 45, slot_interval_minutes = 45, buffer_before = 0, buffer_after = 0,
        booking_window_days = http.null, timezone = ZONE, location = http.null,
        max_parallel_bookings = 1, cancellation_policy = { noticeHours = 0, policyText = http.null },
      } }, made)
    assert.same(made, desk:get("/services/cut").service)
    assert.same(made, desk:get("/services/" .. made.id).service)
    desk:delete("/services/cut")
  end)

  it("is made of everything", function()
    local team = desk:post("/teams", { name = "T", members = { { host_id = host.id } } }).team
    local body = { key = "full-key", slug = "full", name = "Full", description = "D", category = "C",
      duration = 30, price = 45.5, currency = "USD", metadata = { a = { 1, 2 }, b = { c = "d" } },
      status = "inactive", visibility = "internal", fulfillment = "collective", team_id = team.id,
      host_ids = { host.id }, minimum_notice_minutes = 90, approval = "required",
      limits = { per_day = 5, minutes_per_week = 600, per_contact = { per_month = 2 } },
      calendarSettings = {
        duration_minutes = 30, slot_interval_minutes = 15, buffer_before = 5, buffer_after = 10,
        booking_window_days = 60, timezone = "Europe/Berlin", max_parallel_bookings = 3,
        location = { type = "onsite", value = "Room 1" },
        cancellation_policy = { noticeHours = 24, policyText = "P" } } }
    local made = desk:post("/services", body).service
    for name, value in pairs(body) do assert.same(value, made[name], name) end
    assert.is_false(made.isBookablePublic)
    assert.same(made, patch(made, made)) -- what was read may be sent back
  end)

  it("is told all that is wrong with it", function()
    local function detail(body) return desk:fails(400, "POST", "/services", body).detail end
    assert.truthy(detail({ x = 1 }):find(
      "name is required; slug is required; calendarSettings is required", 1, true))
    assert.truthy(detail({ name = "", slug = "A B", key = "-", duration = 0, price = -1,
      status = "gone", visibility = 1, fulfillment = "x", host_ids = { "a b" },
      minimum_notice_minutes = 1.5, approval = "x", metadata = "x", calendarSettings = {
        timezone = "Mars", buffer_after = -1, location = { type = "moon" },
        max_parallel_bookings = 0, cancellation_policy = { noticeHours = "x" } } }):find(
      "^name .*; slug .*; key .*; duration .*; price .*; metadata .*; status .*; visibility .*; "
      .. "fulfillment .*; host_ids%[1%] .*; minimum_notice_minutes .*; approval .*; "
      .. "calendarSettings.buffer_after .*; "
      .. "calendarSettings.timezone .*; calendarSettings.location.type .*; "
      .. "calendarSettings.max_parallel_bookings .*; calendarSettings.cancellation_policy.noticeHours "))
    local base = { name = "N", slug = "n", calendarSettings = { timezone = ZONE } }
    local function wrong(text, more)
      local body = {}
      for k, v in pairs(base) do body[k] = v end
      for k, v in pairs(more) do body[k] = v end
      assert.equal(text, detail(body))
    end
    wrong("duration is required.", {})
    wrong("duration and calendarSettings.duration_minutes must be the same; team_id is required where "
      .. "fulfillment is team; host_ids[2] names a host that is in the list already; currency is required "
      .. "with a price.", { duration = 30, calendarSettings = { timezone = ZONE, duration_minutes = 45 },
        fulfillment = "team", host_ids = { host.id, host.id }, price = 5 })
    wrong("price has more decimals than USD has.", { duration = 30, price = 45.555, currency = "USD" })
    wrong("price has more decimals than JPY has.", { duration = 30, price = 0.5, currency = "JPY" })
    wrong("currency must be a code of ISO 4217 such as USD.", { duration = 30, currency = "usd" })
    wrong("duration and both buffers may have 2,880 minutes together.", { duration = 1440,
      calendarSettings = { timezone = ZONE, buffer_before = 1, buffer_after = 1440 } })
    wrong("calendarSettings.location.type is required.", { duration = 30,
      calendarSettings = { timezone = ZONE, location = { value = "x" } } })
    wrong("metadata may have 16,384 bytes as JSON, all of it together.",
      { duration = 30, metadata = { a = ("x"):rep(70000) } })
    desk:fails(404, "GET", "/services/n")
  end)

  it("names hosts and teams of its own organization", function()
    local theirs = other:post("/hosts", { displayName = "Theirs", timezone = ZONE }).host
    local function codes(method, path, body)
      return desks.codes(desk:fails(422, method, "/services" .. path, body))
    end
    local body = { name = "N", slug = "strange", duration = 30, fulfillment = "team",
      team_id = "team_" .. NOBODY, host_ids = { host.id, theirs.id, "host_" .. NOBODY },
      calendarSettings = { timezone = ZONE } }
    assert.equal("unknown_host unknown_host unknown_team", codes("POST", "", body))
    local made = make()
    assert.equal("unknown_host", codes("PATCH", "/" .. made.slug, { host_ids = { theirs.id } }))
    assert.equal("unknown_team", codes("PATCH", "/" .. made.slug, { team_id = "team_" .. NOBODY }))
    assert.same({ host.id }, desk:get("/services/" .. made.slug).service.host_ids)
  end)

  it("has a slug and a key that no other has", function()
    local one, two = make(), make()
    assert.equal("slug_taken", desk:fails(409, "PATCH", "/services/" .. two.slug, { slug = one.slug }).code)
    local moved = patch(one, { slug = "moved" })
    assert.same({ "moved", one.key }, { moved.slug, moved.key })
    desk:fails(404, "GET", "/services/" .. one.slug)
    local body = { name = "N", slug = one.slug, duration = 30, calendarSettings = { timezone = ZONE } }
    assert.equal("key_taken", desk:fails(409, "POST", "/services", body).code)
    body.key = "free-key"
    assert.equal("free-key", desk:post("/services", body).service.key)
    assert.equal("key never changes; leave it out.",
      desk:fails(400, "PATCH", "/services/moved", { key = "other" }).detail)
    assert.equal(one.key, patch(moved, { key = one.key }).key)
    desk:delete("/services/moved")
    body.slug, body.key = "moved", "third-key"
    assert.equal("slug_taken", desk:fails(409, "POST", "/services", body).code)
    local at_home = { name = "N", slug = "cut-there", duration = 30, calendarSettings = { timezone = ZONE } }
    other:post("/services", at_home)
    desk:post("/services", at_home) -- another organization's names are free
  end)

  it("changes by what is named; null clears", function()
    local made = make({ price = 45, currency = "USD", description = "D",
      metadata = { a = 1, b = { c = 2, d = 3 } },
      calendarSettings = { timezone = ZONE, buffer_after = 10, booking_window_days = 30,
        location = { type = "onsite", value = "Room" } } })
    s:advance(5)
    local now = patch(made, { price = 50.25, metadata = { a = http.null, b = { c = 4 } },
      calendarSettings = { buffer_before = 5, booking_window_days = http.null,
        location = { value = "Hall" } } })
    assert.same({ 50.25, "USD", "D", { b = { c = 4, d = 3 } } },
      { now.price, now.currency, now.description, now.metadata })
    local settings = now.calendarSettings
    assert.same({ 5, 10, http.null, { type = "onsite", value = "Hall" } }, { settings.buffer_before,
      settings.buffer_after, settings.booking_window_days, settings.location })
    assert.is_true(now.updated_at > made.updated_at and now.created_at == made.created_at)
    now = patch(made, { price = http.null, description = http.null, metadata = http.null, name = http.null,
      calendarSettings = { location = http.null, buffer_after = http.null, timezone = http.null } })
    assert.same({ http.null, http.null, {}, made.name, http.null, 10, ZONE }, { now.price, now.description,
      now.metadata, now.name, now.calendarSettings.location, now.calendarSettings.buffer_after,
      now.calendarSettings.timezone })
    assert.equal(90, patch(made, { duration = 90 }).calendarSettings.duration_minutes)
    assert.equal(45, patch(made, { calendarSettings = { duration_minutes = 45 } }).duration)
    assert.equal(4500, patch(made, { price = 4500, currency = "JPY" }).price)
    assert.equal(4500, patch(made, { currency = "USD" }).price) -- the amount stays, not its digits
    assert.truthy(desk:fails(400, "PATCH", "/services/" .. made.slug, { currency = http.null }).detail
      :find("currency is required", 1, true))
  end)

  it("has limits that are merged, cleared and heeded", function()
    local made = make({ limits = { per_day = 1, per_host = { per_week = 9 } } })
    assert.same({ per_day = 1, per_host = { per_week = 9 } }, made.limits)
    local free = slots(made)
    assert.equal(201, book.create(org.client, org, made.slug, free[1]).status)
    local r = book.create(org.client, org, made.slug, free[2])
    assert.same({ 422, "limit_reached" }, { r.status, r:json().violations[1].code })
    local now = patch(made, { limits = { per_day = 3, per_host = { per_week = http.null } } })
    assert.same({ per_day = 3 }, now.limits)
    assert.equal(201, book.create(org.client, org, made.slug, free[2]).status)
    assert.same(now.limits, patch(made, { name = "Limited" }).limits)
    assert.equal(http.null, patch(made, { limits = http.null }).limits)
    local err = desk:fails(400, "PATCH", "/services/" .. made.slug,
      { limits = { per_day = 0, per_contact = { per_week = 1.5 } } })
    assert.truthy(err.detail:find("^limits.per_day .*; limits.per_contact.per_week ")
      or err.detail:find("^limits.per_contact.per_week .*; limits.per_day "), err.detail)
  end)

  it("keeps all of several changes at once", function()
    local made, list = make(), {}
    local bodies = { { name = "A" }, { description = "B" }, { price = 5, currency = "EUR" },
      { calendarSettings = { buffer_after = 15 } }, { metadata = { m = 1 } }, { metadata = { o = 2 } } }
    for i, body in ipairs(bodies) do
      list[i] = desk.client:bytes({ method = "PATCH", body = body,
        path = book.prefix .. "/services/" .. made.slug })
    end
    for _, r in ipairs(client.many(s, list)) do assert.equal(200, r.status) end
    local now = desk:get("/services/" .. made.slug).service
    assert.same({ "A", "B", 5, 15, { m = 1, o = 2 } }, { now.name, now.description, now.price,
      now.calendarSettings.buffer_after, now.metadata })
  end)

  it("shows its changes in what is offered at once", function()
    local made = make()
    local before = #slots(made)
    assert.is_true(before > 4)
    patch(made, { calendarSettings = { slot_interval_minutes = 30 } })
    assert.is_true(#slots(made) > before)
    patch(made, { minimum_notice_minutes = 20000 })
    assert.equal(0, #slots(made))
    patch(made, { minimum_notice_minutes = 0, host_ids = {} })
    assert.equal(0, #slots(made))
    patch(made, { host_ids = { host.id } })
    assert.is_true(#slots(made) > before)
  end)

  it("is public while it is active and public, and archived for good or not", function()
    local made = make()
    local slot = slots(made)[1]
    local taken = book.create(org.client, org, made.slug, slot):json().booking
    for _, body in ipairs({ { status = "inactive" }, { visibility = "internal" } }) do
      patch(made, body)
      assert.equal(404, seen(made))
      assert.equal(404, org.client:get(book.public .. "/availability" .. http.query({ org_slug = org.slug,
        service_slug = made.slug, from = book.day(7), to = book.day(8) })).status)
      assert.equal(404, book.create(org.client, org, made.slug, slot).status)
      for _, one in ipairs(org.client:get(book.public .. "/org/" .. org.slug):json().services) do
        assert.is_false(one.slug == made.slug)
      end
      patch(made, { status = "active", visibility = "public" })
      assert.equal(200, seen(made))
    end
    desk:delete("/services/" .. made.slug)
    desk:delete("/services/" .. made.id) -- twice is once
    assert.equal(404, seen(made))
    assert.equal("archived", desk:get("/services/" .. made.slug).service.status)
    assert.equal(200, org.client:get(book.confirmation(taken.confirmation_number)).status)
    patch(made, { status = "active" })
    assert.equal(200, seen(made))
    desk:fails(404, "DELETE", "/services/no-such")
  end)

  it("never gives more places than it has, nor takes any away", function()
    local made = make({ calendarSettings = { timezone = ZONE, max_parallel_bookings = 8 } })
    local first, second = slots(made)[1], slots(made)[2]
    for _ = 1, 3 do assert.equal(201, book.create(org.client, org, made.slug, first).status) end
    local function look(slot)
      for _, one in ipairs(slots(made)) do
        if one.startsAt == slot.startsAt then return one.availableCapacity end
      end
    end
    local function peak()
      local subject = made.id .. "/" .. host.id
      return sql.read(s, ("SELECT s.capacity || ' ' || SUM(c.units) FROM subject s"
        .. " JOIN claim c ON c.subject = s.id WHERE s.id LIKE '%s/%%'"
        .. " GROUP BY s.id"):format(subject)):gsub("%s+$", "")
    end
    assert.same({ 5, 8 }, { look(first), look(second) })
    patch(made, { calendarSettings = { max_parallel_bookings = 2 } })
    assert.same({ nil, 2 }, { look(first), look(second) })
    assert.equal(409, book.create(org.client, org, made.slug, first).status)
    assert.equal("8 3", (peak())) -- the session that is fuller keeps what it had
    patch(made, { calendarSettings = { max_parallel_bookings = 1 } })
    assert.same({ nil, 1 }, { look(first), look(second) })
    assert.equal(409, book.create(org.client, org, made.slug, first).status)
    patch(made, { calendarSettings = { max_parallel_bookings = 4 } })
    assert.equal(1, look(first))
    assert.equal(201, book.create(org.client, org, made.slug, first).status)
    assert.equal("4 4", (peak()))
    assert.equal(409, book.create(org.client, org, made.slug, first).status)
  end)

  it("counts the catalogue up with each change", function()
    local function version()
      return tonumber((sql.read(s,
        "SELECT version FROM catalogue WHERE organization_id = '" .. org.id .. "'")))
    end
    local made, team, closure = make(), nil, nil
    local changes = {
      function() patch(made, { name = "Z" }) end,
      function() patch(made, { host_ids = {} }) end,
      function() team = desk:post("/teams", { name = "T", members = { { host_id = host.id } } }).team end,
      function()
        desk:patch("/teams/" .. team.id, { members = { { host_id = host.id, weight = 2 } } })
      end,
      function() desk:delete("/teams/" .. team.id) end,
      function()
        desk:put("/schedules/service/" .. made.id,
          { timezone = ZONE, weekly = { mon = { { "09:00", "10:00" } } } })
      end,
      function() desk:delete("/schedules/service/" .. made.id) end,
      function() closure = desk:post("/closures", { first_date = "2040-01-01" }).closure end,
      function() desk:delete("/closures/" .. closure.id) end,
      function() desk:patch("/hosts/" .. host.id, { displayName = "B" }) end,
      function() desk:delete("/services/" .. made.id) end,
    }
    for i, change in ipairs(changes) do
      local before = version()
      change()
      assert.is_true(version() > before, "change " .. i)
    end
    local before = version()
    desk:fails(422, "POST", "/services", { name = "N", slug = "zz", duration = 30,
      host_ids = { "host_" .. NOBODY }, calendarSettings = { timezone = ZONE } })
    assert.equal(before, version())
  end)

  it("stands in a list, by pages, status and time", function()
    local all = desk:get("/services?limit=100").services
    assert.same(all, (desk:pages("/services", "services", 4)))
    local archived = desk:get("/services?status=archived").services
    assert.is_true(#archived > 0 and #archived < #all)
    for _, one in ipairs(archived) do assert.equal("archived", one.status) end
    s:advance(5)
    local last = make()
    assert.same({ last }, desk:get("/services?updated_since=" .. last.updated_at).services)
    local cursor = desk:get("/services?limit=1").next_cursor
    desk:fails(400, "GET", "/services?status=active&cursor=" .. cursor)
    desk:fails(400, "GET", "/services?status=gone")
  end)

  it("may be kept by who read it, until it changes", function()
    local made = make()
    local path = book.prefix .. "/services/" .. made.slug
    local etag = desk.client:get(path).headers.etag
    assert.equal(304, desk.client:get(path, nil, { ["If-None-Match"] = etag }).status)
    patch(made, { name = "New" })
    assert.equal(200, desk.client:get(path, nil, { ["If-None-Match"] = etag }).status)
  end)

  it("is nobody else's", function()
    local made = make()
    for _, name in ipairs({ made.id, made.slug }) do
      other:fails(404, "GET", "/services/" .. name)
      other:fails(404, "PATCH", "/services/" .. name, { name = "Mine" })
      other:fails(404, "DELETE", "/services/" .. name)
    end
    for _, one in ipairs(other:get("/services").services) do assert.is_false(one.id == made.id) end
    assert.same({ made.name, "active" }, { desk:get("/services/" .. made.id).service.name, made.status })
    local reader = desk:with_scopes({ "services:read" })
    reader:get("/services/" .. made.slug)
    reader:fails(403, "POST", "/services", { name = "N" })
    reader:fails(403, "PATCH", "/services/" .. made.slug, { name = "N" })
    reader:fails(403, "DELETE", "/services/" .. made.slug)
    desk:with_scopes({ "services:write" }):fails(403, "GET", "/services")
  end)
end)
