-- Everything in examples/ does what its first lines say. A server starts only when the tests
-- inside a policy hold.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local sql = require("tests.talk.support.sql")

local function policy(name)
  return shell.read("examples/policies/" .. name .. ".lua")
end

describe("the example notes", function()
  local s, org, other, c
  setup(function()
    s = server.start({ load = { "examples/notes" } })
    s:freeze(book.monday)
    org, other = s:organization("acme"), s:organization("elsewhere")
    c = org.client
  end)
  teardown(function() s:stop() end)

  local function texts(caller)
    local list = {}
    for i, note in ipairs(caller:get("/notes"):json().notes) do list[i] = note.text end
    return table.concat(list, " ")
  end

  -- How many the hook has logged, once it is as many as that.
  local function kept(least)
    for _ = 1, 3000 do
      local _, n = s:log():gsub("event=note_kept", "")
      if n >= least then return n end
      require("socket").sleep(0.01)
    end
    error("the hook did not run")
  end

  it("keeps notes, newest first, each organization its own", function()
    assert.equal('{"notes":[]}', c:get("/notes").body)
    local r = c:post("/notes", { text = "one" })
    assert.equal(201, r.status, r.body)
    assert.equal(book.monday, r:json().note.created_at)
    s:advance(1)
    assert.equal(201, c:post("/notes", { text = "two" }).status)
    assert.equal("two one", texts(c))
    assert.equal("", texts(other.client))
    assert.equal(2, kept(2))
    assert.truthy(s:client():get("/metrics").body:find("\nkordless_plugin_notes_kept_total 2\n"))
    s:restart("KILL")
    s:freeze("2031-06-02T13:10:00Z")
    assert.equal("two one", texts(c))
  end)

  it("refuses what is no note", function()
    for _, body in ipairs({ {}, { text = 7 }, { text = " " }, { text = ("x"):rep(2001) } }) do
      assert.equal(400, c:post("/notes", body).status)
    end
    assert.equal(401, s:client():get("/notes").status)
  end)

  it("repeats its answer for a repeated request, and logs once", function()
    local once = { ["Idempotency-Key"] = "k1" }
    local before = kept(0)
    local first = other.client:post("/notes", { text = "once" }, once)
    local again = other.client:post("/notes", { text = "once" }, once)
    assert.same({ 201, first.body }, { again.status, again.body })
    assert.equal("once", texts(other.client))
    assert.equal(before + 1, kept(before + 1))
  end)

  it("keeps a hundred, and no more", function()
    local narrow = s:organization("full").client
    for i = 1, 100 do
      if i == 60 then s:advance(61) end
      assert.equal(201, narrow:post("/notes", { text = "n" .. i }).status)
    end
    local r = narrow:post("/notes", { text = "more" })
    assert.same({ 422, "too_many_notes" }, { r.status, r:json().code })
    assert.truthy(r.headers["x-ratelimit-limit"])
  end)
end)

describe("the example policy", function()
  local s, org, c
  local function serve(text, file)
    s = server.start({ scripts = { ["quota.lua"] = book.no_limits["quota.lua"],
      [file or "booking.lua"] = text } })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
  end
  after_each(function() s:stop() end)

  local function slots(service, from, to, more)
    return book.slots(c, org, service, book.day(from), book.day(to), more)
  end

  local function find(list, time)
    for _, slot in ipairs(list) do
      if slot.startsAt:find(time, 1, true) then return slot end
    end
    error("no slot at " .. time)
  end

  local function refused(code, service, slot, more)
    local r = book.create(c, org, service, slot, more)
    assert.equal(422, r.status, r.body)
    assert.equal(code, r:json().violations[1].code, r.body)
  end

  it("peak_pricing makes an evening dearer", function()
    serve(policy("peak_pricing"))
    local list = slots("consultation", 3, 4)
    local morning, evening = find(list, "T14:00"), find(list, "T20:00")
    assert.equal(201, book.create(c, org, "consultation", morning).status)
    assert.equal(201, book.create(c, org, "consultation", evening).status)
    assert.equal("4500\n5400\n", sql.read(s, "SELECT price FROM booking ORDER BY start_at"))
  end)

  it("customer_limits bounds places, days ahead and moves", function()
    serve(policy("customer_limits"))
    local class = slots("group-class", 1, 7)[1]
    refused("x_too_many_places", "group-class", class, { party_size = 3 })
    assert.same({}, slots("group-class", 1, 7, { partySize = 3 }))
    assert.equal(201, book.create(c, org, "group-class", class, { party_size = 2 }).status)
    assert.same({}, slots("consultation", 15, 20))
    local slot = slots("consultation", 2, 5)[1]
    refused("x_too_early_to_book", "consultation", { startsAt = book.day(21, slot.startsAt),
      endsAt = book.day(21, slot.endsAt) })
    local made = book.create(c, org, "consultation", slot):json().booking
    assert.is_string(made.id)
  end)

  it("customer_limits counts what a person has ahead, also when all is asked at once", function()
    serve(policy("customer_limits"))
    local list, tally = {}, {}
    for i, slot in ipairs(slots("consultation", 2, 6)) do
      if i <= 16 then
        list[i] = c:bytes({ method = "POST", path = book.public .. "/bookings",
          body = book.body(org, "consultation", slot) })
      end
    end
    for _, r in ipairs(client.many(s, list)) do tally[r.status] = (tally[r.status] or 0) + 1 end
    assert.equal(2, tally[201])
    assert.equal(14, (tally[422] or 0) + (tally[409] or 0)) -- 409: three others came first
    refused("x_too_many_bookings", "consultation", slots("consultation", 7, 9)[1])
    local phone = { name = "A.", phone = "+1 212-555-0100" } -- the same person
    refused("x_too_many_bookings", "consultation", slots("consultation", 7, 9)[1], { contact = phone })
    local another = { name = "Ben", email = "ben@example.com" }
    assert.equal(201, book.create(c, org, "consultation", slots("consultation", 7, 9)[1],
      { contact = another }).status)
    sql.change(s, book.monday, "UPDATE booking SET outcome = 'no_show';"
      .. " INSERT INTO booking SELECT id || n, organization_id, service_id, host_id, team_id, session,"
      .. " 'canceled', start_at, end_at, timezone, party_size, contact_name, contact_email,"
      .. " contact_phone, email_folded, phone_digits, notes, price, currency, outcome, policy,"
      .. " ics_hash || n, sequence, created_at, updated_at, canceled_at, version, NULL"
      .. " FROM booking, (SELECT 1 AS n UNION SELECT 2) WHERE email_folded = 'ben@example.com'")
    refused("x_call_us", "group-class", slots("group-class", 1, 7)[1], { contact = another })
  end)

  it("quotas gives by plan and environment", function()
    serve(policy("quotas"), "quota.lua")
    s:tell("org", "create", "--slug", "vip", "--name", "Vip", "--plan", "vip")
    local function per_minute(slug, environment)
      local key = s:key(slug, "x", "--environment", environment).key
      local r = s:client({ ["x-kordless-key"] = key }):get(book.public .. "/org/" .. slug)
      return r.headers["x-ratelimit-limit-minute"] or r.headers["x-ratelimit-limit"]
    end
    assert.equal("1000", per_minute("vip", "production"))
    assert.equal("30", per_minute("vip", "development"))
    assert.equal("100", per_minute(org.slug, "production"))
    assert.equal("30", per_minute(org.slug, "development"))
  end)

  it("deny_list takes slots away and says why", function()
    serve(policy("deny_list"))
    assert.same({}, slots("group-class", 1, 7))
    local denied = slots("consultation", 2, 3)[1]
    for _, slot in ipairs(slots("consultation", 1, 7)) do
      assert.is_nil(slot.startsAt:find("2031-06-05T1", 1, true))
    end
    local r = book.create(c, org, "consultation", { startsAt = book.day(1, denied.startsAt),
      endsAt = book.day(1, denied.endsAt) })
    assert.equal(422, r.status)
    assert.equal("x_denied", r:json().violations[1].code)
    assert.equal("We move on June 5. Please choose another day.", r:json().violations[1].message)
  end)

  it("round_robin_by_skill offers who can, in turns", function()
    serve(policy("round_robin_by_skill"))
    assert.same({}, slots("consultation", 1, 7)) -- none of its hosts is known here
    s:write_script("booking.lua", "return {}")
    s:restart()
    s:freeze(book.monday)
    local seen, ids = {}, {}
    for _, slot in ipairs(slots("consultation", 2, 7)) do
      if not seen[slot.hostId] then ids[#ids + 1] = slot.hostId end
      seen[slot.hostId] = slot
    end
    table.sort(ids)
    local text = policy("round_robin_by_skill")
    for i, id in ipairs(ids) do text = text:gsub("host_0+" .. i .. "%f[%D]", id) end
    s:write_script("booking.lua", text)
    s:restart()
    s:freeze(book.monday)
    local first = {}
    for day = 1, 4 do
      local list = slots("consultation", day, day + 1)
      for _, slot in ipairs(list) do assert.is_not_equal(ids[3], slot.hostId) end
      local both = {}
      for _, slot in ipairs(list) do
        both[slot.startsAt] = both[slot.startsAt] or {}
        table.insert(both[slot.startsAt], slot.hostId)
      end
      for _, hosts in pairs(both) do
        if #hosts == 2 then first[hosts[1]] = true end
      end
    end
    assert.is_true(first[ids[1]] and first[ids[2]])
    refused("x_not_their_skill", "consultation", seen[ids[3]])
  end)
end)

describe("an example", function()
  it("that can be tried is listed in examples/README.md", function()
    local readme = shell.read("examples/README.md")
    local pipe = io.popen("ls -d examples/*/ examples/policies/*.lua")
    for path in pipe:lines() do
      local name = path:gsub("^examples/", "")
      assert.truthy(readme:find("`" .. name .. "`", 1, true), name)
    end
    pipe:close()
  end)
  it("of a policy says how to install it", function()
    local pipe = io.popen("ls examples/policies/*.lua")
    for path in pipe:lines() do
      local head = shell.read(path):match("^[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n")
      assert.truthy(head:find("Install: copy this file", 1, true), path)
    end
    pipe:close()
  end)
end)
