-- The three routes a client may keep an answer of: 304 as long as nothing changed, for whom it
-- was, and never for free.

local socket = require("socket")
local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")
local sql = require("tests.talk.support.sql")

describe("a kept answer", function()
  local s, org, other, c, routes
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org, other = s:demo(), s:organization("elsewhere")
    c = org.client
    local base = book.public .. "/org/" .. org.slug
    routes = { base, base .. "/service/consultation",
      book.public .. "/availability" .. http.query({ org_slug = org.slug, service_slug = "consultation",
        from = book.day(3), to = book.day(5) }) }
  end)
  teardown(function() s:stop() end)

  local function get(path, etag, who) return (who or c):get(path, nil, { ["If-None-Match"] = etag }) end
  local function tags()
    local list = {}
    for i, path in ipairs(routes) do
      local r = get(path)
      assert.equal(200, r.status, r.body)
      assert.truthy(r.headers.etag:find('^"%x+"$'))
      assert.equal("private, no-cache", r.headers["cache-control"])
      list[i] = r.headers.etag
    end
    return list
  end
  local function still(list, status)
    for i, path in ipairs(routes) do assert.equal(status, get(path, list[i]).status, path) end
  end

  it("is good while nothing changes, in every form of the header", function()
    local list = tags()
    assert.same(list, tags())
    for i, path in ipairs(routes) do
      for _, form in ipairs({ list[i], "W/" .. list[i], '"x", ' .. list[i], list[i] .. ' , W/"y"' }) do
        local r = get(path, form)
        assert.same({ 304, "", list[i], "private, no-cache" },
          { r.status, r.body, r.headers.etag, r.headers["cache-control"] }, form)
      end
      for _, form in ipairs({ '"x"', list[i]:upper() .. "x", list[i]:sub(2, -2), "", '"' }) do
        assert.equal(200, get(path, form).status, form)
      end
      assert.equal(304, c:request({ method = "HEAD", path = path,
        headers = { ["If-None-Match"] = list[i] } }).status)
    end
  end)

  it("is charged as if it were whole", function()
    local list = tags()
    local function left(r) return tonumber(r.headers["x-ratelimit-remaining"]) end
    local before = left(get(routes[1]))
    assert.equal(before - 1, left(get(routes[1], list[1])))
    assert.equal(before - 2, left(get(routes[3], list[3])))
    local peek = c:with({ ["x-organization-id"] = org.id }):get(book.prefix .. "/rate-limit")
    assert.equal(before - 2, left(peek))
  end)

  -- Each request is counted, which is written down a second later, and is no change to anybody.
  it("is good while the server keeps its books", function()
    local function counted()
      return tonumber((sql.read(s, "SELECT COALESCE(SUM(n), 0) FROM usage")))
    end
    s:advance(5) -- a start at this second is over in the next one
    local list, before, patience = tags(), counted(), socket.gettime() + 30
    still(list, 304)
    s:advance(2)
    repeat
      socket.sleep(0.05)
      assert(socket.gettime() < patience, "no use was written down")
    until counted() > before
    still(list, 304)
  end)

  it("is stale after a booking, a move, a cancel and a minute", function()
    local list = tags()
    local slots = book.slots(c, org, "consultation", book.day(3), book.day(5))
    local number = book.create(c, org, "consultation", slots[1]):json().booking.confirmation_number
    still(list, 200)
    list = tags()
    assert.equal(200, c:post(book.confirmation(number, "/reschedule"),
      { start_at = slots[9].startsAt, end_at = slots[9].endsAt }).status)
    still(list, 200)
    list = tags()
    assert.equal(200, c:post(book.confirmation(number, "/cancel")).status)
    still(list, 200)
    list = tags()
    s:advance(60)
    still(list, 200)
  end)

  -- The same question about slots, again with the tag of the answer before: never 304 when the
  -- answer is another by now.
  local function slots_of(day)
    local path = book.public .. "/availability" .. http.query({ org_slug = org.slug,
      service_slug = "consultation", from = book.day(day), to = book.day(day + 1) })
    local etag, body = nil, nil
    return function()
      local r, whole = get(path, etag), get(path)
      assert.equal(whole.body == body and 304 or 200, r.status)
      etag, body = whole.headers.etag, whole.body
      return r.status
    end
  end

  it("is stale the second in which a hold runs out, and not before", function()
    s:freeze("2031-06-02T13:10:20Z")
    local slot = book.slots(c, org, "consultation", book.day(3), book.day(4))[1]
    local desk = c:with({ ["x-organization-id"] = org.id })
    local function hold(minutes)
      assert.equal(201, desk:post(book.prefix .. "/holds", { service_slug = "consultation",
        starts_at = slot.startsAt, ends_at = slot.endsAt, host_id = slot.hostId,
        ttl_minutes = minutes }).status)
    end
    hold(2)
    local ask = slots_of(3)
    s:freeze("2031-06-02T13:12:05Z")
    assert.equal(200, ask())
    for _, case in ipairs({ { 10, 304 }, { 4, 304 }, { 1, 200 }, { 1, 304 }, { 38, 304 } }) do
      s:advance(case[1])
      assert.equal(case[2], ask(), case[1])
    end
    s:freeze(book.monday)
  end)

  it("is stale one second after a start", function()
    local first = book.slots(c, org, "consultation", book.day(0), book.day(1))[1].startsAt
    local settings = { minimum_notice_minutes = 0 }
    local desk = c:with({ ["x-organization-id"] = org.id })
    assert.equal(200, desk:patch(book.prefix .. "/services/consultation", settings).status)
    s:freeze(first)
    local ask = slots_of(0)
    assert.equal(200, ask())
    assert.equal(304, ask())
    s:advance(1)
    assert.equal(200, ask())
    s:advance(58)
    assert.equal(304, ask())
    s:freeze(book.monday)
  end)

  it("is stale after a restart: the rules may be others", function()
    local list = tags()
    s:restart()
    s:freeze(book.monday)
    still(list, 200)
  end)

  it("belongs to one question and one caller's organization", function()
    local list = tags()
    for i, path in ipairs(routes) do
      assert.equal(200, get(path, list[i % 3 + 1]).status)
      local r = get(path, list[i], other.client)
      assert.same({ 403, nil }, { r.status, r.headers.etag })
      assert.equal(401, get(path, list[i], s:client()).status)
    end
    assert.equal(200, get(routes[3] .. "&timezone=UTC", list[3]).status)
    local second = s:client({ ["x-kordless-key"] = s:key(org.slug, "second").key })
    list = tags()
    assert.equal(304, get(routes[1], list[1], second).status)
  end)

  it("is made of nothing but good answers", function()
    for _, path in ipairs({ routes[1] .. "x", routes[2] .. "x", routes[3] .. "&partySize=0" }) do
      local r = get(path)
      assert.is_true(r.status >= 400)
      assert.same({ nil, "no-store" }, { r.headers.etag, r.headers["cache-control"] })
    end
    local slots = book.slots(c, org, "consultation", book.day(3), book.day(5))
    local made = book.create(c, org, "consultation", slots[1])
    assert.is_nil(made.headers.etag)
    assert.is_nil(c:get(book.confirmation(made:json().booking.id)).headers.etag)
  end)
end)
