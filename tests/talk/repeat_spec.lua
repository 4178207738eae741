-- What an Idempotency-Key keeps and what it does not, for whom, and for how long.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local http = require("tests.talk.support.http")

describe("a request that is repeated", function()
  local s, org, c, slots
  setup(function()
    s = server.start({ workers = 2, scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    slots = book.slots(c, org, "consultation", book.day(3), book.day(14))
  end)
  teardown(function() s:stop() end)

  local function create(key, slot, more, who)
    return book.create(who or c, org, "consultation", slot, more, { ["Idempotency-Key"] = key })
  end
  local function replayed(r) return r.headers["idempotent-replayed"] == "true" end
  local function free() return table.remove(slots) end

  it("thirty-two times at once makes one booking, whatever the worker", function()
    for round = 1, 4 do
      local anyone = free()
      anyone = { startsAt = anyone.startsAt, endsAt = anyone.endsAt } -- there would be room for more
      local bytes = c:bytes({ method = "POST", path = book.public .. "/bookings",
        headers = { ["Idempotency-Key"] = "crowd " .. round },
        body = book.body(org, "consultation", anyone) })
      local list, ids = {}, {}
      for i = 1, 32 do list[i] = bytes end
      for _, r in ipairs(client.many(s, list)) do
        if r.status == 201 then
          ids[r:json().booking.id] = true
        else
          assert.same({ 409, "idempotency_in_flight" }, { r.status, r:json().code }, r.body)
        end
      end
      local id = next(ids)
      assert.is_string(id)
      assert.is_nil(next(ids, id))
      local last = create("crowd " .. round, anyone)
      assert.same({ id, true }, { last:json().booking.id, replayed(last) })
    end
    assert.equal("4|4\n", sql.read(s,
      "SELECT (SELECT COUNT(*) FROM booking), (SELECT COUNT(*) FROM idempotency)"))
  end)

  it("has its answer from any key of the organization, over restarts", function()
    local slot = free()
    local first = create("desk", slot)
    local refused = create("too many", slot, { party_size = 3 })
    assert.same({ 201, 422 }, { first.status, refused.status })
    local second = s:client({ ["x-kordless-key"] = s:key(org.slug, "second").key })
    for _, signal in ipairs({ "TERM", "KILL" }) do
      s:restart(signal)
      s:freeze(book.monday)
      local again = create("desk", slot, nil, second)
      assert.same({ 201, first.body, true }, { again.status, again.body, replayed(again) })
      assert.equal("application/json", again.headers["content-type"])
      assert.equal("no-store", again.headers["cache-control"])
      assert.is_false(first.headers["x-request-id"] == again.headers["x-request-id"])
      again = create("too many", slot, { party_size = 3 }, second)
      assert.same({ 422, refused.body, true }, { again.status, again.body, replayed(again) })
    end
  end)

  it("is charged each time", function()
    local slot = free()
    local one, two = create("charged", slot), create("charged", slot)
    assert.equal(one.headers["x-ratelimit-remaining"] - 1, two.headers["x-ratelimit-remaining"] + 0)
  end)

  it("is new after any answer but 201 and 422", function()
    local slot = free()
    assert.equal(400, create("late", slot, { timezone = "Nowhere" }).status)
    assert.equal(404, book.create(c, org, "nothing", slot, nil, { ["Idempotency-Key"] = "late" }).status)
    assert.equal(400, c:post(book.public .. "/bookings", "{", { ["Idempotency-Key"] = "late",
      ["Content-Type"] = "application/json" }).status)
    assert.equal(415, c:post(book.public .. "/bookings", "{}", { ["Idempotency-Key"] = "late" }).status)
    local number = book.create(c, org, "consultation", slot):json().booking.confirmation_number
    assert.equal(409, create("late", slot).status)
    c:post(book.confirmation(number, "/cancel"))
    local r = create("late", slot)
    assert.same({ 201, false }, { r.status, replayed(r) }, r.body)
  end)

  it("is the same only byte by byte", function()
    local slot = free()
    local body = http.json.encode(book.body(org, "consultation", slot))
    local function send(text)
      return c:post(book.public .. "/bookings", text, { ["Idempotency-Key"] = "bytes",
        ["Content-Type"] = "application/json" })
    end
    assert.equal(201, send(body).status)
    for _, text in ipairs({ body .. " ", " " .. body, body:gsub(",", ", ", 1), "{}", "" }) do
      local r = send(text)
      assert.same({ 422, "idempotency_mismatch" }, { r.status, r:json().code }, text)
    end
    assert.is_true(replayed(send(body)))
  end)

  it("has a key of 1 to 255 printable characters, of one value", function()
    local slot = free()
    local long = ("k~! "):rep(63) .. "end"
    assert.equal(201, create(long, slot).status)
    assert.is_true(replayed(create(long, slot)))
    for _, key in ipairs({ "", (" "):rep(3), long .. "x", "tab\tinside", "é", "\127" }) do
      local r = create(key, slot)
      assert.equal(400, r.status, key)
    end
    local twice = c:bytes({ method = "POST", path = book.public .. "/bookings",
      headers = { ["Idempotency-Key"] = "a\r\nIdempotency-Key: b" },
      body = book.body(org, "consultation", slot) })
    assert.equal(400, client.many(s, { twice })[1].status)
  end)

  it("is remembered for a day, to the second, a refusal too", function()
    local slot = free()
    assert.equal(201, create("day", slot).status)
    assert.equal(422, create("day off", slot, { party_size = 2 }).status)
    s:advance(24 * 3600 - 1)
    assert.is_true(replayed(create("day", slot)))
    assert.is_true(replayed(create("day off", slot, { party_size = 2 })))
    s:advance(1)
    local r = create("day", slot)
    assert.same({ 409, "slot_taken" }, { r.status, r:json().code })
    assert.equal(422, create("day off", slot, { party_size = 3 }).status)
    r = create("day", free()) -- the key is free for another body
    assert.equal(201, r.status, r.body)
    s:freeze(book.monday)
  end)

  it("means nothing on other routes", function()
    local number = book.create(c, org, "consultation", free()):json().booking.confirmation_number
    local headers = { ["Idempotency-Key"] = "cancel" }
    assert.equal(200, c:post(book.confirmation(number, "/cancel"), nil, headers).status)
    assert.equal(422, c:post(book.confirmation(number, "/cancel"), nil, headers).status)
  end)
end)
