-- The decision log: what the operator's policies refused, changed and let pass, a line each.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

local rules = [[
local booking = {}
function booking.offer(request)
  local refused = {}
  for i = 1, request.n do
    if request.party_size > 2 then
      refused[i] = { code = "x_large", message = "Call +1 212 555 0199 or sales@example.com." }
    end
  end
  return refused
end
function booking.price(request) return request.service.slug == "consultation" and 9900 or nil end
function booking.customer(request)
  if request.customer.upcoming >= 2 then return "Two at a time." end
end
function booking.cancel(request) error("no cancel for " .. request.service.slug) end
return booking
]]

describe("the decision log", function()
  local s, org, c
  local function serve(sample)
    s = server.start({ scripts = { ["quota.lua"] = book.no_limits["quota.lua"],
      ["booking.lua"] = rules, ["kordless.lua"] = server.settings("decision_sample = " .. sample) } })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
  end
  after_each(function() s:stop() end)

  -- The lines, once the answer to the last request stands among them or `n` are there.
  local function lines(n)
    local list
    local function read()
      list = {}
      for line in (shell.read(s.data .. "/decisions.jsonl") or ""):gmatch("[^\n]+") do
        list[#list + 1] = assert(http.json.decode(line, 1, http.null), line)
      end
      return #list >= n
    end
    for _ = 1, 3000 do
      if read() then break end
      require("socket").sleep(0.01)
    end
    assert.equal(n, #list)
    return list
  end

  local function slots(service, more)
    return book.slots(c, org, service, book.day(3), book.day(6), more)
  end

  it("has refusals, changes and failures, with who asked masked", function()
    serve(0)
    local slot = slots("consultation")[1]
    local made = book.create(c, org, "consultation", slot, { party_size = 1 })
    assert.equal(201, made.status, made.body)
    local r = c:get(book.public .. "/availability" .. http.query({ org_slug = org.slug,
      service_slug = "group-class", from = book.day(1), to = book.day(9), partySize = 3 }))
    assert.same({}, r:json().slots)
    local number = made:json().booking.confirmation_number
    local canceled = s:client():post(book.confirmation(number, "/cancel"))
    assert.same({ 503, "policy_failed" }, { canceled.status, canceled:json().code })

    local list = lines(3)
    local price, offer, cancel = list[1], list[2], list[3]
    assert.same({ "changed", "booking", "price", 9900, "bookings" },
      { price.decision, price.policy, price.rule, price.result, price.plugin })
    assert.equal(made.headers["x-request-id"], price.request_id)
    assert.equal(org.id, price.organization_id)
    assert.equal(made:json().booking.policy or price.hash, price.hash)
    assert.truthy(price.hash:find("^%x+$") and #price.hash == 16)
    assert.is_true(price.instructions > 0 and price.microseconds >= 0)
    assert.equal("2031-06-02T13:00:00Z", price.at)
    assert.same({ "refused", "offer", 3 }, { offer.decision, offer.rule, offer.inputs.party_size })
    assert.equal("***", offer.result[1].message) -- a number to call, an address
    assert.equal("x_large", offer.result[1].code)
    assert.truthy(tostring(offer.inputs.starts[#offer.inputs.starts]):find("more"))
    assert.same({ "failed", "cancel" }, { cancel.decision, cancel.rule })
    assert.truthy(cancel.why:find("booking.lua:%d+: no cancel for consultation"), cancel.why)
    assert.is_nil(cancel.result)
  end)

  it("says of an answer that is none that it failed, behind what it was", function()
    serve(0)
    s:write_script("booking.lua", [[
return {
  offer = function() return "closed" end,
}
]])
    assert.equal(0, (s:cli("reload")))
    local slot = { startsAt = "2031-06-05T14:00:00Z", endsAt = "2031-06-05T14:30:00Z" }
    local r = book.create(c, org, "consultation", slot)
    assert.same({ 503, "policy_failed" }, { r.status, r:json().code })
    local list = lines(2)
    assert.same({ "refused", "offer", "closed" }, { list[1].decision, list[1].rule, list[1].result })
    local failed = list[2]
    assert.same({ "failed", "booking", "offer", list[1].plugin },
      { failed.decision, failed.policy, failed.rule, failed.plugin })
    assert.truthy(failed.why:find("it must return a table", 1, true), failed.why)
    assert.equal(r.headers["x-request-id"], failed.request_id)
    assert.same(list[1].inputs, failed.inputs)
    assert.same({ list[1].hash, nil }, { failed.hash, failed.result })
  end)

  it("never has a person's name, address or number", function()
    serve(1)
    for i = 1, 3 do
      local r = book.create(c, org, "consultation", slots("consultation")[1],
        { notes = "a private word" })
      assert.equal(i < 3 and 201 or 422, r.status, r.body)
    end
    local text = shell.read(s.data .. "/decisions.jsonl")
    for _ = 1, 3000 do -- the last line is on its way
      if text:find('"refused"', 1, true) then break end
      require("socket").sleep(0.01)
      text = shell.read(s.data .. "/decisions.jsonl")
    end
    assert.truthy(text:find('"rule":"customer"', 1, true))
    assert.truthy(text:find('"upcoming":2', 1, true))
    for _, private in ipairs({ "ovelace", "@", "example.com", "2125550100", "private word" }) do
      assert.is_nil(text:find(private, 1, true), private)
    end
  end)

  it("has one line for so many that were let pass", function()
    serve(3)
    for _ = 1, 7 do slots("group-class", { partySize = 2 }) end
    local r = client.admin(s):get("/api/platform/v1/decisions")
    assert.equal(200, r.status, r.body)
    local list = r:json().decisions
    -- two workers count for themselves
    assert.is_true(#list >= 1 and #list <= 2, r.body)
    for _, line in ipairs(list) do
      assert.same({ "allowed", "offer", 3 }, { line.decision, line.rule, line.stands_for })
    end
    assert.equal(0, r:json().dropped)
  end)

  it("is shown to operators alone", function()
    serve(1)
    slots("group-class")
    assert.equal(401, c:get("/api/platform/v1/decisions").status)
    assert.equal(1, #client.admin(s):get("/api/platform/v1/decisions"):json().decisions)
    assert.equal("600\n", select(2, shell.run({ "stat", "-c", "%a", s.data .. "/decisions.jsonl" })))
  end)
end)
