-- What a policy answers that is not what it should: the list, the list with what cannot be booked,
-- the trace and the booking still agree.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

local AT, ENDS = "2031-06-05T15:00:00Z", "2031-06-05T15:30:00Z"
local SILENT = "The organization's rules do not allow this."

describe("a policy's odd answer", function()
  local s, desk
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    desk = desks.of(s:organization("odd"))
    desk:post("/services", { name = "Odd", slug = "odd", duration = 30, host_ids = desk:hosts(6), price = 45,
      currency = "USD", calendarSettings = { timezone = "UTC" } })
  end)
  teardown(function() s:stop() end)

  local function policy(text)
    s:write_script("booking.lua", "local booking = {}\n" .. text .. "\nreturn booking\n")
    s:tell("reload")
  end
  local function hosts(more)
    local query = { service_slug = "odd", from = AT, to = ENDS }
    for name, value in pairs(more or {}) do query[name] = value end
    local list = {}
    for i, slot in ipairs(desk:get("/availability" .. http.query(query)).slots) do
      list[i] = slot.hostId
      if slot.violations then list[i] = slot.violations[1].message end
    end
    return list
  end
  local function create()
    local r = desk.client:post(book.prefix .. "/bookings", { service_slug = "odd", starts_at = AT,
      ends_at = ENDS, timezone = "UTC", contact = book.ada })
    if r.status == 201 then
      desk:ask("POST", "/bookings/" .. r:json().booking.id .. "/cancel", nil, 200)
    end
    return r
  end

  it("that is no text refuses in words of the server's", function()
    for _, odd in ipairs({ [["\255\254"]], [["a\0b"]], [["\u{D800}"]], [[""]], [[" \n"]], "true", "7", "{}",
      [[{ code = "x_odd", message = "\192\128" }]], [[{ code = "x_odd", message = 7 }]] }) do
      policy(("function booking.offer() return { %s, %s, %s, %s, %s, %s } end"):format(odd, odd, odd, odd,
        odd, odd))
      assert.same({}, hosts(), odd)
      assert.same({ SILENT, SILENT, SILENT, SILENT, SILENT, SILENT },
        hosts({ include = "unbookable" }), odd)
      local told = desk:get("/availability/explain" .. http.query({ service_slug = "odd", at = AT }))
      local r = create()
      assert.same({ 422, { { code = "policy_denied", message = SILENT } } },
        { r.status, r:json().violations }, odd .. r.body)
      assert.same({ r.status, r:json().violations }, { told.verdict.status, told.verdict.violations }, odd)
    end
    policy([[function booking.customer() return "\255" end]])
    assert.equal(SILENT, create():json().detail)
  end)

  it("that ranks oddly sorts both lists alike, and who is first is booked", function()
    for _, ranks in ipairs({ "i % 2 == 0 and 0/0 or -i", "i % 2 == 0 and -1/0 or 1/0",
      "math.maxinteger - i", "tostring(-i)", [[({ {}, true, "x", -1, 1, "-0x10" })[i] ]] }) do
      policy("function booking.rank(r) local t = {} for i = 1, r.n do t[i] = " .. ranks
        .. " end return t end")
      local listed = hosts()
      assert.equal(6, #listed)
      assert.same(listed, hosts({ include = "unbookable" }), ranks)
      assert.equal(201, create().status)
    end
    policy("function booking.rank(r) local t = {} for i = 1, r.n do t[i] = -i end return t end")
    assert.equal(hosts()[1], create():json().booking.host_id)
  end)

  it("that is a price has to be one", function()
    for price, told in pairs({ ["r.service.price / 2"] = 22.5, ["100.0"] = 1, ["0"] = 0, ["nil"] = 45,
      ["1 << 53"] = 90071992547409.92 }) do
      policy("function booking.price(r) return " .. price .. " end")
      assert.equal(told, create():json().booking.price, price)
    end
    for _, price in ipairs({ "0/0", "1/0", "-1", "100.5", [["100"]], "true", "false", "{}", "(1 << 53) + 1",
      "math.maxinteger" }) do
      policy("function booking.price(r) return " .. price .. " end")
      local r = create()
      assert.same({ 503, "policy_failed" }, { r.status, r:json().code }, price)
    end
  end)
end)
