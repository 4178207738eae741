-- Days on which nothing is given.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")

describe("a closure", function()
  local s, org, desk, other
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    desk, other = desks.of(org), desks.of(s:organization("elsewhere"))
  end)
  teardown(function() s:stop() end)

  local function date(days) return book.day(days):sub(1, 10) end
  local function free(days)
    return #book.slots(org.client, org, "consultation", book.day(days), book.day(days + 1))
  end

  it("takes its days out of what is offered, both ends, and gives them back", function()
    local before = { free(7), free(8), free(9), free(10) }
    assert.is_true(before[2] > 0 and before[3] > 0)
    local slot = book.slots(org.client, org, "consultation", book.day(8), book.day(9))[1]
    local made = desk:post("/closures",
      { first_date = date(8), last_date = date(9), reason = "Paint" }).closure
    assert.truthy(made.id:find("^clo_%w+$"))
    assert.same({ id = made.id, first_date = date(8), last_date = date(9), reason = "Paint" }, made)
    assert.same({ before[1], 0, 0, before[4] }, { free(7), free(8), free(9), free(10) })
    local r = book.create(org.client, org, "consultation", slot)
    assert.same({ 422, "closed" }, { r.status, r:json().violations[1].code })
    desk:delete("/closures/" .. made.id)
    desk:fails(404, "DELETE", "/closures/" .. made.id)
    assert.same(before, { free(7), free(8), free(9), free(10) })
  end)

  it("is one day if no last one is named", function()
    local made = desk:post("/closures",
      { first_date = date(20), last_date = http.null, reason = http.null }).closure
    assert.same({ date(20), date(20), http.null }, { made.first_date, made.last_date, made.reason })
    desk:delete("/closures/" .. made.id)
  end)

  it("is told what is wrong", function()
    local function detail(body) return desk:fails(400, "POST", "/closures", body).detail end
    assert.equal("last_date must not lie before first_date.",
      detail({ first_date = "2031-07-02", last_date = "2031-07-01" }))
    assert.truthy(detail({ first_date = "2031-02-29", last_date = "soon", reason = ("x"):rep(201) })
      :find("^first_date .*; last_date .*; reason "))
    assert.truthy(detail({ reason = "x" }):find("first_date is required", 1, true))
    for _, body in ipairs({ { first_date = "9999-12-31" }, { first_date = "1969-12-31" },
      { first_date = "2031-01-01", last_date = "2200-01-01" } }) do
      assert.truthy(detail(body):find("must lie in the years 1970 to 2199", 1, true))
    end
    assert.same({}, desk:get("/closures").closures)
  end)

  it("stands in a list by its date, in pages, between dates", function()
    for _, days in ipairs({ 40, 30, 60, 50, 30 }) do
      desk:post("/closures", { first_date = date(days), last_date = date(days + 2) })
    end
    local all, n = desk:pages("/closures", "closures", 2)
    assert.equal(3, n)
    assert.same(all, desk:get("/closures").closures)
    local dates = {}
    for i, closure in ipairs(all) do dates[i] = closure.first_date end
    assert.same({ date(30), date(30), date(40), date(50), date(60) }, dates)
    local some = desk:get("/closures?from=" .. date(42) .. "&to=" .. date(50)).closures
    assert.same({ date(40), date(50) }, { some[1].first_date, some[2].first_date })
    assert.equal(2, #some)
    local cursor = desk:get("/closures?limit=1").next_cursor
    desk:fails(400, "GET", "/closures?from=" .. date(1) .. "&cursor=" .. cursor)
    desk:fails(400, "GET", "/closures?from=soon")
  end)

  it("is nobody else's", function()
    local made = desk:get("/closures?limit=1").closures[1]
    assert.same({}, other:get("/closures").closures)
    other:fails(404, "DELETE", "/closures/" .. made.id)
    local reader = desk:with_scopes({ "availability:read" })
    reader:fails(403, "DELETE", "/closures/" .. made.id)
    reader:fails(403, "POST", "/closures", { first_date = date(90) })
    assert.equal(made.id, reader:get("/closures?limit=1").closures[1].id)
  end)
end)
