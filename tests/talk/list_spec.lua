-- The organization's own view of its bookings: filters, pages, and one by its id.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")

describe("the list of bookings", function()
  local s, org, other, c, desk, single, made
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    other = s:organization("elsewhere")
    c = org.client
    desk = c:with({ ["x-organization-id"] = org.id })
    single = book.services(c, org)
    made = {}
    local slots = book.slots(c, org, single.slug, book.day(3), book.day(6))
    for i = 1, 7 do
      local contact = { name = "Guest " .. i, email = "guest" .. i .. "@example.com" }
      local slot = slots[i * 2]
      made[i] = book.create(c, org, single.slug, slot, { contact = contact }):json().booking
    end
    c:post(book.confirmation(made[7].confirmation_number, "/cancel", "guest7@example.com"))
  end)
  teardown(function() s:stop() end)

  local function list(query)
    local r = desk:get(book.prefix .. "/bookings" .. http.query(query or {}))
    assert.equal(200, r.status, r.body)
    return r:json().bookings, r:json().next_cursor
  end

  it("names the organization and needs it named", function()
    assert.equal(400, c:get(book.prefix .. "/bookings").status)
    assert.equal(400, c:with({ ["x-organization-id"] = "" }):get(book.prefix .. "/bookings").status)
    local wrong = c:with({ ["x-organization-id"] = other.id }):get(book.prefix .. "/bookings")
    assert.same({ 403, "permission_error" }, { wrong.status, wrong:json().type })
    local bare = c:with({ ["x-organization-id"] = org.id:gsub("^org_", "") })
    assert.equal(200, bare:get(book.prefix .. "/bookings").status)
  end)

  it("comes in order of start, whole or by pages", function()
    local whole, cursor = list()
    assert.equal(7, #whole)
    assert.equal(http.null, cursor)
    for i = 2, 7 do
      local a, b = whole[i - 1], whole[i]
      assert.is_true(a.start_at < b.start_at or (a.start_at == b.start_at and a.id < b.id))
    end
    local paged = {}
    cursor = nil
    repeat
      local page
      page, cursor = list({ limit = 3, cursor = cursor })
      assert.is_true(#page <= 3)
      for _, booking in ipairs(page) do paged[#paged + 1] = booking end
    until cursor == http.null
    assert.same(whole, paged)
  end)

  it("is filtered by state, service, contact, host and time", function()
    assert.equal(1, #list({ status = "canceled" }))
    assert.equal(6, #list({ status = "confirmed" }))
    assert.equal(7, #list({ service_slug = single.slug }))
    assert.equal(made[2].id, list({ contact = "guest2@example.com" })[1].id)
    local by_host = list({ host_id = list()[1].host_id })
    assert.is_true(#by_host >= 1 and #by_host <= 7)
    local from = made[3].start_at
    for _, booking in ipairs(list({ from = from })) do assert.is_true(booking.start_at >= from) end
    for _, booking in ipairs(list({ to = from })) do assert.is_true(booking.start_at < from) end
    assert.equal(7, #list({ updated_since = book.day(-1) }))
  end)

  -- Changes are noted by the second: one later in the second that was asked for is none before it.
  it("since a fraction of a second begins with that second", function()
    s:advance(60)
    local note = desk:patch(book.prefix .. "/bookings/" .. made[2].id, { notes = "late" })
    assert.equal(200, note.status)
    local at = note:json().booking.updated_at
    for _, fraction in ipairs({ "", ".001", ".999" }) do
      local found = list({ updated_since = (at:gsub("Z", fraction .. "Z")) })
      assert.same({ 1, made[2].id }, { #found, found[1] and found[1].id }, fraction)
    end
    local name = { name = "Late" }
    at = desk:patch(book.prefix .. "/services/" .. single.slug, name):json().service.updated_at
    local r = desk:get(book.prefix .. "/services" .. http.query({ updated_since = (at:gsub("Z", ".5Z")) }))
    assert.same({ single.slug }, { r:json().services[1].slug })
  end)

  it("refuses what it cannot mean", function()
    local function status(query) return desk:get(book.prefix .. "/bookings" .. http.query(query)).status end
    assert.equal(400, status({ limit = 0 }))
    assert.equal(400, status({ limit = 101 }))
    assert.equal(400, status({ status = "lost" }))
    assert.equal(400, status({ cursor = "nonsense" }))
    local _, cursor = list({ limit = 3 })
    assert.equal(400, status({ limit = 3, cursor = cursor, status = "confirmed" }))
  end)

  it("opens one by its id, to its own organization alone", function()
    local r = desk:get(book.prefix .. "/bookings/" .. made[1].id)
    assert.equal(200, r.status)
    for _, field in ipairs({ "host_id", "party_size", "created_at", "updated_at", "version" }) do
      assert.not_nil(r:json().booking[field], field)
    end
    local theirs = other.client:with({ ["x-organization-id"] = other.id })
    local r404 = theirs:get(book.prefix .. "/bookings/" .. made[1].id)
    assert.same({ 404, "not_found" }, { r404.status, r404:json().type })
    assert.equal(0, #theirs:get(book.prefix .. "/bookings"):json().bookings)
  end)
end)
