-- What a booking may not be: fields, rules, and who may ask for whom.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")

describe("a booking is refused", function()
  local s, org, other, c, single, group, slot
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    other = s:organization("elsewhere")
    c = org.client
    single, group = book.services(c, org)
    slot = book.slots(c, org, single.slug, book.day(3), book.day(6))[1]
  end)
  teardown(function() s:stop() end)

  local function try(more) return book.create(c, org, single.slug, slot, more) end

  local function breaks(code, more)
    local r = try(more)
    assert.same({ 422, "unprocessable_error" }, { r.status, r:json().type }, r.body)
    local codes = {}
    for _, violation in ipairs(r:json().violations) do codes[violation.code] = violation.message end
    assert.is_string(codes[code], r.body)
  end

  local function invalid(field, more)
    local r = try(more)
    assert.same({ 400, "validation_error" }, { r.status, r:json().type }, r.body)
    assert.truthy(r:json().detail:find(field, 1, true), r.body)
  end

  it("for fields that are missing or make no sense, all named at once", function()
    invalid("starts_at", { starts_at = "2031-06-05" })
    invalid("starts_at", { starts_at = "2031-06-05T13:00:00" })
    invalid("starts_at", { starts_at = "2031-06-05T13:00:60Z" })
    invalid("contact", { contact = "ada" })
    invalid("email", { contact = { name = "Ada", email = "nobody" } })
    invalid("party_size", { party_size = 0 })
    invalid("timezone", { timezone = "Mars/Olympus" })
    local r = c:post(book.public .. "/bookings", { org_slug = org.slug })
    assert.equal(400, r.status)
    for _, field in ipairs({ "service_slug", "starts_at", "ends_at", "contact" }) do
      assert.truthy(r:json().detail:find(field, 1, true), field)
    end
    for _, text in ipairs({ "", "[]", "{", "{\"a\":1,}", "nul" }) do
      local answer = c:post(book.public .. "/bookings", text, { ["Content-Type"] = "application/json" })
      assert.equal(400, answer.status, text)
    end
  end)

  it("by the rules, each with a word for it", function()
    breaks("in_the_past", { starts_at = book.day(-3), ends_at = book.day(-3, slot.endsAt) })
    breaks("wrong_duration", { ends_at = slot.startsAt:gsub("T(%d%d)", "T23") })
    breaks("too_far", { starts_at = book.day(700, slot.startsAt), ends_at = book.day(700, slot.endsAt) })
    breaks("off_grid", { starts_at = slot.startsAt:gsub(":00Z", ":01Z"),
      ends_at = slot.endsAt:gsub(":00Z", ":01Z") })
    breaks("off_grid", { starts_at = slot.startsAt:gsub("Z", ".5Z"), ends_at = slot.endsAt })
    breaks("outside_hours", { starts_at = slot.startsAt:gsub("T%d%d", "T07"),
      ends_at = slot.endsAt:gsub("T%d%d", "T07") })
    breaks("party_too_large", { party_size = 2 })
  end)

  it("when the group is too large for the class", function()
    local class = book.slots(c, org, group.slug, book.day(1), book.day(14))[1]
    local capacity = group.settings.max_parallel_bookings
    assert.equal(capacity, class.capacity)
    local r = book.create(c, org, group.slug, class, { party_size = capacity + 1 })
    assert.equal(422, r.status)
    assert.equal(201, book.create(c, org, group.slug, class, { party_size = capacity - 1 }).status)
    local left = book.slots(c, org, group.slug, class.startsAt, class.endsAt)[1]
    assert.equal(1, left.availableCapacity)
    assert.equal(409, book.create(c, org, group.slug, class, { party_size = 2 }).status)
    local for_two = book.slots(c, org, group.slug, class.startsAt, class.endsAt, { partySize = 2 })
    for _, found in ipairs(for_two) do
      assert.is_false(found.startsAt == class.startsAt and found.hostId == class.hostId)
    end
  end)

  it("to the key of another organization", function()
    local r = book.create(other.client, org, single.slug, slot)
    assert.same({ 403, "permission_error" }, { r.status, r:json().type })
    assert.equal(404, book.create(other.client, { slug = "nobody" }, single.slug, slot).status)
    assert.equal(403, other.client:get(book.public .. "/org/" .. org.slug).status)
    assert.equal(404, other.client:get(book.public .. "/org/nobody").status)
    assert.equal(404, c:get(book.public .. "/org/" .. org.slug .. "/service/none").status)
  end)

  it("and a question about slots too, when it is none", function()
    local function ask(query)
      return c:get(book.public .. "/availability?org_slug=" .. org.slug .. "&service_slug="
        .. single.slug .. query)
    end
    local from, to = book.day(1), book.day(2)
    assert.equal(200, ask("&from=" .. from .. "&to=" .. to).status)
    assert.equal(400, ask("&from=" .. to .. "&to=" .. from).status)
    assert.equal(400, ask("&from=" .. from .. "&to=" .. from).status)
    assert.equal(400, ask("&from=" .. from .. "&to=" .. book.day(64)).status)
    assert.equal(400, ask("&from=2031-06-03&to=" .. to).status)
    assert.equal(400, ask("&from=" .. from).status)
    assert.equal(400, ask("&from=" .. from .. "&to=" .. to .. "&from=" .. from).status)
    assert.equal(400, ask("&from=" .. from .. "&to=" .. to .. "&timezone=Nowhere").status)
    assert.equal(200, ask("&from=2031-06-03T09:00:00 04:00&to=" .. to):json() and 200)
    assert.same({}, ask("&from=" .. book.day(-9) .. "&to=" .. book.day(-8)):json().slots)
  end)
end)
