-- Who may see and change a booking without a key: its contact, and how often one may guess.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")

describe("a contact", function()
  local s, org, c, anyone, other, slots
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    other = s:organization("elsewhere").client
    c, anyone = org.client, s:client()
    slots = book.slots(c, org, "consultation", book.day(3), book.day(6))
  end)
  before_each(function() s:advance(60) end) -- each test has its minute
  teardown(function() s:stop() end)

  local function made(contact)
    local slot = table.remove(slots)
    local r = book.create(c, org, "consultation", slot, { contact = contact })
    assert.equal(201, r.status, r.body)
    return r:json().booking.confirmation_number
  end
  local function path(number, raw, tail)
    return book.public .. "/bookings/confirmation/" .. number .. (tail or "") .. "?contact=" .. raw
  end
  local function asks(number, raw) return c:get(path(number, raw)).status end

  it("is an address without case and blanks around it", function()
    local number = made({ name = "Ada", email = "  Ada+Salon@Example.COM " })
    for _, raw in ipairs({ "ada%2Bsalon@example.com", "ADA%2BSALON@EXAMPLE.COM", "ada+salon@example.com",
      "%20%09ada%2Bsalon@example.com%0A", "ada%2Bsalon%40example.com" }) do
      assert.equal(200, asks(number, raw), raw)
    end
    for _, raw in ipairs({ "ada@example.com", "ada%2Bsalon@example.co", "a@", "@", "adasalon@example.com",
      "ada%2Bsalon@example.com@", "1234567" }) do
      assert.equal(403, asks(number, raw), raw)
    end
  end)

  it("is all digits of a number, however it is written", function()
    local number = made({ name = "Ada", phone = "+49 (0)30 / 123-456" })
    for _, raw in ipairs({ "+49030123456", "%2B49030123456", "49 030 123 456", "49-030-123-456",
      "tel:49030123456" }) do
      assert.equal(200, asks(number, (raw:gsub(" ", "%%20"))), raw)
    end
    for _, raw in ipairs({ "030123456", "4930123456", "490301234567", "49030123457", "ada@example.com" }) do
      assert.equal(403, asks(number, raw), raw)
    end
    for _, raw in ipairs({ "", "12345", "1-2-3-4-5", "1234567890123456", "ada", "%2B" }) do
      assert.equal(400, asks(number, raw), raw)
    end
  end)

  it("that was not given matches nothing", function()
    local mail = made({ name = "A", email = "a@b", phone = "" })
    local phone = made({ name = "A", phone = "123456" })
    assert.same({ 200, 403 }, { asks(mail, "a@b"), asks(mail, "123456") })
    assert.same({ 200, 403 }, { asks(phone, "123456"), asks(phone, "a@b") })
  end)

  it("needs a number that there is, in either case", function()
    local number = made({ name = "A", email = "a@b" })
    assert.equal(200, asks(number:lower(), "a@b"))
    assert.equal(200, asks("Book" .. number:sub(5), "a@b"))
    for _, bad in ipairs({ "book_" .. ("0"):rep(26), "x", number:sub(6), number .. "0", "%27",
      "srv_" .. number:sub(6), ("9"):rep(400) }) do
      local r = c:get(path(bad, "a@b"))
      assert.same({ 404, "not_found" }, { r.status, r:json().type }, bad)
    end
  end)

  it("that is wrong changes nothing", function()
    local number = made({ name = "A", email = "a@b" })
    local slot = slots[1]
    assert.equal(403, c:post(path(number, "b@b", "/cancel")).status)
    assert.equal(403, c:post(path(number, "b@b", "/reschedule"),
      { start_at = slot.startsAt, end_at = slot.endsAt }).status)
    assert.equal(403, c:get(path(number, "b@b", "/availability") .. "&from=" .. book.day(1)
      .. "&to=" .. book.day(2)).status)
    assert.equal("confirmed", c:get(path(number, "a@b")):json().booking.status)
  end)

  it("may be wrong ten times a minute from one address", function()
    local number, fine = made({ name = "A", email = "a@b" }), made({ name = "B", email = "b@b" })
    for i = 1, 5 do assert.equal(403, anyone:get(path(number, i .. "@x")).status) end
    for i = 1, 5 do assert.equal(404, anyone:get(path("book_" .. i, "a@b")).status) end
    local r = anyone:get(path(fine, "b@b"))
    assert.same({ 429, "rate_limit_error" }, { r.status, r:json().type })
    assert.equal(200, c:get(path(fine, "b@b")).status) -- a key of the organization
    s:advance(tonumber(r.headers["retry-after"]))
    assert.equal(200, anyone:get(path(fine, "b@b")).status)
  end)

  it("may be wrong ten times a minute for one booking, whoever asks", function()
    local number = made({ name = "A", email = "a@b" })
    for i = 1, 10 do
      assert.equal(403, c:get(path(i % 2 == 0 and number or number:lower(), i .. "@x")).status)
    end
    local r = anyone:get(path(number, "a@b"))
    assert.equal(429, r.status)
    assert.equal(200, c:get(path(number, "a@b")).status)
    assert.equal(404, anyone:get(path("book_x", "a@b")).status) -- of the address nothing was counted
    s:advance(tonumber(r.headers["retry-after"]) - 1)
    assert.equal(429, anyone:get(path(number, "a@b")).status)
    s:advance(1)
    assert.equal(200, anyone:get(path(number, "a@b")).status)
  end)

  it("may ask 120 times a minute", function()
    local number = made({ name = "A", email = "a@b" })
    for _ = 1, 120 do assert.equal(200, anyone:get(path(number, "a@b")).status) end
    assert.equal(429, anyone:get(path(number, "a@b")).status)
    assert.equal(429, anyone:post(path(number, "a@b", "/cancel")).status)
    assert.equal("confirmed", c:get(path(number, "a@b")):json().booking.status)
  end)

  it("cannot be guessed with the key of another organization", function()
    local number = made({ name = "A", email = "a@b" })
    for _, raw in ipairs({ "a@b", "b@b" }) do
      local r = other:get(path(number, raw))
      assert.same({ 403, "wrong_organization" }, { r.status, r:json().code })
    end
    assert.equal(403, other:post(path(number, "a@b", "/cancel")).status)
    assert.equal(200, s:client({ ["x-kordless-key"] = "kord_live_x" }):get(path(number, "a@b")).status)
  end)
end)
