-- Who changed what: each change of a catalogue and of a booking leaves a row in the audit, in its
-- own transaction; and what a plugin may say there.

local book = require("tests.talk.support.book")
local desk = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local people = require("tests.talk.support.people")
local server = require("tests.talk.support.server")

local P = "/api/platform/v1"

describe("the audit of an organization", function()
  local s, org, c, d, operator
  before_each(function()
    s = server.start({ scripts = book.no_limits, load = { "tests/talk/plugins/notary" } })
    s:freeze(book.monday)
    org = s:demo()
    c, d, operator = org.client, desk.of(org), people.admin(s)
  end)
  after_each(function() s:stop() end)

  local seen = 0

  -- The rows that came since, oldest first.
  local function rows()
    local list, new = operator:get(P .. "/audit?limit=100"):json().audit, {}
    for i = #list, 1, -1 do
      if list[i].id > seen then new[#new + 1], seen = list[i], list[i].id end
    end
    return new
  end

  local function one(action, object)
    local list = rows()
    assert.equal(1, #list, http.json.encode(list))
    assert.same({ action, object, org.id }, { list[1].action, list[1].object, list[1].organization_id })
    return list[1]
  end

  local function key_id()
    return operator:get(P .. "/organizations/" .. org.id .. "/api-keys"):json().api_keys[1].id
  end

  it("has each change of its catalogue, by whom, from what to what", function()
    seen = 0
    rows()
    local key = key_id()
    local made = d:post("/services", { name = "Cut", slug = "cut", duration = 30, price = 40,
      currency = "EUR", calendarSettings = { timezone = "Europe/Berlin" } }).service
    assert.equal(key, one("services.service.created", made.id).actor)
    d:patch("/services/cut", { price = 50, description = ("long "):rep(50),
      calendarSettings = { buffer_after = 10 } })
    local row = one("services.service.updated", made.id)
    assert.same({ changed = { price = { from = 40, to = 50 }, description = true,
      ["calendarSettings.buffer_after"] = { from = 0, to = 10 } } }, row.detail)
    d:patch("/services/cut", { price = 50 })
    assert.same({}, rows()) -- nothing changed
    d:delete("/services/cut")
    one("services.service.archived", made.id)
    d:delete("/services/cut")
    assert.same({}, rows())

    local host = d:post("/hosts", { displayName = "Ada", email = "ada@example.com", timezone = "UTC" }).host
    assert.equal(http.null, one("services.host.created", host.id).detail)
    d:patch("/hosts/" .. host.id, { displayName = "Bea", email = "bea@example.com", status = "inactive" })
    assert.same({ changed = { displayName = true, email = true,
      status = { from = "active", to = "inactive" } } },
      one("services.host.updated", host.id).detail)
    local team = d:post("/teams", { name = "One", members = { { host_id = host.id } } }).team
    one("services.team.created", team.id)
    d:patch("/teams/" .. team.id, { name = "Two", members = { { host_id = host.id, weight = 2 } } })
    assert.same({ changed = { name = { from = "One", to = "Two" }, members = true } },
      one("services.team.updated", team.id).detail)
    d:put("/schedules/team/" .. team.id, { timezone = "UTC", weekly = { mon = { { "09:00", "10:00" } } } })
    one("services.schedule.updated", team.id)
    d:delete("/schedules/team/" .. team.id)
    one("services.schedule.deleted", team.id)
    d:delete("/teams/" .. team.id)
    one("services.team.deleted", team.id)
    d:delete("/hosts/" .. host.id)
    one("services.host.deleted", host.id)
    local closure = d:post("/closures", { first_date = "2031-12-24" }).closure
    one("services.closure.created", closure.id)
    d:delete("/closures/" .. closure.id)
    assert.same({ first_date = "2031-12-24", last_date = "2031-12-24" },
      one("services.closure.deleted", closure.id).detail)
    d:patch("/organization", { tagline = "New" })
    assert.equal(key, one("organization.change", org.id).actor)
  end)

  it("has each change of a booking, whoever makes it, and nothing of the customer", function()
    seen = 0
    local key = key_id()
    local slots = book.slots(c, org, "consultation", book.day(3), book.day(6))
    rows()
    local made = book.create(c, org, "consultation", slots[1]):json().booking
    local row = one("bookings.booking.created", made.id)
    assert.same({ key, { start_at = slots[1].startsAt, host_id = slots[1].hostId } },
      { row.actor, row.detail })
    assert.equal(409, book.create(c, org, "consultation", slots[1]).status)
    assert.same({}, rows()) -- what came to nothing is nothing
    local path = book.confirmation(made.confirmation_number, "/reschedule")
    local moved = s:client():post(path, { start_at = slots[9].startsAt, end_at = slots[9].endsAt })
    assert.equal(200, moved.status)
    row = one("bookings.booking.moved", made.id)
    assert.same({ "contact", slots[1].startsAt, slots[9].startsAt },
      { row.actor, row.detail.from.start_at, row.detail.to.start_at })
    d:patch("/bookings/" .. made.id, { notes = "Mr Smith's knee", outcome = "completed" })
    assert.same({ changed = { notes = true, outcome = { to = "completed" } } },
      one("bookings.booking.updated", made.id).detail)
    d:patch("/bookings/" .. made.id, { outcome = "completed" })
    assert.same({}, rows())
    d:ask("POST", "/bookings/" .. made.id .. "/cancel", { reason = "Mr Smith is ill" }, 200)
    assert.equal(http.null, one("bookings.booking.canceled", made.id).detail)
    d:patch("/services/consultation", { approval = "required" })
    rows()
    local pending = book.create(c, org, "consultation", slots[1]):json().booking
    one("bookings.booking.created", pending.id)
    d:ask("POST", "/bookings/" .. pending.id .. "/confirm", nil, 200)
    one("bookings.booking.confirmed", pending.id)
    local host = slots[1].hostId
    local off = d:post("/hosts/" .. host .. "/time-off", { start_at = book.day(90), end_at = book.day(91),
      note = "Operation" }).time_off
    assert.equal(host, one("bookings.time_off.created", off.id).detail.host_id)
    d:delete("/hosts/" .. host .. "/time-off/" .. off.id)
    one("bookings.time_off.deleted", off.id)
    local secret = c.headers["x-kordless-key"]
    for _, word in ipairs({ "Smith", "ada@", "Lovelace", "0100", "Operation", secret }) do
      assert.is_nil(operator:get(P .. "/audit?limit=100").body:find(word, 1, true), word)
    end
  end)

  it("names members by their email, tokens by their id, and is told to its own people", function()
    seen = 0
    local owner = people.member(s, operator, org.id, "o@example.com", "owner")
    rows()
    local r = owner:with({ ["x-organization-id"] = org.id }):patch(
      book.prefix .. "/services/consultation", { price = 46 })
    assert.equal(200, r.status, r.body)
    assert.equal("o@example.com", rows()[1].actor)
    local own = owner:get(P .. "/organizations/" .. org.id .. "/audit?action=services.service.updated")
    assert.equal(1, #own:json().audit)
    local other = s:organization("elsewhere")
    assert.equal(404, owner:get(P .. "/organizations/" .. other.id .. "/audit").status)
  end)

  it("takes from a plugin two words, an id and little more, and never who it was", function()
    seen = 0
    rows()
    local function note(how, body) return c:post("/notary/" .. how, body or {}):json() end
    assert.is_true(note("plain", { organization_id = org.id }).done)
    local row = one("notary.deed.signed", "deed_1")
    assert.same({ "stranger", { pages = 3 } }, { row.actor, row.detail })
    assert.is_true(note("bare").done)
    assert.is_true(note("forged").done)
    local list = rows()
    assert.same({ "notary.deed.read", "notary.organization.suspend" },
      { list[1].action, list[2].action })
    for how, why in pairs({ one_word = "two words", three_words = "two words", odd_words = "two words",
      long_object = "128 bytes", large = "4,096", no_data = "function", many = "32 rows",
      undone = "never mind" }) do
      local told = note(how)
      assert.is_false(told.done)
      assert.truthy(told.why:find(why, 1, true), told.why)
    end
    assert.same({}, rows())
    local own = c:with({ ["x-organization-id"] = org.id })
    assert.is_true(own:post("/notary/own/plain", {}):json().done)
    assert.equal(key_id(), one("notary.deed.signed", "deed_1").actor)
    local told = own:post("/notary/own/plain", { organization_id = "org_other" }):json()
    assert.truthy(told.why:find("another organization", 1, true))
    note("later", { organization_id = org.id })
    for _ = 1, 3000 do
      list = rows()
      if list[1] then break end
      require("socket").sleep(0.01)
    end
    assert.same({ "plugin", "notary.deed.signed" }, { list[1].actor, list[1].action })
  end)
end)
