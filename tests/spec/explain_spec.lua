package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")
local random = require("support.random")

local FROM, TO = "2026-06-01T00:00:00Z", "2026-06-12T00:00:00Z"
local names = { "consultation", "group-class" }

-- What POST /bookings answers, as {status, codes}; a booking that was made is taken back.
local function posted(d, service, slot, more)
  local status, body = d:call("bookings", "create_own",
    { body = demo.body(service, slot, more) })
  if status == 201 then
    assert.equal(200, (d:call("bookings", "cancel_own",
      { params = { id = body.booking.id }, body = {} })))
    return "201"
  end
  local codes = { tostring(status) }
  for _, violation in ipairs(body.violations or {}) do
    codes[#codes + 1] = violation.code .. ": " .. violation.message
  end
  return table.concat(codes, "; ")
end

local function in_words(verdict)
  local names_of = { [201] = "201", [409] = "slot_taken", [422] = "unprocessable", [404] = "not_found" }
  local codes = { names_of[verdict.status] }
  for _, violation in ipairs(verdict.violations or {}) do
    codes[#codes + 1] = violation.code .. ": " .. violation.message
  end
  return table.concat(codes, "; ")
end

local function explained(d, query)
  local status, body = d:call("availability", "explain", { query = query })
  assert.equal(200, status)
  return body
end

describe("the list with what cannot be booked", function()
  local d
  before_each(function() d = demo.start() end)
  after_each(function() d:stop() end)

  local function whole(service, more)
    more = more or {}
    more.include = "unbookable"
    return d:slots(service, FROM, TO, more)
  end

  it("agrees with the list and with bookings, slot by slot", function()
    local seen = {}
    for seed = 1, random.times(6) do
      d:stop()
      d = demo.start()
      random.calendar(d, seed)
      for _, service in ipairs(names) do
        local party = math.random(2)
        local all, bookable = whole(service, { partySize = party }), {}
        for _, slot in ipairs(all) do
          if slot.bookable then
            assert.is_nil(slot.violations)
            slot.bookable = nil
            bookable[#bookable + 1] = slot
          else
            assert.truthy(slot.violations[1])
            seen[slot.violations[1].code] = true
          end
        end
        assert.same(d:slots(service, FROM, TO, { partySize = party }), bookable)
        for _ = 1, math.min(#all, 25) do
          local slot = all[math.random(#all)]
          local why = slot.violations
          local expected = not why and "201" or why[1].code == "slot_taken" and "slot_taken"
            or in_words({ status = 422, violations = why })
          assert.equal(expected, posted(d, service, slot,
            { host_id = slot.hostId, party_size = party }), "seed " .. seed)
        end
      end
    end
    for _, code in ipairs({ "in_the_past", "too_soon", "too_far", "outside_hours", "closed",
      "party_too_large", "limit_reached", "x_late", "slot_taken" }) do
      assert.truthy(seen[code], code)
    end
  end)

  it("keeps the bounds of the list", function()
    d.server.db:query("UPDATE service SET slot_interval_minutes = 1, booking_window_days = 1")
    local function ask(to, include)
      local name, more = d:call("availability", "list", { query = { org_slug = "acme",
        service_slug = "consultation", from = FROM, to = to, include = include } })
      return name, more.detail
    end
    assert.equal(200, (ask("2026-06-30T00:00:00Z")))
    assert.truthy(select(2, ask("2026-06-30T00:00:00Z", "unbookable")):find("10,000"))
    assert.truthy(select(2, ask("2026-09-30T00:00:00Z", "unbookable")):find("62 days"))
    assert.truthy(select(2, ask(TO, "all")):find("include must be one of unbookable"))
  end)

  it("has the slots of a closed day, and says why", function()
    d.server.db:query("INSERT INTO closure (id, organization_id, first_date, last_date)"
      .. " VALUES ('clo_1', 'org_1', '2026-06-09', '2026-06-09')")
    local n = 0
    for _, slot in ipairs(whole("consultation")) do
      if slot.startsAt:find("^2026%-06%-09T1[3-9]") then
        n = n + 1
        assert.same({ false, "closed", 0 },
          { slot.bookable, slot.violations[1].code, slot.availableCapacity })
      end
    end
    assert.is_true(n > 20)
  end)
end)

describe("an explanation", function()
  local d
  before_each(function() d = demo.start() end)
  after_each(function() d:stop() end)

  local function on_the_grid(service)
    local slots = d:slots(service, FROM, TO, { include = "unbookable" })
    return slots[1] and slots[math.random(#slots)]
  end

  it("ends in what a booking is answered, on the grid and beside it", function()
    local seen = {}
    for seed = 1, random.times(6) do
      d:stop()
      d = demo.start()
      random.calendar(d, seed)
      local length = d.server.db:query("SELECT duration_minutes AS n FROM service")[1].n * 60
      for i = 1, 20 do
        local service = names[math.random(2)]
        local slot = on_the_grid(service) or { startsAt = FROM, hostId = kordless.json.null }
        local start = demo.at(slot.startsAt) + (i % 3 == 0 and math.random(-3, 3) * 300 or 0)
        local at, host = kordless.time.format(start), i % 2 == 0 and slot.hostId or nil
        local party = math.random(2)
        host = host ~= kordless.json.null and host or nil
        local body = explained(d,
          { service_slug = service, at = at, host_id = host, partySize = party })
        local found = in_words(body.verdict)
        seen[body.verdict.status] = true
        assert.equal(posted(d, service,
          { startsAt = at, endsAt = kordless.time.format(start + length) },
          { host_id = host, party_size = party }), found, ("seed %d at %s"):format(seed, at))
        local any = false
        for _, one in ipairs(body.hosts) do
          any = any or one.bookable
        end
        assert.equal(body.verdict.bookable, any)
      end
    end
    assert.same({ [201] = true, [409] = true, [422] = true }, seen)
  end)

  local function one_host(at, more)
    local query = { service_slug = "consultation", at = at, host_id = d.made.hosts[1].id }
    for name, value in pairs(more or {}) do
      query[name] = value
    end
    local body = explained(d, query)
    local lines = {}
    for _, list in ipairs({ body.trace, body.hosts[1] and body.hosts[1].trace or {} }) do
      for _, step in ipairs(list) do
        lines[#lines + 1] = step.tier .. " " .. step.rule .. " " .. step.effect
      end
    end
    return lines, body
  end

  it("tells each rule in the order in which they are asked", function()
    assert.same({
      "service minimum_notice_minutes allows", "service booking_window_days allows",
      "service max_parallel_bookings allows", "service whole_seconds allows",
      "service fulfillment allows", "organization weekly.tue opens", "host weekly.tue opens",
      "service schedule allows", "closure closures allows",
      "service slot_interval_minutes allows", "policy offer allows", "ledger claims allows",
    }, (one_host("2026-06-09T13:00:00Z")))
  end)

  it("names the hours, the closure, the claim and the line that refuse", function()
    local lines, body = one_host("2026-07-01T13:00:00Z") -- cut short by an override
    assert.equal("organization overrides.2026-07-01 closes", lines[6])
    assert.truthy(body.hosts[1].trace[1].message:find("10:00–14:00", 1, true))
    assert.equal("host weekly.tue narrows", (one_host("2026-06-09T15:45:00Z"))[7])
    d.server.db:query("INSERT INTO closure (id, organization_id, first_date, last_date, reason)"
      .. " VALUES ('clo_1', 'org_1', '2026-06-10', '2026-06-11', 'Works')")
    lines, body = one_host("2026-06-10T13:00:00Z")
    assert.equal("closure 2026-06-10/2026-06-11 closes", lines[9])
    assert.truthy(body.hosts[1].trace[4].message:find("Works", 1, true))
    d.server.scripts.booking = { offer = function() return { "No." } end }
    lines, body = one_host("2026-06-09T13:00:00Z")
    assert.equal("policy offer refuses", lines[11])
    assert.truthy(body.hosts[1].trace[6].source:find("^scripts/booking.lua:%d+$"))
    assert.same({ code = "policy_denied", message = "No." }, body.verdict.violations[1])
    d.server.scripts.booking = nil
    local slot = d:slots("consultation", "2026-06-09T13:00:00Z", "2026-06-09T13:00:01Z")[1]
    d:book("consultation", slot, { host_id = d.made.hosts[1].id })
    lines, body = one_host("2026-06-09T13:00:00Z")
    assert.equal("ledger booking refuses", lines[#lines])
    assert.same({ 409, "slot_taken" }, { body.verdict.status, body.verdict.code })
  end)

  it("is for the organization's own services, hosts and teams", function()
    local other = d.server:organization("org_2", "other")
    local query = { service_slug = "consultation", at = "2026-06-09T13:00:00Z" }
    assert.equal("not_found", (d:call("availability", "explain", { organization = other, query = query })))
    query.host_id = "host_of_nobody"
    assert.equal("not_found", (d:call("availability", "explain", { query = query })))
    query.host_id, query.team_id = nil, "team_of_nobody"
    assert.equal("not_found", (d:call("availability", "explain", { query = query })))
    query.team_id, query.service_slug = nil, "nothing"
    assert.equal("not_found", (d:call("availability", "explain", { query = query })))
    d.server.db:query("UPDATE service SET status = 'archived'")
    query.service_slug = "consultation"
    local body = explained(d, query)
    assert.same({ 404, "service status refuses" }, { body.verdict.status,
      ("%s %s %s"):format(body.trace[1].tier, body.trace[1].rule, body.trace[1].effect) })
    assert.equal("validation_error", (d:call("availability", "explain",
      { query = { service_slug = "consultation", at = "tomorrow" } })))
  end)
end)
