-- A customer's way through the public routes: look, choose, book, move, cancel.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")

describe("a booking", function()
  local s, org, c, anyone, single, from, to
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c, anyone = org.client, s:client()
    single = book.services(c, org)
    from, to = book.day(3), book.day(6)
  end)
  teardown(function() s:stop() end)

  local function slots() return book.slots(c, org, single.slug, from, to) end

  it("begins with the organization and its services", function()
    local r = c:get(book.public .. "/org/" .. org.slug)
    assert.equal(200, r.status)
    assert.equal(org.id, r:json().organization.id)
    assert.equal(org.slug, r:json().organization.slug)
    assert.equal(#org.services, #r:json().services)
    local service = r:json().services[1]
    for _, field in ipairs({ "key", "name", "slug", "duration", "price", "currency" }) do
      assert.not_nil(service[field], field)
    end
  end)

  it("is offered slots in order, each with its host", function()
    local list = slots()
    assert.is_true(#list > 10)
    for i, slot in ipairs(list) do
      assert.truthy(slot.startsAt:find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"))
      assert.is_true(slot.startsAt >= from and slot.startsAt < to)
      assert.is_true(i == 1 or list[i - 1].startsAt <= slot.startsAt)
      assert.same({ 1, 1 }, { slot.capacity, slot.availableCapacity })
      assert.equal(slot.hostId, slot.host.id)
      assert.equal(single.service.key, slot.serviceId)
    end
  end)

  it("names the same instants in every time zone", function()
    local here = slots()
    local there = book.slots(c, org, single.slug, from, to, { timezone = "Asia/Kathmandu" })
    assert.equal(#here, #there)
    for i, slot in ipairs(there) do
      assert.equal(here[i].startsAt, slot.startsAt)
      assert.equal("Asia/Kathmandu", slot.timezone)
    end
  end)

  it("is made, refused to the next, and found by its number", function()
    local slot = slots()[1]
    local r = book.create(c, org, single.slug, slot)
    assert.equal(201, r.status, r.body)
    local made = r:json().booking
    assert.truthy(made.id:find("^book_[0-9a-hjkmnp-tv-z]+$"))
    assert.equal(made.id:upper(), made.confirmation_number)
    assert.same({ "confirmed", slot.startsAt, slot.endsAt }, { made.status, made.start_at, made.end_at })

    local again = book.create(c, org, single.slug, slot)
    assert.same({ 409, "conflict_error" }, { again.status, again:json().type })
    local others = again:json().alternatives
    assert.equal(3, #others)
    for _, other in ipairs(others) do
      assert.is_false(other.startsAt == slot.startsAt and other.hostId == slot.hostId)
    end

    local found = anyone:get(book.confirmation(made.confirmation_number:lower()))
    assert.equal(200, found.status)
    local full = found:json().booking
    for field, value in pairs(made) do assert.same(value, full[field], field) end
    assert.same({ org.slug, single.service.key, book.ada.email, "America/New_York" },
      { full.organization_slug, full.service_id, full.contact.email, full.timezone })
  end)

  it("gives its slot back, exactly, when it is canceled", function()
    local before = slots()
    local slot = before[5]
    local made = book.create(c, org, single.slug, slot):json().booking
    for _, left in ipairs(slots()) do
      assert.is_false(left.startsAt == slot.startsAt and left.hostId == slot.hostId)
    end
    local r = anyone:post(book.confirmation(made.confirmation_number, "/cancel"))
    assert.same({ 200, "canceled" }, { r.status, r:json().booking.status })
    assert.same(before, (slots()))
    local twice = anyone:post(book.confirmation(made.confirmation_number, "/cancel"))
    assert.same({ 422, "already_canceled" }, { twice.status, twice:json().violations[1].code })
  end)

  it("moves in one step, and stays when it cannot", function()
    local list = slots()
    local made = book.create(c, org, single.slug, list[3]):json().booking
    local path = book.confirmation(made.confirmation_number, "/reschedule")
    local target = list[#list]
    local r = anyone:post(path, { start_at = target.startsAt, end_at = target.endsAt })
    assert.equal(200, r.status, r.body)
    local moved = r:json().booking
    assert.same({ made.id, made.confirmation_number, target.startsAt },
      { moved.id, moved.confirmation_number, moved.start_at })
    assert.equal(list[3].startsAt, slots()[3].startsAt)

    for _, slot in ipairs(slots()) do -- everybody is taken at one start
      if slot.startsAt == list[1].startsAt then book.create(c, org, single.slug, slot) end
    end
    local taken = anyone:post(path, { start_at = list[1].startsAt, end_at = list[1].endsAt })
    assert.equal(409, taken.status)
    local still = anyone:get(book.confirmation(made.confirmation_number)):json().booking
    assert.equal(target.startsAt, still.start_at)
  end)

  it("is offered its own slot among those it may move to", function()
    local list = slots()
    local slot = list[8]
    local made = book.create(c, org, single.slug, slot):json().booking
    local r = anyone:get(book.confirmation(made.confirmation_number, "/availability")
      .. "&from=" .. from .. "&to=" .. to)
    assert.equal(200, r.status, r.body)
    local own = false
    for _, left in ipairs(r:json().slots) do
      own = own or (left.startsAt == slot.startsAt and left.hostId == slot.hostId)
    end
    assert.is_true(own)
  end)

  it("opens to its contact alone", function()
    local made = book.create(c, org, single.slug, slots()[10]):json().booking
    local function ask(contact)
      return anyone:get(book.confirmation(made.confirmation_number, "", contact)).status
    end
    assert.equal(200, ask("  ADA@Example.com "))
    assert.equal(200, ask("+12125550100"))
    assert.equal(200, ask(" 1 212 555 0100"))
    assert.equal(403, ask("212 555 0100"))
    assert.equal(403, ask("bob@example.com"))
    assert.equal(400, ask("12345"))
    assert.equal(404, anyone:get(book.confirmation("BOOK_" .. ("0"):rep(26))).status)
    assert.equal(400, anyone:get(book.public .. "/bookings/confirmation/"
      .. made.confirmation_number).status)
  end)

  it("comes with a calendar file that follows it", function()
    local r = book.create(c, org, single.slug, slots()[12]):json()
    local path = r.calendar_invite.ics_url:match("^https?://[^/]+(/.*)$")
    local function ics()
      local file = anyone:get(path)
      assert.equal(200, file.status)
      assert.truthy(file.headers["content-type"]:find("^text/calendar"))
      for line in file.body:gmatch("(.-)\r\n") do assert.is_true(#line <= 75) end
      return file.body
    end
    local text = ics()
    local start = r.booking.start_at:gsub("[-:]", "")
    assert.truthy(text:find("DTSTART:" .. start, 1, true))
    anyone:post(book.confirmation(r.booking.confirmation_number, "/cancel"))
    local after = ics()
    assert.equal(text:match("UID:[^\r]*"), after:match("UID:[^\r]*"))
    assert.truthy(after:find("STATUS:CANCELLED", 1, true))
    assert.is_true(tonumber(text:match("SEQUENCE:(%d+)")) < tonumber(after:match("SEQUENCE:(%d+)")))
    assert.equal(404, anyone:get((path:gsub("[^/]%.ics$", "-.ics"))).status)
  end)
end)
