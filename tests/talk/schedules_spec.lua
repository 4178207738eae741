-- Opening hours of an organization, a team, a host and a service: set, read, removed, and seen
-- in what is offered at once.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

local ZONE = "America/New_York"

describe("a schedule", function()
  local s, org, desk, other, host, service
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:organization("plain")
    desk, other = desks.of(org), desks.of(s:organization("elsewhere"))
    host = desk:post("/hosts", { displayName = "Ada", timezone = ZONE }).host
    service = desk:post("/services", { name = "Cut", slug = "cut", duration = 60, host_ids = { host.id },
      calendarSettings = { timezone = ZONE } }).service
  end)
  teardown(function() s:stop() end)

  -- Starts on the wall of New York (four hours behind in June), of one day.
  local function starts(days)
    local list = {}
    local from = book.day(days):gsub("T.*", "T04:00:00Z")
    local to = book.day(days + 1):gsub("T.*", "T04:00:00Z")
    for i, slot in ipairs((book.slots(org.client, org, "cut", from, to))) do
      local hour, minute = slot.startsAt:match("T(%d%d):(%d%d)")
      list[i] = ("%02d:%s"):format((hour - 4) % 24, minute)
    end
    return table.concat(list, " ")
  end
  local function put(owner, weekly, overrides)
    return desk:put("/schedules/" .. owner,
      { timezone = ZONE, weekly = weekly, overrides = overrides }).schedule
  end
  local function clear(...)
    for _, owner in ipairs({ ... }) do desk:delete("/schedules/" .. owner) end
  end

  it("is given back as it was sent, all seven days of it", function()
    local path = "/schedules/host/" .. host.id
    desk:fails(404, "GET", path)
    local shown = put("host/" .. host.id, { tue = { { "13:00", "17:00" }, { "09:00", "12:00" } },
      fri = { { "22:00", "02:00" } }, sun = { { "20:00", "24:00" } } },
      { { date = "2031-12-31", hours = { { "10:00", "24:00" } } }, { date = "2031-12-24", closed = true } })
    assert.equal(ZONE, shown.timezone)
    assert.same({ { "09:00", "12:00" }, { "13:00", "17:00" } }, shown.weekly.tue)
    assert.same({ { { "22:00", "02:00" } }, { { "20:00", "24:00" } }, {} },
      { shown.weekly.fri, shown.weekly.sun, shown.weekly.wed })
    assert.same({ { date = "2031-12-24", closed = true },
      { date = "2031-12-31", hours = { { "10:00", "24:00" } } } }, shown.overrides)
    assert.same(shown, desk:get(path).schedule)
    assert.same(shown, desk:put(path, shown).schedule)
    clear("host/" .. host.id)
    desk:fails(404, "GET", path)
    desk:fails(404, "DELETE", path)
  end)

  it("of four tiers is where all of them meet", function()
    local day = function(from, to) return { mon = { { from, to } } } end
    assert.equal("", starts(7)) -- no hours at all: never
    put("organization/" .. org.id, day("08:00", "20:00"))
    assert.equal("08:00", starts(7):sub(1, 5))
    put("host/" .. host.id, day("10:00", "18:00"))
    assert.equal("10:00 11:00 12:00 13:00 14:00 15:00 16:00 17:00", starts(7))
    put("service/cut", day("09:00", "13:00"))
    assert.equal("10:00 11:00 12:00", starts(7))
    local team = desk:post("/teams", { name = "T", members = { { host_id = host.id } } }).team
    desk:patch("/services/cut", { fulfillment = "team", team_id = team.id })
    put("team/" .. team.id, day("11:00", "12:00"))
    assert.equal("11:00", starts(7))
    put("team/" .. team.id, day("11:00", "12:00"), { { date = book.day(7):sub(1, 10), closed = true } })
    assert.equal("", starts(7))
    assert.equal("11:00", starts(14))
    desk:patch("/services/cut", { fulfillment = "any_host" })
    clear("host/" .. host.id, "service/" .. service.id, "organization/" .. org.id:gsub("org_", ""))
  end)

  it("runs past midnight, and to it", function()
    put("host/" .. host.id, { mon = { { "22:00", "02:00" } } })
    assert.equal("22:00 23:00", starts(7))
    assert.equal("00:00 01:00", starts(8))
    put("host/" .. host.id, { mon = { { "22:00", "24:00" } } })
    assert.same({ "22:00 23:00", "" }, { starts(7), starts(8) })
    put("host/" .. host.id, { mon = { { "22:00", "00:00" } } })
    assert.same({ "22:00 23:00", "" }, { starts(7), starts(8) })
    clear("host/" .. host.id)
  end)

  it("is told all that is wrong with it", function()
    local function detail(body)
      body.timezone = body.timezone or ZONE
      return desk:fails(400, "PUT", "/schedules/host/" .. host.id, body).detail
    end
    local function is(text, body) assert.equal(text, detail(body)) end
    is("weekly.mon[1] must be two times such as [\"09:00\", \"17:00\"], at most \"24:00\"; weekly.tue[2] "
      .. "overlaps weekly.tue[1]; weekly.wed[1] ends when it begins; weekly.monday is no day; days are "
      .. "mon, tue, wed, thu, fri, sat, sun; overrides[2].date is the same as that of overrides[1]; "
      .. "overrides[2] needs hours, or closed: true; overrides[3] is closed or has hours, not both.",
      { weekly = { mon = { { "9:00", "17:00" } }, tue = { { "09:00", "12:00" }, { "11:59", "13:00" } },
        wed = { { "09:00", "09:00" } }, monday = { { "09:00", "17:00" } } }, overrides = {
        { date = "2031-07-01", closed = true }, { date = "2031-07-01" },
        { date = "2031-07-02", closed = true, hours = { { "09:00", "10:00" } } } } })
    is("weekly.sun[1] runs into weekly.mon[1].",
      { weekly = { sun = { { "22:00", "02:00" } }, mon = { { "01:00", "03:00" } } } })
    for _, window in ipairs({ { "24:00", "01:00" }, { "09:00", "24:01" }, { "09:00", "26:00" },
      { "09:60", "10:00" }, { "ab:cd", "10:00" } }) do
      assert.truthy(detail({ weekly = { mon = { window } } }):find(
        "weekly.mon[1] must be two times", 1, true))
    end
    assert.truthy(detail({ timezone = "Mars", weekly = { mon = { { "09:00" } } },
      overrides = { { date = "2031-02-30", closed = "yes" } } }):find(
      "^timezone .*; weekly%.mon%[1%] .*; overrides%[1%]%.date .*; overrides%[1%]%.closed "))
    assert.truthy(detail({}):find("weekly is required", 1, true))
    desk:fails(404, "GET", "/schedules/host/" .. host.id)
    put("host/" .. host.id, { mon = { { "09:00", "12:00" }, { "12:00", "13:00" } } }) -- may touch
    clear("host/" .. host.id)
  end)

  it("has an owner of the organization's own", function()
    local body = { timezone = ZONE, weekly = { mon = { { "09:00", "10:00" } } } }
    for _, owner in ipairs({ "host/" .. host.id, "service/cut", "service/" .. service.id,
      "organization/" .. org.id }) do
      other:fails(404, "PUT", "/schedules/" .. owner, body)
      desk:put("/schedules/" .. owner, body)
      other:fails(404, "GET", "/schedules/" .. owner)
      other:fails(404, "DELETE", "/schedules/" .. owner)
    end
    for _, owner in ipairs({ "team/" .. host.id, "planet/" .. host.id, "host/cut", "host/nobody",
      "organization/" .. other.org.id }) do
      desk:fails(404, "PUT", "/schedules/" .. owner, body)
      desk:fails(404, "GET", "/schedules/" .. owner)
    end
    local reader = desk:with_scopes({ "availability:read" })
    reader:fails(403, "PUT", "/schedules/service/cut", body)
    reader:fails(403, "DELETE", "/schedules/service/cut")
    assert.equal(ZONE, reader:get("/schedules/service/cut").schedule.timezone)
    clear("host/" .. host.id, "service/cut", "organization/" .. org.id)
  end)

  it("is listed with those of its kind, page by page", function()
    assert.same({}, desk:get("/schedules").schedules)
    local second = desk:post("/hosts", { displayName = "Ben", timezone = ZONE }).host
    put("host/" .. host.id, { mon = { { "09:00", "10:00" } } })
    put("host/" .. second.id, { tue = { { "09:00", "10:00" } } })
    put("service/cut", { wed = { { "09:00", "10:00" } } })
    local page = desk:get("/schedules?owner=host&limit=1")
    local rest = desk:get("/schedules?limit=1&cursor=" .. page.next_cursor)
    assert.equal(http.null, rest.next_cursor)
    local owners = { host.id, second.id }
    table.sort(owners) -- made in one instant
    for i, one in ipairs({ page.schedules[1], rest.schedules[1] }) do
      assert.equal(owners[i], one.id)
      one.id = nil
      assert.same(desk:get("/schedules/host/" .. owners[i]).schedule, one)
    end
    assert.equal(service.id, desk:get("/schedules?owner=service").schedules[1].id)
    assert.same({}, other:get("/schedules").schedules)
    desk:fails(400, "GET", "/schedules?owner=service&cursor=" .. page.next_cursor)
    desk:fails(400, "GET", "/schedules?owner=planet")
    clear("host/" .. host.id, "service/cut")
    desk:delete("/hosts/" .. second.id)
  end)

  it("may be as long as its limits say", function()
    local overrides, hours = {}, {}
    for i = 1, 8 do hours[i] = { ("%02d:00"):format(2 * i), ("%02d:30"):format(2 * i) } end
    for i = 1, 300 do
      overrides[i] = { date = os.date("!%Y-%m-%d", 1900000000 + i * 86400), hours = hours }
    end
    assert.equal(300, #put("host/" .. host.id, { mon = hours }, overrides).overrides)
    hours[1] = { "02:00", "02:29" } -- and be changed then
    local all = {}
    for _, day in ipairs({ "mon", "tue", "wed", "thu", "fri", "sat", "sun" }) do all[day] = hours end
    assert.same(hours, put("host/" .. host.id, all, overrides).overrides[300].hours)
    overrides[301] = { date = "2050-01-01", closed = true }
    hours[9] = { "20:00", "21:00" }
    local err = desk:fails(400, "PUT", "/schedules/host/" .. host.id,
      { timezone = ZONE, weekly = { mon = hours }, overrides = overrides })
    assert.truthy(err.detail:find("weekly.mon must have at most 8", 1, true)
      and err.detail:find("overrides must have at most 300", 1, true))
    clear("host/" .. host.id)
  end)
end)
