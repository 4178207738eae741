-- The same Idempotency-Key gives one booking and one answer, at once and over restarts.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")

describe("an Idempotency-Key", function()
  local s, org, c, single
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    single = book.services(c, org)
  end)
  teardown(function() s:stop() end)

  local function slots() return book.slots(c, org, single.slug, book.day(3), book.day(6)) end
  local function create(key, slot, more)
    return book.create(c, org, single.slug, slot, more, { ["Idempotency-Key"] = key })
  end

  it("repeats the answer to the same body", function()
    local slot = slots()[1]
    local first, second = create("one", slot), create("one", slot)
    assert.same({ 201, 201 }, { first.status, second.status })
    assert.equal(first.body, second.body)
    assert.is_nil(first.headers["idempotent-replayed"])
    assert.equal("true", second.headers["idempotent-replayed"])
  end)

  it("refuses another body, and text that is no key", function()
    local r = create("one", slots()[1], { notes = "another" })
    assert.same({ 422, "unprocessable_error" }, { r.status, r:json().type })
    assert.equal(400, create(("k"):rep(256), slots()[1]).status)
    assert.equal(400, create("ü", slots()[1]).status)
  end)

  it("keeps a refusal by the rules too, but not one for a taken slot", function()
    local slot = slots()[1]
    local first = create("bad", slot, { party_size = 2 })
    assert.equal(422, first.status)
    assert.equal("true", create("bad", slot, { party_size = 2 }).headers["idempotent-replayed"])
    local taken = slots()[2]
    local made = book.create(c, org, single.slug, taken):json().booking
    assert.equal(409, create("late", taken).status)
    c:post(book.confirmation(made.confirmation_number, "/cancel"))
    assert.equal(201, create("late", taken).status)
  end)

  it("makes one booking of sixteen at once", function()
    local slot, list = slots()[3], {}
    for i = 1, 16 do
      list[i] = c:bytes({ method = "POST", path = book.public .. "/bookings",
        headers = { ["Idempotency-Key"] = "crowd" }, body = book.body(org, single.slug, slot) })
    end
    local ids, made, waiting = {}, 0, 0
    for _, r in ipairs(client.many(s, list)) do
      if r.status == 201 then
        ids[r:json().booking.id] = true
        made = made + 1
      else
        assert.same({ 409, "1" }, { r.status, r.headers["retry-after"] }, r.body)
        waiting = waiting + 1
      end
    end
    local id = next(ids)
    assert.is_nil(next(ids, id))
    assert.equal(16, made + waiting)
  end)

  it("is remembered over kill -9, and for 24 hours", function()
    local slot = slots()[4]
    local first = create("durable", slot)
    assert.equal(201, first.status)
    s:restart("KILL")
    s:freeze(book.monday)
    local again = create("durable", slot)
    assert.same({ first.body, "true" }, { again.body, again.headers["idempotent-replayed"] })
    s:advance(24 * 3600 + 1)
    assert.equal(409, create("durable", slot).status) -- a new request, for a taken slot
  end)

  it("belongs to one route and one organization", function()
    local slot = slots()[6]
    assert.equal(201, create("shared", slot).status)
    local body = book.body(org, single.slug, slots()[7])
    local r = c:with({ ["x-organization-id"] = org.id }):post(book.prefix .. "/bookings", body,
      { ["Idempotency-Key"] = "shared" })
    assert.equal(201, r.status, r.body)
    assert.is_nil(r.headers["idempotent-replayed"])
  end)
end)
