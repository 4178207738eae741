-- Which fault is named first when a request has several: the order of answers.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")

describe("of several faults", function()
  local s, org, other, c, single, slot
  setup(function()
    s = server.start({ load = { "examples/echo" } })
    s:freeze(book.monday)
    org, other = s:demo(), s:organization("elsewhere")
    c = org.client
    single = book.services(c, org)
    slot = book.slots(c, org, single.slug, book.day(3), book.day(6))[1]
  end)
  before_each(function() s:advance(60) end) -- each test has its minute
  teardown(function() s:stop() end)

  local post = book.public .. "/bookings"
  local list = book.prefix .. "/bookings"

  local function answers(status, kind, r)
    assert.same({ status, kind }, { r.status, r:json().type }, r.body)
    assert.equal(status, r:json().status)
    assert.equal("application/json", r.headers["content-type"])
    return r
  end

  it("framing comes before the route", function()
    local r = s:client():post("/nowhere", "x", { ["Content-Length"] = "nonsense" })
    answers(400, "request_error", r)
  end)

  it("the route comes before the key", function()
    answers(404, "not_found", s:client():get("/api/calendar/v1/nowhere"))
    answers(405, "request_error", s:client():delete(post))
    answers(404, "not_found", s:client({ ["x-kordless-key"] = "bad" }):get("/nowhere"))
  end)

  it("the key comes before everything about the organization and the body", function()
    local bad = { ["x-kordless-key"] = "kord_live_no", ["x-organization-id"] = other.id }
    answers(401, "authentication_error", s:client(bad):post(post, "{"))
    answers(401, "authentication_error", s:client():post(post, "{"))
  end)

  it("a wrong organization comes before the content type and the body", function()
    local wrong = c:with({ ["x-organization-id"] = other.id })
    answers(403, "permission_error", wrong:post(post, "{", { ["Content-Type"] = "text/plain" }))
    answers(400, "validation_error", c:post(list, "{", { ["Content-Type"] = "text/plain" }))
  end)

  it("the content type comes before Idempotency-Key, and both before the body", function()
    answers(415, "request_error", c:post(post, "{",
      { ["Content-Type"] = "text/plain", ["Idempotency-Key"] = "" }))
    local r = c:post(post, "{", { ["Content-Type"] = "application/json", ["Idempotency-Key"] = "ü" })
    answers(400, "validation_error", r)
    assert.truthy(r:json().detail:find("Idempotency-Key", 1, true))
    for _, kind in ipairs({ "application/json; charset=utf-8", "Application/JSON" }) do
      answers(400, "validation_error", c:post(post, "{", { ["Content-Type"] = kind }))
    end
  end)

  it("fields come before slugs, slugs before rules, rules before the slot", function()
    answers(400, "validation_error", book.create(c, { slug = "nobody" }, single.slug, slot,
      { timezone = "Nowhere" }))
    answers(404, "not_found", book.create(c, org, "nothing", slot, { party_size = 9 }))
    assert.equal(201, book.create(c, org, single.slug, slot).status)
    answers(422, "unprocessable_error", book.create(c, org, single.slug, slot, { party_size = 9 }))
    answers(409, "conflict_error", book.create(c, org, single.slug, slot))
  end)

  it("limits come after the key and before the organization", function()
    for _ = 1, 100 do c:get("/api/calendar/v1/public/org/x") end
    local r = c:with({ ["x-organization-id"] = other.id }):post(post, "{")
    answers(429, "rate_limit_error", r)
    answers(401, "authentication_error", c:with({ ["x-kordless-key"] = "x" }):post(post, "{"))
    answers(404, "not_found", c:get("/nowhere"))
  end)

  it("what passed the key carries limits, what did not carries none", function()
    assert.is_nil(s:client():get(list).headers["ratelimit"])
    for _, r in ipairs({ c:get(list), c:post(post, "{"), c:get(book.public .. "/org/none") }) do
      assert.truthy(r.headers["x-ratelimit-limit"])
      assert.truthy(r.headers["ratelimit-policy"])
    end
  end)
end)
