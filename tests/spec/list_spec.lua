package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")

local TUESDAY, WEDNESDAY = "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"

describe("the organization's list", function()
  local d, made
  before_each(function()
    d, made = demo.start(), {}
    local slots = d:list(TUESDAY, WEDNESDAY)
    for i = 1, 7 do
      d.server.now = demo.NOW + i
      local contact = { name = "N" .. i, email = i <= 2 and "two@example.com" or "one@example.com" }
      local _, body = d:book("consultation", slots[#slots + 1 - 3 * i], { contact = contact })
      made[i] = body.booking
    end
  end)
  after_each(function() d:stop() end)

  local function list(query)
    local status, body = d:call("bookings", "list", { query = query })
    return status, body
  end

  local function ids(query)
    local _, body = list(query)
    local seen = {}
    for i, booking in ipairs(body.bookings) do
      seen[i] = booking.id
    end
    return seen, body.next_cursor
  end

  it("is ordered by start and has everything", function()
    local _, body = list({})
    assert.equal(7, #body.bookings)
    assert.is_nil(body.next_cursor)
    for i = 2, 7 do
      assert.is_true(body.bookings[i - 1].start_at <= body.bookings[i].start_at)
    end
    local one = body.bookings[1]
    assert.equal(45, one.price)
    assert.equal(1, one.version)
    assert.equal("0123456789abcdef", one.policy)
  end)

  it("comes in pages that neither miss nor repeat", function()
    for _, more in ipairs({ {}, { updated_since = "2026-06-01T00:00:00Z" } }) do
      local whole = ids(more)
      local seen, cursor = {}, nil
      repeat
        local page
        page, cursor = ids({ limit = "2", cursor = cursor, updated_since = more.updated_since })
        table.move(page, 1, #page, #seen + 1, seen)
      until not cursor
      assert.same(whole, seen)
    end
  end)

  it("refuses a cursor of other filters", function()
    local _, cursor = ids({ limit = "2" })
    assert.equal(200, (list({ limit = "3", cursor = cursor })))
    assert.equal("validation_error", (list({ limit = "2", cursor = cursor, status = "pending" })))
    assert.equal("validation_error", (list({ cursor = "what" })))
    assert.equal("validation_error", (list({ cursor = "" })))
  end)

  it("filters", function()
    d.server.now = demo.NOW + 100
    d:contact("cancel", made[3], { contact = "one@example.com" })
    assert.same({ made[3].id }, (ids({ status = "canceled" })))
    assert.equal(6, #ids({ status = "confirmed" }))
    assert.equal(2, #ids({ contact = "TWO@example.com" }))
    assert.equal(7, #ids({ service_slug = "consultation" }))
    assert.equal(0, #ids({ service_slug = "group-class" }))
    assert.same({ made[3].id }, (ids({ updated_since = kordless.time.format(demo.NOW + 100) })))
    assert.equal(0, #ids({ from = WEDNESDAY }))
    assert.equal(7, #ids({ from = TUESDAY, to = WEDNESDAY }))
    local n = 0
    for _, host in ipairs(d.made.hosts) do
      n = n + #ids({ host_id = host.id })
    end
    assert.equal(7, n)
  end)

  it("says what is wrong with its filters", function()
    local name, more = list({ from = "x", status = "gone", contact = "1", limit = "101" })
    assert.equal("validation_error", name)
    assert.truthy(more.detail:find("^from .*; status .*; contact .*; limit "))
  end)

  it("is the organization's own, as each booking is", function()
    local other = d.server:organization("org_2", "other")
    local _, body = d:call("bookings", "list", { organization = other })
    assert.same({}, body.bookings)
    assert.equal("not_found", (d:call("bookings", "get",
      { organization = other, params = { id = made[1].id } })))
    local status, one = d:call("bookings", "get", { params = { id = made[1].id } })
    assert.equal(200, status)
    assert.equal(made[1].id, one.booking.id)
  end)
end)

describe("the calendar entry", function()
  local d
  before_each(function() d = demo.start() end)
  after_each(function() d:stop() end)

  local function unfold(text)
    return (text:gsub("\r\n ", ""))
  end

  it("follows the booking", function()
    local slots = d:list(TUESDAY, WEDNESDAY)
    local _, made = d:book("consultation", slots[1])
    local token = made.calendar_invite.ics_url:match("([^/]+)%.ics$")
    local function invite(name)
      return d:call("bookings", "invite", { params = { ics_token = name or token } })
    end
    local status, text, headers = invite()
    assert.equal(200, status)
    assert.equal("text/calendar; charset=utf-8", headers["Content-Type"])
    assert.truthy(text:find("\r\nDTSTART:20260609T130000Z\r\nDTEND:20260609T133000Z\r\nSTATUS:CONFIRMED\r\n"))
    assert.truthy(text:find("\r\nSEQUENCE:0\r\n"))
    local uid = text:match("\r\n(UID:[^\r]+)")
    d:contact("reschedule", made.booking, nil, { start_at = slots[9].startsAt, end_at = slots[9].endsAt })
    d:contact("cancel", made.booking)
    _, text = invite()
    assert.truthy(text:find("\r\nSEQUENCE:2\r\n"))
    assert.truthy(text:find("\r\nSTATUS:CANCELLED\r\n"))
    assert.equal(uid, text:match("\r\n(UID:[^\r]+)"))
    assert.equal("not_found", (invite("nobody")))
    assert.is_nil(text:find("[^\r]\n"))
  end)

  it("escapes and folds", function()
    local ics = require("bookings.ics")
    local row = {
      id = "book_1", sequence = 0, start_at = 0, end_at = 60, created_at = 0, updated_at = 0,
      status = "pending", organization_name = "ü" .. ("äö"):rep(60),
      service_name = "a,b;c\\d\r\ne\tf", location_value = ("x"):rep(75 - 9) .. "\n",
    }
    local text = ics.render(row)
    for line in text:gmatch("(.-)\r\n") do
      assert.is_true(#line <= 75)
      assert.truthy(utf8.len(line))
    end
    local whole = unfold(text)
    assert.truthy(whole:find("\r\nSUMMARY:a\\,b\\;c\\\\d\\nef – ü" .. ("äö"):rep(60) .. "\r\n", 1, true))
    assert.truthy(whole:find("\r\nLOCATION:" .. ("x"):rep(66) .. "\\n\r\n", 1, true))
    assert.truthy(whole:find("\r\nSTATUS:TENTATIVE\r\n", 1, true))
    assert.equal(("x"):rep(75), ics.fold(("x"):rep(75)))
    assert.equal(("x"):rep(75) .. "\r\n x", ics.fold(("x"):rep(76)))
    assert.equal(("x"):rep(75) .. "\r\n " .. ("x"):rep(74) .. "\r\n x", ics.fold(("x"):rep(150)))
  end)
end)
