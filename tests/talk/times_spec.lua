-- Instants on the wire: how they are written, rounded and bounded.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local http = require("tests.talk.support.http")

describe("a time", function()
  local s, org, c
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    sql.change(s, book.monday, sql.open('[["00:00","24:00"]]',
      "slot_interval_minutes = 1, duration_minutes = 1, minimum_notice_minutes = 0"))
  end)
  teardown(function() s:stop() end)

  local function ask(from, to, more)
    return c:get(book.public .. "/availability?org_slug=" .. org.slug
      .. "&service_slug=consultation&from=" .. from .. "&to=" .. to .. (more or ""))
  end
  local function starts(...)
    local r, list = ask(...), {}
    assert.equal(200, r.status, r.body)
    for i, slot in ipairs(r:json().slots) do list[i] = slot.startsAt:sub(12, 19) end
    return list
  end
  local function create(starts_at, ends_at)
    return book.create(c, org, "consultation", { startsAt = starts_at, endsAt = ends_at })
  end

  it("belongs to a list from its beginning, before its end", function()
    assert.same({ "15:00:00", "15:01:00" }, starts("2031-06-05T15:00:00Z", "2031-06-05T15:02:00Z"))
    assert.same({ "15:01:00" }, starts("2031-06-05T15:00:01Z", "2031-06-05T15:01:01Z"))
  end)

  it("of a range has its fraction rounded up", function()
    assert.same({ "15:01:00" }, starts("2031-06-05T15:00:00.001Z", "2031-06-05T15:02:00.000Z"))
    assert.same({ "15:00:00", "15:01:00" },
      starts("2031-06-05T14:59:59.999999999Z", "2031-06-05T15:01:00.1Z"))
    assert.equal(400, ask("2031-06-05T15:00:00.2Z", "2031-06-05T15:00:00.9Z").status)
    assert.equal(200, ask("2031-06-05T15:00:00Z", "2031-06-05T15:00:00.9Z").status)
  end)

  it("may have any offset, and its plus may have become a blank", function()
    local utc = starts("2031-06-05T15:00:00Z", "2031-06-05T15:05:00Z")
    for _, pair in ipairs({ { "2031-06-05T20:30:00%2B05:30", "2031-06-05T20:35:00%2B05:30" },
      { "2031-06-05T20:30:00+05:30", "2031-06-05T20:35:00+05:30" },
      { "2031-06-05T20:30:00.0+05:30", "2031-06-05T11:05:00.0-04:00" },
      { "2031-06-06T14:59:00%2B23:59", "2031-06-04T15:06:00-23:59" },
      { "2031-06-05t15:00:00z", "2031-06-05T15:05:00-00:00" } }) do
      assert.same(utc, starts(pair[1], pair[2]), pair[1])
    end
  end)

  it("of a booking is whole seconds, and zero fractions are", function()
    for _, pair in ipairs({ { "2031-06-05T15:00:00.5Z", "2031-06-05T15:01:00.5Z" },
      { "2031-06-05T15:00:00Z", "2031-06-05T15:01:00.001Z" } }) do
      local r = create(pair[1], pair[2])
      assert.same({ 422, "off_grid" }, { r.status, r:json().violations[1].code }, r.body)
    end
    local r = create("2031-06-05T15:00:00.000Z", "2031-06-05T17:01:00.000000+02:00")
    assert.equal(201, r.status, r.body)
    assert.same({ "2031-06-05T15:00:00Z", "2031-06-05T15:01:00Z" },
      { r:json().booking.start_at, r:json().booking.end_at })
  end)

  it("may lie as far away as it can be written", function()
    for _, year in ipairs({ "0001-01-01", "0001-01-04", "1582-10-10", "1969-12-31", "1900-02-28" }) do
      local r = create(year .. "T00:00:00Z", year .. "T00:01:00Z")
      assert.same({ 422, "in_the_past" }, { r.status, r:json().violations[1].code }, r.body)
      assert.same({}, starts(year .. "T00:00:00Z", year .. "T23:59:59Z"))
    end
    for _, year in ipairs({ "2038-01-19", "2106-02-08", "9999-12-27", "9999-12-31" }) do
      local r = create(year .. "T23:58:00Z", year .. "T23:59:00Z")
      assert.same({ 422, "too_far" }, { r.status, r:json().violations[1].code }, r.body)
      assert.same({}, starts(year .. "T00:00:00Z", year .. "T23:59:59.9Z"))
    end
  end)

  it("of a range ends at most 62 days later", function()
    local more = "&partySize=2" -- of a service for one: nothing is listed
    assert.same({}, starts("2031-06-05T00:00:00Z", "2031-08-06T00:00:00Z", more))
    for _, to in ipairs({ "2031-08-06T00:00:01Z", "2031-08-06T00:00:00.1Z", "9999-12-31T23:59:59Z" }) do
      local r = ask("2031-06-05T00:00:00Z", to, more)
      assert.equal(400, r.status)
      assert.truthy(r:json().detail:find("62 days", 1, true))
    end
  end)

  it("is listed with at most 9,999 others", function()
    local r = ask("2031-06-06T00:00:00Z", "2031-06-12T22:40:00Z") -- 10,000 minutes
    assert.same({ 200, 10000 }, { r.status, r.status == 200 and #r:json().slots })
    r = ask("2031-06-06T00:00:00Z", "2031-06-12T22:41:00Z")
    assert.same({ 400, "validation_error" }, { r.status, r:json().type })
    assert.truthy(r:json().detail:find("shorter", 1, true))
    assert.equal(400, ask("2031-06-06T00:00:00Z", "2031-08-06T00:00:00Z").status)
  end)

  it("zone is echoed and moves nothing", function()
    local from, to = "2031-06-05T20:00:00Z", "2031-06-06T08:00:00Z"
    local here = starts(from, to)
    assert.equal(720, #here)
    for _, zone in ipairs({ "UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Niue",
      "America/St_Johns", "Etc/GMT+12" }) do
      local r = ask(from, to, "&timezone=" .. http.escape(zone)):json().slots
      assert.equal(zone, r[1].timezone)
      for i, slot in ipairs(r) do assert.equal(here[i], slot.startsAt:sub(12, 19)) end
      assert.equal(#here, #r)
    end
  end)
end)
