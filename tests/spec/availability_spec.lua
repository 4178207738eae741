package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")

local TUESDAY, WEDNESDAY = "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"

describe("the demo", function()
  local d
  before_each(function() d = demo.start() end)
  after_each(function() d:stop() end)

  it("gives an empty organization a catalogue, once", function()
    assert.equal(201, d.status)
    assert.same({ { slug = "consultation" }, { slug = "group-class" } }, d.made.services)
    assert.equal(3, #d.made.hosts)
    assert.equal("has_services", (d:call("services", "demo", { params = { id = "org_1" } })))
    assert.equal("not_found", (d:call("services", "demo", { params = { id = "org_9" } })))
  end)

  it("is shown with its services and their settings", function()
    local status, body = d:call("services", "organization", { params = { org_slug = "acme" } })
    assert.equal(200, status)
    assert.equal("Org acme", body.organization.name)
    assert.equal("consultation", body.services[1].slug)
    assert.equal(45, body.services[1].price)
    assert.equal(18.5, body.services[2].price)
    local _, one = d:call("services", "service",
      { params = { org_slug = "acme", service_slug = "group-class" } })
    assert.equal(8, one.calendarSettings.max_parallel_bookings)
    assert.equal(2, one.calendarSettings.cancellation_policy.noticeHours)
    assert.same({ type = "onsite", value = "Studio 2" }, one.calendarSettings.location)
  end)

  it("tells another's slug from one that is nobody's", function()
    d.server:organization("org_2", "other")
    local function get(slug, service)
      return (d:call("services", "service", { params = { org_slug = slug, service_slug = service } }))
    end
    assert.equal("wrong_organization", get("other", "consultation"))
    assert.equal("not_found", get("nobody", "consultation"))
    assert.equal("not_found", get("acme", "nothing"))
  end)

  it("cuts one day short, about thirty days ahead", function()
    local slots = d:list("2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z")
    assert.equal("2026-07-01T14:00:00Z", slots[1].startsAt)
    assert.equal("2026-07-01T18:00:00Z", slots[#slots].endsAt)
    local before = d:list("2026-06-24T00:00:00Z", "2026-06-25T00:00:00Z")
    assert.equal("2026-06-24T13:00:00Z", before[1].startsAt)
  end)
end)

describe("availability", function()
  local d
  before_each(function() d = demo.start() end)
  after_each(function() d:stop() end)

  it("lists one slot per start and host, sorted", function()
    local slots = d:list(TUESDAY, WEDNESDAY)
    assert.equal(2 * 14 + 14, #slots)
    for i = 2, #slots do
      local a, b = slots[i - 1], slots[i]
      assert.is_true(a.startsAt < b.startsAt or a.startsAt == b.startsAt and a.hostId < b.hostId)
    end
    assert.equal("consultation", slots[1].serviceId)
    assert.equal("America/New_York", slots[1].timezone)
    assert.equal("Ada Moreno", slots[1].host.displayName)
    assert.equal(1, slots[1].capacity)
  end)

  it("shows the zone asked for and changes nothing else by it", function()
    local slots, there = d:list(TUESDAY, WEDNESDAY),
      d:slots("consultation", TUESDAY, WEDNESDAY, { timezone = "Asia/Tokyo" })
    assert.equal("Asia/Tokyo", there[1].timezone)
    for i, slot in ipairs(there) do
      slot.timezone = slots[i].timezone
    end
    assert.same(slots, there)
  end)

  it("begins with notice and ends with the window", function()
    local slots = d:list("2026-06-01T00:00:00Z", "2026-06-01T16:00:00Z")
    assert.equal("2026-06-01T14:00:00Z", slots[1].startsAt) -- 13:00 now, an hour of notice
    assert.same({}, d:list("2026-09-01T00:00:00Z", "2026-09-05T00:00:00Z"))
    assert.same({}, d:list("2026-05-01T00:00:00Z", "2026-05-05T00:00:00Z"))
  end)

  it("ends with the window to the second, as bookings do", function()
    local slot = d:list(TUESDAY, WEDNESDAY)[1]
    d.server.now = demo.at(slot.startsAt) - 90 * 86400 - 1
    assert.same({}, d:list(TUESDAY, WEDNESDAY))
    assert.equal("unprocessable", (d:book("consultation", slot)))
    d.server.now = d.server.now + 1
    assert.equal(slot.startsAt, d:list(TUESDAY, WEDNESDAY)[1].startsAt)
    assert.equal(201, (d:book("consultation", slot)))
  end)

  it("leaves out what has no place for the party", function()
    assert.equal(0, #d:slots("consultation", TUESDAY, WEDNESDAY, { partySize = "2" }))
    assert.equal(14, #d:slots("group-class", TUESDAY, WEDNESDAY, { partySize = "8" }))
  end)

  it("says all that is wrong with a query", function()
    local name, more = d:call("availability", "list", { query = { org_slug = "A!", from = "2026-06-09",
      to = "2026-06-09T00:00:00 02:00", partySize = "0", timezone = "Mars/Base" } })
    assert.equal("validation_error", name)
    assert.equal("org_slug must be a slug: lower-case letters, digits and hyphens, at most 63;"
      .. " service_slug is required; from must be a time such as 2026-03-08T09:00:00Z, with Z or"
      .. " an offset; partySize must be a whole number from 1 to 1000000; timezone must be a time"
      .. " zone such as America/New_York.", more.detail)
  end)

  it("bounds what one may ask", function()
    local function ask(from, to)
      local name, more = d:call("availability", "list", { query = { org_slug = "acme",
        service_slug = "consultation", from = from, to = to } })
      return name, more.detail
    end
    assert.equal("validation_error", (ask(WEDNESDAY, WEDNESDAY)))
    assert.equal(200, (ask("2026-06-01T00:00:00Z", "2026-08-02T00:00:00Z")))
    assert.truthy(select(2, ask("2026-06-01T00:00:00Z", "2026-08-02T00:00:01Z")):find("62 days"))
    d.server.db:query("UPDATE service SET slot_interval_minutes = 1")
    assert.truthy(select(2, ask("2026-06-01T00:00:00Z", "2026-08-02T00:00:00Z")):find("10,000"))
  end)

  it("rounds a fraction up", function()
    local slots = d:list("2026-06-09T13:00:00.5Z", "2026-06-09T13:30:00.001Z")
    assert.equal("2026-06-09T13:30:00Z", slots[1].startsAt)
    assert.equal(2, #slots)
  end)
end)
