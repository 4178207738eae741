-- What cannot be booked, and why: on the whole grid, and of one start rule by rule.

local book = require("tests.talk.support.book")
local desk = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")

local rules = [[
local booking = {}
local function no(refused, i)
  refused[i] = { code = "x_early", message = "Not before ten." } -- line 3
end
function booking.offer(request)                                  -- line 5
  local refused = {}
  for i = 1, request.n do
    if request.service.slug == "consultation" and request.minutes[i] < 600 then
      no(refused, i)
    elseif request.minutes[i] >= 990 then
      refused[i] = "Not that late."                              -- line 11
    end
  end
  return refused
end
return booking
]]

describe("what cannot be booked", function()
  local s, org, c, d, ada
  before_each(function()
    s = server.start({ scripts = { ["quota.lua"] = book.no_limits["quota.lua"],
      ["booking.lua"] = rules } })
    s:freeze(book.monday)
    org = s:demo()
    c, d = org.client, desk.of(org)
    for _, host in ipairs(d:get("/hosts").hosts) do
      ada = host.displayName == "Ada Moreno" and host.id or ada
    end
  end)
  after_each(function() s:stop() end)

  local function explain(at, more)
    local query = { service_slug = "consultation", at = at, host_id = ada }
    for name, value in pairs(more or {}) do query[name] = value end
    return d:get("/availability/explain" .. http.query(query))
  end

  -- The step of the host's trace that refuses.
  local function refusal(told)
    for _, step in ipairs(told.hosts[1].trace) do
      if step.effect == "refuses" then return step end
    end
  end

  it("is listed with what a booking would be answered, on both routes", function()
    local from, to = book.day(1), book.day(4)
    book.create(c, org, "consultation", book.slots(c, org, "consultation", from, to)[1])
    local free = book.slots(c, org, "consultation", from, to)
    local all = book.slots(c, org, "consultation", from, to, { include = "unbookable" })
    local own = d:get("/availability" .. http.query({ service_slug = "consultation",
      from = from, to = to, include = "unbookable" })).slots
    assert.same(all, own)
    local seen, n = {}, 0
    for _, slot in ipairs(all) do
      n = n + (slot.bookable and 1 or 0)
      local r = book.create(c, org, "consultation", slot, { contact = { name = "N",
        email = "n@example.com" } })
      if slot.bookable then
        assert.is_nil(slot.violations)
        assert.equal(201, r.status, r.body)
      elseif slot.violations[1].code == "slot_taken" then
        assert.equal(409, r.status, r.body)
      else
        assert.same(slot.violations, r:json().violations)
      end
      seen[(slot.violations or { { code = "none" } })[1].code] = true
    end
    assert.equal(#free, n)
    assert.same({ none = true, slot_taken = true, x_early = true, policy_denied = true }, seen)
  end)

  it("keeps the bounds of the list, and its budget", function()
    sql.change(s, book.monday, sql.open('[["00:00","24:00"]]', "slot_interval_minutes = 1"))
    local function ask(to)
      return c:get(book.public .. "/availability" .. http.query({ org_slug = org.slug,
        service_slug = "consultation", from = book.monday, to = to, include = "unbookable" }))
    end
    local r = ask((book.day(7):gsub("T13:00", "T11:30")))
    assert.equal(200, r.status, r.body:sub(1, 300))
    assert.equal(7 * 1440 - 90, #r:json().slots)
    r = ask(book.day(7))
    assert.equal(400, r.status)
    assert.truthy(r:json().detail:find("10,000", 1, true))
  end)

  it("is explained with the line of the script that refused", function()
    local told = explain("2031-06-03T13:30:00Z")
    assert.equal("scripts/booking.lua:3", refusal(told).source)
    assert.same({ 422, { { code = "x_early", message = "Not before ten." } } },
      { told.verdict.status, told.verdict.violations })
    told = explain("2031-06-03T20:30:00Z")
    assert.equal("scripts/booking.lua:11", refusal(told).source)
    assert.same({ "policy_denied", "policy" }, { refusal(told).code, refusal(told).tier })
    told = explain("2031-06-03T14:00:00Z")
    assert.is_nil(refusal(told))
    assert.same({ true, 201 }, { told.verdict.bookable, told.verdict.status })
    local sources = {}
    for _, step in ipairs(told.hosts[1].trace) do
      if step.tier == "policy" then sources[#sources + 1] = step.source end
    end
    assert.same({ "scripts/booking.lua:5" }, sources)
    local at = { starts_at = "2031-06-03T14:00:00Z", ends_at = "2031-06-03T14:30:00Z" }
    local made = book.create(c, org, "consultation", { hostId = ada }, at)
    assert.equal(201, made.status, made.body)
    told = explain("2031-06-03T14:00:00Z")
    assert.same({ 409, "slot_taken", "ledger", "booking" },
      { told.verdict.status, told.verdict.code, refusal(told).tier, refusal(told).rule })
    assert.equal(d:get("/bookings?limit=1").bookings[1].policy, told.policy)
  end)

  it("is explained for any offset, and for whole seconds only", function()
    assert.same(explain("2031-06-03T14:00:00Z").hosts, explain("2031-06-03T10:00:00-04:00").hosts)
    assert.same(explain("2031-06-03T14:00:00Z").hosts, explain("2031-06-03T16:00:00 02:00").hosts)
    assert.equal("off_grid", explain("2031-06-03T14:00:00.5Z").verdict.violations[1].code)
  end)

  it("is 503 where the script fails, as a booking there is", function()
    s:write_script("booking.lua", "return { offer = function() error('broken') end }")
    assert.equal(0, (s:cli("reload")))
    local query = http.query({ service_slug = "consultation", at = "2031-06-03T14:00:00Z" })
    assert.equal("policy_failed", d:fails(503, "GET", "/availability/explain" .. query).code)
    local r = book.create(c, org, "consultation", { hostId = ada, startsAt = "2031-06-03T14:00:00Z",
      endsAt = "2031-06-03T14:30:00Z" })
    assert.same({ 503, "policy_failed" }, { r.status, r:json().code })
  end)

  it("is told to the organization alone, within the scope", function()
    local other = desk.of(s:organization("elsewhere"))
    local path = "/availability/explain" .. http.query({ service_slug = "consultation",
      at = "2031-06-03T14:00:00Z" })
    assert.equal("not_found", other:fails(404, "GET", path).type)
    assert.equal(403, c:with({ ["x-organization-id"] = other.org.id }):get(book.prefix .. path).status)
    assert.equal("insufficient_scope",
      d:with_scopes({ "bookings:read" }):fails(403, "GET", path).code)
    assert.truthy(d:with_scopes({ "availability:read" }):get(path).verdict)
    assert.equal("validation_error", d:fails(400, "GET", "/availability/explain?at=x").type)
    for _, ask in ipairs({ "&host_id=host_00000000000000000000000000", "&team_id=team_1" }) do
      d:fails(404, "GET", path .. ask)
    end
  end)
end)
