-- What cannot wait for the store changes nothing in memory either.

local server = require("tests.talk.support.server")

describe("inside a sort", function()
  local s, org
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/sorter" } })
    org = s:organization("acme")
  end)
  teardown(function() s:stop() end)

  local function try(what, id)
    local r = s:client():post(("/sorter/%s/%s"):format(what, id))
    assert.equal(500, r.status, r.body)
    assert.truthy(s:log():find("cannot wait inside a sort", 1, true), s:log())
    assert.equal(200, org.client:get("/api/calendar/v1/public/org/acme").status)
  end

  it("no key is revoked", function()
    local key = s:tell("key", "list", "--org", "acme")[1]
    try("revoke", key.id)
  end)

  it("no organization is suspended", function() try("suspend", org.id) end)
end)
