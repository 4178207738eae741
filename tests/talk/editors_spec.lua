-- Two people who change the same service, host, team or hours at once: who names the version it had
-- is told when it is another by now; who names none changes it whatever it is.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local desks = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")

local P = book.prefix
local HOURS = { timezone = "UTC", weekly = { mon = { { "09:00", "12:00" } } } }

describe("the second editor", function()
  local s, org, desk, c
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    desk = desks.of(org)
    c = desk.client
  end)
  teardown(function() s:stop() end)

  local function service() return desk:get("/services/consultation").service end
  local function hours() return c:get(P .. "/schedules/service/consultation") end
  local function patch(version, body)
    return c:patch(P .. "/services/consultation", body, { ["If-Match"] = version })
  end
  local function put(version, body)
    return c:put(P .. "/schedules/service/consultation", body or HOURS, { ["If-Match"] = version })
  end
  local function is_late(r)
    assert.same({ 412, "request_error", "precondition_failed" },
      { r.status, r:json().type, r:json().code }, r.body)
  end

  it("of a service is told, and nothing of theirs stands", function()
    local before = service()
    local tag = '"' .. before.version .. '"'
    local r = patch(tag, { name = "First" })
    assert.same({ 200, "First", before.version + 1, '"' .. before.version + 1 .. '"' },
      { r.status, r:json().service.name, r:json().service.version, r.headers.etag })
    is_late(patch(tag, { name = "Second" }))
    is_late(patch('"0", W/' .. r.headers.etag, { name = "Second" }))
    is_late(c:delete(P .. "/services/consultation", nil, { ["If-Match"] = tag }))
    assert.same({ "First", "active" }, { service().name, service().status })
    assert.equal(200, patch("*", { name = "Again" }).status)
    local among = patch('"0", "' .. service().version .. '"', { name = "Third" })
    assert.equal(200, among.status)
    assert.same(among:json(), patch(among.headers.etag, { name = "Third" }):json())
    assert.equal(200, patch(nil, { name = before.name }).status)
    assert.equal(400, patch("3", { name = "Not" }).status)
    assert.equal(before.name, service().name)
  end)

  it("of a service is anybody who changes it, by its hosts too", function()
    local host = desk:post("/hosts", { displayName = "Short", timezone = "UTC" }).host.id
    local made = desk:post("/services", { name = "Walk", slug = "walk", duration = 30,
      host_ids = { host }, calendarSettings = { timezone = "UTC" } }).service
    assert.equal(1, made.version)
    desk:delete("/hosts/" .. host)
    assert.equal(2, desk:get("/services/walk").service.version)
    desk:delete("/services/walk")
    assert.equal(3, desk:get("/services/walk").service.version)
  end)

  it("of hours is told, also when they went and came again", function()
    is_late(put("*")) -- there are none yet
    is_late(put('"1"'))
    assert.equal(404, hours().status)
    local first = put(nil)
    assert.same({ 200, hours().headers.etag }, { first.status, first.headers.etag })
    assert.equal(first.headers.etag, '"' .. first:json().schedule.version .. '"')
    local tag = first.headers.etag
    local second = put(tag, { timezone = "UTC", weekly = { tue = { { "10:00", "11:00" } } } })
    assert.equal(200, second.status)
    is_late(put(tag))
    is_late(c:delete(P .. "/schedules/service/consultation", nil, { ["If-Match"] = tag }))
    assert.same(second:json(), hours():json())
    assert.equal(204, c:delete(P .. "/schedules/service/consultation", nil,
      { ["If-Match"] = second.headers.etag }).status)
    is_late(put(second.headers.etag))
    local again = put(nil)
    for _, old in ipairs({ tag, second.headers.etag }) do
      assert.is_false(again.headers.etag == old)
      is_late(put(old))
    end
    desk:delete("/schedules/service/consultation")
  end)

  local function host(name)
    return desk:post("/hosts", { displayName = name, timezone = "UTC" }).host
  end
  local function team(...)
    return desk:post("/teams", { name = "Crew", members = { ... } }).team
  end

  it("of a host or a team is told, and nothing of theirs stands", function()
    local one = host("One")
    for kind, made in pairs({ host = one, team = team({ host_id = one.id }) }) do
      local path, name = P .. "/" .. kind .. "s/" .. made.id, kind == "host" and "displayName" or "name"
      local function change(to, version)
        return c:patch(path, { [name] = to }, { ["If-Match"] = version })
      end
      assert.same({ 1, '"1"' }, { made.version, c:get(path).headers.etag })
      local r = change("First", '"1"')
      assert.same({ 200, "First", 2, '"2"' },
        { r.status, r:json()[kind][name], r:json()[kind].version, r.headers.etag }, r.body)
      is_late(change("Second", '"1"'))
      is_late(change("Second", '"0", W/"2"'))
      is_late(c:delete(path, nil, { ["If-Match"] = '"1"' }))
      assert.same(r:json(), c:get(path):json())
      assert.same(r:json(), change("First", '"0", "2"'):json()) -- which changes nothing
      assert.equal(400, change("Third", "2").status)
      assert.same({ 3, 4 }, { change("Third", "*"):json()[kind].version,
        change("Fourth"):json()[kind].version })
      assert.equal(404, c:patch(path .. "0", { [name] = "X" }, { ["If-Match"] = '"1"' }).status)
    end
  end)

  it("of a team is anybody who changes who is in it, by taking a host away, too", function()
    local one, two = host("One"), host("Two")
    local made = team({ host_id = one.id, weight = 2 }, { host_id = two.id })
    local function members(...)
      return desk:patch("/teams/" .. made.id, { members = { ... } }).team.version
    end
    assert.equal(1, members({ host_id = two.id }, { host_id = one.id, weight = 2 }))
    assert.equal(2, members({ host_id = two.id }, { host_id = one.id }))
    desk:delete("/hosts/" .. two.id)
    assert.equal(3, desk:get("/teams/" .. made.id).team.version)
    is_late(c:delete(P .. "/teams/" .. made.id, nil, { ["If-Match"] = '"2"' }))
    assert.equal(204, c:delete(P .. "/teams/" .. made.id, nil, { ["If-Match"] = '"3"' }).status)
  end)

  it("is all but one of 24 who mean the same version", function()
    local one = host("One")
    local all = { ["/services/consultation"] = service().version, ["/hosts/" .. one.id] = one.version,
      ["/teams/" .. team({ host_id = one.id }).id] = 1 }
    for path, version in pairs(all) do
      local asked, tally = {}, {}
      for i = 1, 24 do
        asked[i] = c:bytes({ method = "PATCH", path = P .. path,
          headers = { ["If-Match"] = '"' .. version .. '"', ["Content-Type"] = "application/json" },
          body = { description = "By " .. i, email = i .. "@example.com" } })
      end
      for _, r in ipairs(client.many(s, asked)) do tally[r.status] = (tally[r.status] or 0) + 1 end
      assert.same({ [200] = 1, [412] = 23 }, tally, path)
    end
  end)

  it("is noted by what changed, not by the number", function()
    assert.equal(200, patch(nil, { name = "Noted" }).status)
    local rows = client.admin(s):get("/api/platform/v1/audit?object=" .. service().id):json().audit
    assert.is_nil(rows[1].detail.changed.version)
    assert.equal("Noted", rows[1].detail.changed.name.to)
  end)
end)
