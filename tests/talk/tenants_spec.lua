-- Two salons in one server: neither reads, changes or learns of what is the other's.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local http = require("tests.talk.support.http")

describe("another organization", function()
  local s, a, b, slot, made
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    a = s:demo()
    b = s:organization("rival")
    local r = client.admin(s):post("/api/platform/v1/organizations/" .. b.id .. "/demo")
    assert.equal(201, r.status, r.body)
    for _, org in ipairs({ a, b }) do
      org.desk = org.client:with({ ["x-organization-id"] = org.id })
    end
    slot = book.slots(a.client, a, "consultation", book.day(3), book.day(5))[1]
    for i = 1, 3 do
      local one = book.slots(a.client, a, "consultation", book.day(3), book.day(5))[1]
      made = made or {}
      made[i] = book.create(a.client, a, "consultation", one):json().booking
    end
  end)
  teardown(function() s:stop() end)

  local function answers(status, kind, r)
    assert.same({ status, kind }, { r.status, r:json().type }, r.body)
    for _, word in ipairs({ made[1].id, book.ada.email, a.id, "Acme", slot.hostId }) do
      assert.is_nil(r.body:find(word, 1, true), r.body)
    end
    return r
  end

  it("has its own calendar, with the same names", function()
    local own = book.slots(b.client, b, "consultation", slot.startsAt, slot.endsAt)
    assert.equal(2, #own) -- what is booked at the one is free at the other
    assert.is_false(own[1].hostId == slot.hostId)
    local r = book.create(b.client, b, "consultation", own[1])
    assert.equal(201, r.status, r.body)
    assert.equal(1, #b.desk:get(book.prefix .. "/bookings"):json().bookings)
  end)

  it("is forbidden by its slug, on every route that takes one", function()
    local range = { org_slug = a.slug, service_slug = "consultation", from = slot.startsAt, to = slot.endsAt }
    for _, path in ipairs({ "/org/" .. a.slug, "/org/" .. a.slug .. "/service/consultation",
      "/org/" .. a.slug .. "/service/no-such", "/availability" .. http.query(range) }) do
      answers(403, "permission_error", b.client:get(book.public .. path))
      local wrong = b.client:with({ ["x-organization-id"] = a.id })
      answers(403, "permission_error", wrong:get(book.public .. path))
      assert.equal(403, b.client:head(book.public .. path).status)
    end
    answers(403, "permission_error", book.create(b.client, a, "consultation", slot))
    answers(403, "permission_error", book.create(b.client, a, "no-such", slot))
    range.org_slug = "nobody"
    answers(404, "not_found", b.client:get(book.public .. "/availability" .. http.query(range)))
    answers(404, "not_found", book.create(b.client, { slug = "nobody" }, "consultation", slot))
  end)

  it("is not found by its ids, and its header is forbidden", function()
    answers(404, "not_found", b.desk:get(book.prefix .. "/bookings/" .. made[1].id))
    local wrong = b.client:with({ ["x-organization-id"] = a.id })
    for _, path in ipairs({ "/bookings", "/bookings/" .. made[1].id, "/rate-limit" }) do
      assert.equal(403, wrong:get(book.prefix .. path).status)
    end
    assert.equal(403, wrong:post(book.prefix .. "/bookings", book.body(a, "consultation", slot)).status)
    local r = answers(422, "unprocessable_error", book.create(b.client, b, "consultation",
      { startsAt = slot.startsAt, endsAt = slot.endsAt }, { host_id = "host_" .. ("0"):rep(26) }))
    local theirs = book.create(b.client, b, "consultation", slot) -- names a host of the other
    assert.same({ r.status, r:json().detail }, { theirs.status, theirs:json().detail })
  end)

  it("has nothing in lists, whatever one filters by", function()
    for _, query in ipairs({ { host_id = slot.hostId }, { contact = "nobody@example.com" },
      { from = slot.startsAt, to = slot.endsAt, status = "pending" }, { service_slug = "no-such" } }) do
      assert.same({}, b.desk:get(book.prefix .. "/bookings" .. http.query(query)):json().bookings)
    end
    local own = {}
    local r = b.desk:get(book.prefix .. "/bookings?contact=" .. book.ada.email)
    for _, booking in ipairs(r:json().bookings) do
      own[#own + 1] = booking.id
      for _, other in ipairs(made) do assert.is_false(booking.id == other.id) end
    end
    assert.equal(1, #own)
  end)

  it("has cursors that are none here", function()
    local cursor = a.desk:get(book.prefix .. "/bookings?limit=1"):json().next_cursor
    assert.is_string(cursor)
    assert.equal(200, a.desk:get(book.prefix .. "/bookings?limit=1&cursor=" .. cursor).status)
    answers(400, "validation_error", b.desk:get(book.prefix .. "/bookings?limit=1&cursor=" .. cursor))
  end)

  it("has Idempotency-Keys of its own", function()
    local body = book.body(a, "consultation", slot, { starts_at = book.day(7, slot.startsAt),
      ends_at = book.day(7, slot.endsAt), host_id = http.null })
    body.org_slug = nil -- the very same bytes for both
    local bytes, headers = http.json.encode(body),
      { ["Idempotency-Key"] = "shared", ["Content-Type"] = "application/json" }
    local one = a.desk:post(book.prefix .. "/bookings", bytes, headers)
    local two = b.desk:post(book.prefix .. "/bookings", bytes, headers)
    assert.same({ 201, 201 }, { one.status, two.status }, two.body)
    assert.is_nil(two.headers["idempotent-replayed"])
    assert.is_false(one:json().booking.id == two:json().booking.id)
    assert.equal("rival", two:json().booking.organization_slug)
    body.notes = "another"
    headers = { ["Idempotency-Key"] = "shared" }
    assert.equal(422, b.desk:post(book.prefix .. "/bookings", body, headers).status)
  end)

  it("is told apart by its contact routes and its calendar files too", function()
    local number = made[1].confirmation_number
    for _, key in ipairs({ b.client, b.desk }) do
      answers(403, "permission_error", key:get(book.confirmation(number)))
      answers(403, "permission_error", key:post(book.confirmation(number, "/cancel")))
      answers(403, "permission_error", key:post(book.confirmation(number, "/reschedule"),
        { start_at = slot.startsAt, end_at = slot.endsAt }))
    end
    assert.equal(404, b.client:get(book.public .. "/bookings/" .. made[1].id .. ".ics").status)
    assert.equal("confirmed", a.client:get(book.confirmation(number)):json().booking.status)
  end)

  it("has rows of its own, each and every one", function()
    assert.equal("", sql.read(s, [[
      SELECT b.id FROM booking b JOIN service s ON s.id = b.service_id JOIN host h ON h.id = b.host_id
      JOIN claim c ON c.owner = b.id JOIN subject u ON u.id = c.subject
      WHERE s.organization_id <> b.organization_id OR h.organization_id <> b.organization_id
        OR u.organization_id <> b.organization_id]]))
  end)
end)
