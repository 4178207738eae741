-- At the ends of what can be written, years 1 and 9999: rules answer there as anywhere.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

describe("a time far away", function()
  local s, org, desk, host
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:organization("far")
    desk = desks.of(org)
    host = desk:post("/hosts", { displayName = "Ada", timezone = "UTC" }).host.id
  end)
  teardown(function() s:stop() end)

  local function service(slug, zone, more)
    local body = { name = slug, slug = slug, duration = 30, host_ids = { host },
      calendarSettings = { timezone = zone } }
    for name, value in pairs(more or {}) do body[name] = value end
    desk:post("/services", body)
    desk:put("/schedules/service/" .. slug, book.always(zone))
  end
  local function create(slug, starts_at, ends_at)
    return desk.client:post(book.prefix .. "/bookings", { service_slug = slug, starts_at = starts_at,
      ends_at = ends_at, timezone = "UTC", contact = book.ada })
  end
  local function explain(slug, at)
    return desk.client:get(book.prefix .. "/availability/explain"
      .. http.query({ service_slug = slug, at = at }))
  end

  it("breaks no limit of days, weeks and months", function()
    for i, zone in ipairs({ "Pacific/Kiritimati", "Pacific/Niue", "UTC" }) do
      local slug = "limited-" .. i
      service(slug, zone, { limits = { per_day = 2, minutes_per_week = 90, per_month = 4,
        per_host = { per_month = 5 }, per_contact = { per_week = 5 } } })
      for _, pair in ipairs({ { "9999-12-31T11:00:00Z", "9999-12-31T11:30:00Z" },
        { "9999-12-31T23:00:00Z", "9999-12-31T23:30:00Z" },
        { "0001-01-01T00:00:00Z", "0001-01-01T00:30:00Z" } }) do
        local r = create(slug, pair[1], pair[2])
        assert.is_true(r.status == 422 or r.status == 201 and pair[1] > book.monday, r.body)
      end
    end
  end)

  it("is explained, or is none that a calendar has", function()
    service("plain", "UTC")
    for _, at in ipairs({ "0001-01-01T00:00:00Z", "0001-01-02T23:59:59Z", "9999-12-31T23:59:59Z",
      "9999-12-30T23:30:01Z", "9999-12-31T23:59:59.9Z" }) do
      local r = explain("plain", at)
      assert.same({ 400, "validation_error" }, { r.status, r:json().type }, at)
      assert.truthy(r:json().detail:find("^at "), r.body)
    end
    for at, status in pairs({ ["0001-01-03T00:00:00Z"] = 422, ["9999-12-30T23:30:00Z"] = 201 }) do
      local r = explain("plain", at)
      assert.same({ 200, status }, { r.status, r:json().verdict.status }, r.body)
    end
    assert.equal(201, create("plain", "9999-12-30T23:30:00Z", "9999-12-31T00:00:00Z").status)
  end)

  it("can be one to be away at, and stands in pages", function()
    local path = "/hosts/" .. host .. "/time-off"
    local ids = {}
    for i, year in ipairs({ "0001", "1900", "1960", "1969", "9999" }) do
      ids[i] = desk:post(path, { start_at = year .. "-12-31T00:00:00Z",
        end_at = year .. "-12-31T23:59:59.9Z" }).time_off.id
    end
    local seen = {}
    for i, one in ipairs((desk:pages(path, "time_off", 1))) do seen[i] = one.id end
    assert.same(ids, seen)
    assert.equal("9999-12-31T23:59:59Z", desk:get(path .. "?from=9999-01-01T00:00:00Z").time_off[1].end_at)
    desk:fails(400, "POST", path, { start_at = "9999-12-31T23:59:59Z", end_at = "9999-12-31T23:59:59.9Z" })
  end)
end)
