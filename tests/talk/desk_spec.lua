-- The organization's desk: notes, cancels, moves and accepts bookings, whatever notice its
-- customers have to give, and never over another booking.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

describe("the desk", function()
  local s, org, c, desk, rival, anyone, own
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c, anyone, own = org.client, s:client(), book.prefix .. "/bookings"
    desk = c:with({ ["x-organization-id"] = org.id })
    local other = s:organization("rival")
    rival = other.client:with({ ["x-organization-id"] = other.id })
    sql.change(s, book.monday, "UPDATE service SET approval = 'required' WHERE slug = 'group-class'")
  end)
  teardown(function() s:stop() end)

  local function slots(service, more)
    return book.slots(c, org, service or "consultation", book.day(3), book.day(6), more)
  end
  local function made(service, slot, more)
    local body = book.body(org, service or "consultation", slot or slots(service)[1], more)
    local r = desk:post(own, body)
    assert.equal(201, r.status, r.body)
    return r:json().booking, r:json().calendar_invite.ics_url:match("^http://[^/]+(/.*)$")
  end
  local function at(booking, tail) return own .. "/" .. booking.id .. (tail or "") end
  local function has(slot, service)
    for _, one in ipairs(slots(service)) do
      if one.startsAt == slot.startsAt and one.hostId == slot.hostId then return true end
    end
    return false
  end
  local function code(r) return r:json().violations[1].code end

  it("notes what it likes, and clears it with null", function()
    local one, file = made()
    s:advance(5)
    local r = desk:patch(at(one), { notes = "Prefers tea.", outcome = "no_show" })
    local now = r:json().booking
    assert.same({ 200, '"2"', 2, "Prefers tea.", "no_show" },
      { r.status, r.headers.etag, now.version, now.notes, now.outcome })
    assert.is_true(now.updated_at > one.updated_at)
    assert.truthy(anyone:get(file).body:find("\r\nSEQUENCE:1\r\n", 1, true))
    r = desk:patch(at(one), { outcome = http.null })
    assert.same({ "Prefers tea.", http.null, 3 },
      { r:json().booking.notes, r:json().booking.outcome, r:json().booking.version })
    assert.equal(http.null, desk:patch(at(one), { notes = "  " }):json().booking.notes)
    r = desk:patch(at(one), { outcome = http.null, other = 1 })
    assert.same({ 200, 4 }, { r.status, r:json().booking.version }) -- nothing new in it
    r = desk:patch(at(one), { notes = ("x"):rep(2001), outcome = "late" })
    assert.equal(400, r.status)
    assert.truthy(r:json().detail:find("notes.*outcome"), r.body)
  end)

  it("has the version as ETag and heeds If-Match", function()
    local one = made()
    local r = desk:get(at(one))
    assert.same({ 200, '"1"' }, { r.status, r.headers.etag })
    local slot = slots()[6]
    local move = { start_at = slot.startsAt, end_at = slot.endsAt }
    for _, stale in ipairs({ '"2"', '"0", "01"', 'W/"1"', '""' }) do
      local head = { ["If-Match"] = stale }
      for _, answer in ipairs({ desk:patch(at(one), { notes = "x" }, head),
        desk:post(at(one, "/cancel"), nil, head), desk:post(at(one, "/confirm"), nil, head),
        desk:post(at(one, "/reschedule"), move, head) }) do
        assert.same({ 412, "request_error", "precondition_failed" },
          { answer.status, answer:json().type, answer:json().code }, stale)
      end
    end
    for _, none in ipairs({ "1", '"1', '"1" "2"', "", "W/1", '"1",x' }) do
      r = desk:patch(at(one), { notes = "x" }, { ["If-Match"] = none })
      assert.same({ 400, "validation_error" }, { r.status, r:json().type }, none)
      assert.truthy(r:json().detail:find("If-Match", 1, true))
    end
    assert.equal(1, desk:get(at(one)):json().booking.version)
    for i, good in ipairs({ '"1"', '"7" , "2"', "*", 'W/"9", "4"' }) do
      r = desk:patch(at(one), { notes = "note " .. i }, { ["If-Match"] = good })
      assert.same({ 200, '"' .. i + 1 .. '"' }, { r.status, r.headers.etag }, good)
    end
    r = desk:post(at(one, "/reschedule"), move, { ["If-Match"] = '"5"' })
    assert.same({ 200, '"6"' }, { r.status, r.headers.etag })
  end)

  it("cancels within the customer's notice, with a reason", function()
    local slot = book.slots(c, org, "consultation", book.day(0), book.day(1))[1]
    local one, file = made(nil, slot) -- the notice is 24 hours
    assert.equal(422, anyone:post(book.confirmation(one.confirmation_number, "/cancel")).status)
    local r = desk:post(at(one, "/cancel"), { reason = "We are ill." })
    local now = r:json().booking
    assert.same({ 200, '"2"', "canceled", "We are ill." },
      { r.status, r.headers.etag, now.status, now.cancel_reason })
    assert.truthy(anyone:get(file).body:find("STATUS:CANCELLED", 1, true))
    r = desk:post(at(one, "/cancel"))
    assert.same({ 422, "already_canceled" }, { r.status, code(r) })
    assert.equal(400, desk:post(at(one, "/cancel"), { reason = 7 }).status)
    assert.equal(201, desk:post(own, book.body(org, "consultation", slot)).status)
    local two = made()
    assert.same({ "canceled", http.null }, { desk:post(at(two, "/cancel")):json().booking.status,
      desk:get(at(two)):json().booking.cancel_reason })
    local json = { ["Content-Type"] = "application/json" }
    for _, body in ipairs({ "null", "{}", '{"reason": null}', '{"reason": " "}' }) do
      r = desk:post(at(made(), "/cancel"), body, json)
      assert.same({ 200, http.null }, { r.status, r:json().booking.cancel_reason }, body)
    end
  end)

  it("moves a booking, to another host too, and never onto another", function()
    local list = slots()
    local one = made(nil, list[1])
    local other
    for _, slot in ipairs(list) do
      if slot.hostId ~= one.host_id and slot.startsAt > list[3].startsAt then other = other or slot end
    end
    local r = desk:post(at(one, "/reschedule"), { start_at = other.startsAt, end_at = other.endsAt,
      host_id = other.hostId, notes = "moved", timezone = "Asia/Tokyo" })
    local now = r:json().booking
    assert.same({ 200, one.id, other.startsAt, other.hostId, "moved", "Asia/Tokyo", '"2"' },
      { r.status, now.id, now.start_at, now.host_id, now.notes, now.timezone, r.headers.etag })
    assert.is_true(has(list[1]))

    local two = made(nil, list[1])
    r = desk:post(at(two, "/reschedule"), { start_at = other.startsAt, end_at = other.endsAt,
      host_id = other.hostId })
    assert.same({ 409, "conflict_error", 3 }, { r.status, r:json().type, #r:json().alternatives })
    assert.equal(list[1].startsAt, desk:get(at(two)):json().booking.start_at)
    r = desk:post(at(two, "/reschedule"), { start_at = other.startsAt, end_at = list[1].endsAt,
      host_id = "host_nobody" })
    assert.equal(422, r.status)
    local codes = {}
    for _, violation in ipairs(r:json().violations) do codes[violation.code] = true end
    assert.same({ wrong_duration = true, host_not_offered = true }, codes)
    r = desk:post(at(two, "/reschedule"), { start_at = "soon", timezone = "Mars" })
    assert.equal(400, r.status)
    for _, field in ipairs({ "start_at", "end_at", "timezone" }) do
      assert.truthy(r:json().detail:find(field, 1, true), r.body)
    end
    desk:post(at(two, "/cancel"))
    r = desk:post(at(two, "/reschedule"), { start_at = other.startsAt, end_at = other.endsAt })
    assert.same({ 422, "already_canceled" }, { r.status, code(r) })
  end)

  it("lists where a booking can go, its own slot counted free, whatever the notice", function()
    local free = book.slots(c, org, "consultation", book.day(0), book.day(1))
    local one = made(nil, free[1])
    local range = http.query({ from = book.day(0), to = book.day(1) })
    local function to(more)
      local r = desk:get(at(one, "/availability") .. range .. (more or ""))
      assert.equal(200, r.status, r.body)
      return r:json().slots
    end
    assert.same(free, to()) -- within the notice of 24 hours
    for _, slot in ipairs(to("&host_id=" .. one.host_id)) do assert.equal(one.host_id, slot.hostId) end
    local others = book.slots(c, org, "consultation", book.day(0), book.day(1))
    assert.equal(#free - 1, #others)
    assert.equal(404, rival:get(at(one, "/availability") .. range).status)
    assert.equal(400, desk:get(at(one, "/availability") .. http.query({ from = book.day(1),
      to = book.day(0) })).status)
    desk:post(at(one, "/cancel"))
    assert.same({}, to()) -- nowhere
  end)

  it("accepts what waits, once", function()
    local slot = slots("group-class")[1]
    local one, file = made("group-class", slot)
    assert.equal("pending", one.status)
    assert.truthy(anyone:get(file).body:find("STATUS:TENTATIVE", 1, true))
    local left = slots("group-class")[1]
    assert.same({ slot.startsAt, slot.capacity - 1 }, { left.startsAt, left.availableCapacity })
    local r = desk:post(at(one, "/confirm"))
    assert.same({ 200, '"2"', "confirmed" },
      { r.status, r.headers.etag, r:json().booking.status })
    local text = anyone:get(file).body
    assert.truthy(text:find("STATUS:CONFIRMED", 1, true) and text:find("SEQUENCE:1\r\n", 1, true))
    assert.equal("booking\n", sql.read(s, ("SELECT kind FROM claim WHERE owner = '%s'"):format(one.id)))
    assert.same(left, slots("group-class")[1])
    r = desk:post(at(one, "/confirm"))
    assert.same({ 422, "already_confirmed" }, { r.status, code(r) })
    local two = made("group-class", slot)
    desk:post(at(two, "/cancel"))
    r = desk:post(at(two, "/confirm"))
    assert.same({ 422, "already_canceled" }, { r.status, code(r) })
  end)

  it("accepts nothing for hosts who are away by now", function()
    local slot = slots("group-class")[3]
    local one = made("group-class", slot, { host_id = slot.hostId })
    local seconds = "CAST(strftime('%s', '" .. slot.startsAt .. "') AS INTEGER)"
    sql.change(s, book.monday, ("INSERT INTO claim (subject, kind, b0, b1, units, owner) VALUES "
      .. "('%s', 'time_off', %s, %s + 60, 1, 'off')"):format(slot.hostId, seconds, seconds))
    local r = desk:post(at(one, "/confirm"))
    assert.same({ 409, "conflict_error" }, { r.status, r:json().type })
    assert.equal("pending", desk:get(at(one)):json().booking.status)
    assert.equal("pending\n", sql.read(s, ("SELECT kind FROM claim WHERE owner = '%s'"):format(one.id)))
  end)

  -- 64 at once, a connection each: how many heard which status.
  local function rush(path, body)
    local list, tally = {}, {}
    for i = 1, 64 do
      list[i] = desk:bytes({ method = "POST", path = path, body = body and body(i) })
    end
    for _, r in ipairs(client.many(s, list)) do
      tally[r.status] = (tally[r.status] or 0) + 1
      if r.status == 422 then tally[code(r)] = (tally[code(r)] or 0) + 1 end
    end
    return tally
  end

  it("approves once, however many say so", function()
    for _ = 1, 3 do
      local one = made("group-class", slots("group-class")[5])
      assert.same({ [200] = 1, [422] = 63, already_confirmed = 63 }, rush(at(one, "/confirm")))
      assert.equal(2, desk:get(at(one)):json().booking.version)
    end
    local one = made("group-class", slots("group-class")[5])
    assert.same({ [200] = 1, [422] = 63, already_canceled = 63 }, rush(at(one, "/cancel")))
  end)

  it("moves one of many into one slot", function()
    local list = slots()
    local target, movers = list[#list], {}
    for i = 1, 8 do movers[i] = made(nil, list[i]) end
    local asked, moved, tally = {}, { start_at = target.startsAt, end_at = target.endsAt,
      host_id = target.hostId }, {}
    for i = 1, 64 do
      asked[i] = desk:bytes({ method = "POST", path = at(movers[i % 8 + 1], "/reschedule"), body = moved })
    end
    for _, r in ipairs(client.many(s, asked)) do tally[r.status] = (tally[r.status] or 0) + 1 end
    assert.is_true(tally[200] >= 1 and tally[200] <= 8, http.json.encode(tally))
    local there = 0
    for _, one in ipairs(movers) do
      if desk:get(at(one)):json().booking.start_at == target.startsAt then there = there + 1 end
    end
    assert.equal(1, there)
    assert.equal("1\n", sql.read(s, ("SELECT COUNT(*) FROM booking WHERE host_id = '%s' AND status <>"
      .. " 'canceled' AND start_at = strftime('%%s', '%s')"):format(target.hostId, target.startsAt)))
  end)

  it("is another organization's business nowhere", function()
    local one = made()
    local slot = slots()[1]
    for _, who in ipairs({ rival, desk }) do
      local id = who == desk and "/book_" .. ("0"):rep(26) or "/" .. one.id
      for _, r in ipairs({ who:get(own .. id), who:patch(own .. id, { notes = "x" }),
        who:post(own .. id .. "/cancel"), who:post(own .. id .. "/confirm"),
        who:post(own .. id .. "/reschedule", { start_at = slot.startsAt, end_at = slot.endsAt }) }) do
        assert.same({ 404, "not_found" }, { r.status, r:json().type })
      end
      assert.equal(404, who:patch(own .. id, { notes = "x" }, { ["If-Match"] = '"9"' }).status)
    end
    assert.equal(1, desk:get(at(one)):json().booking.version)
    assert.equal(400, c:patch(at(one), { notes = "x" }).status) -- without x-organization-id
    local narrow = client.admin(s):post("/api/platform/v1/organizations/" .. org.id .. "/api-keys",
      { label = "reads", scopes = { "bookings:read" } }):json().api_key.key
    local reader = s:client({ ["x-kordless-key"] = narrow, ["x-organization-id"] = org.id })
    assert.equal(200, reader:get(at(one)).status)
    assert.equal(403, reader:patch(at(one), { notes = "x" }).status)
    for _, tail in ipairs({ "/cancel", "/confirm", "/reschedule" }) do
      assert.equal(403, reader:post(at(one, tail)).status)
    end
  end)
end)

describe("the desk's calendar", function()
  local s, org, desk, rival
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    desk = org.client:with({ ["x-organization-id"] = org.id })
    rival = s:organization("rival")
    rival.desk = rival.client:with({ ["x-organization-id"] = rival.id })
    sql.change(s, book.monday, "UPDATE service SET visibility = 'internal' WHERE slug = 'group-class';"
      .. "UPDATE service SET fulfillment = 'specific_host' WHERE slug = 'consultation'")
  end)
  teardown(function() s:stop() end)

  local function ask(more, who)
    local query = { service_slug = "consultation", from = book.day(3), to = book.day(6) }
    for name, value in pairs(more or {}) do query[name] = value end
    return (who or desk):get(book.prefix .. "/availability" .. http.query(query))
  end

  it("shows what the public one does, and internal services too", function()
    local public = book.slots(org.client, org, "consultation", book.day(3), book.day(6))
    assert.same(public, ask():json().slots)
    assert.equal(200, ask({ service_slug = "group-class" }).status)
    assert.is_true(#ask({ service_slug = "group-class" }):json().slots > 0)
    local hidden = org.client:get(book.public .. "/availability" .. http.query({
      org_slug = org.slug, service_slug = "group-class", from = book.day(3), to = book.day(6) }))
    assert.equal(404, hidden.status)
  end)

  it("shows one host's, and one team's", function()
    local all, n = ask():json().slots, 0
    local host = all[1].hostId
    for _, slot in ipairs(all) do n = n + (slot.hostId == host and 1 or 0) end
    local only = ask({ host_id = host }):json().slots
    assert.equal(n, #only)
    for _, slot in ipairs(only) do assert.equal(host, slot.hostId) end
    local class = ask({ service_slug = "group-class" }):json().slots
    local team = class[1].teamId
    assert.same(class, ask({ service_slug = "group-class", team_id = team }):json().slots)
    assert.same({}, ask({ team_id = team }):json().slots)
  end)

  it("has an ETag, and answers 304", function()
    local r = ask()
    local again = desk:get(book.prefix .. "/availability" .. http.query({
      service_slug = "consultation", from = book.day(3), to = book.day(6) }), nil,
      { ["If-None-Match"] = r.headers.etag })
    assert.is_true(again.status == 304 or again.headers.etag ~= r.headers.etag)
  end)

  it("refuses what makes no sense and what is not there", function()
    local r = desk:get(book.prefix .. "/availability?from=x&partySize=0&timezone=Mars")
    assert.equal(400, r.status)
    for _, field in ipairs({ "service_slug", "from", "to", "partySize", "timezone" }) do
      assert.truthy(r:json().detail:find(field, 1, true), r.body)
    end
    assert.equal(400, ask({ to = book.day(2) }).status)
    assert.equal(400, ask({ to = book.day(66) }).status)
    local host = ask():json().slots[1].hostId
    for _, r404 in ipairs({ ask({ service_slug = "none" }), ask({ host_id = "host_none" }),
      ask({ team_id = "team_none" }), ask({}, rival.desk), ask({ host_id = host }, rival.desk) }) do
      assert.same({ 404, "not_found" }, { r404.status, r404:json().type })
    end
    assert.equal(403, rival.client:with({ ["x-organization-id"] = org.id })
      :get(book.prefix .. "/availability").status)
  end)
end)
