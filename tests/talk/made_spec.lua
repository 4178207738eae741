-- A key or an organization is there when its making is answered: before, nothing is done to it,
-- and what could not be made leaves nothing.

local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")
local sql = require("tests.talk.support.sql")

local P = "/api/platform/v1"

describe("while keys are made", function()
  local s
  setup(function() s = server.start() end)
  teardown(function() s:stop() end)

  it("those that are not whole yet are listed, or are not there", function()
    local org = s:organization("acme")
    local at = P .. "/organizations/" .. org.id
    local operator = s:client({
      Authorization = "Bearer " .. shell.read(s.data .. "/operator-token"):match("%S+") })
    local newest, asked, answered = org.key_id, 0, {}
    local function ask(i)
      if i <= 8 then
        return { method = "POST", path = at .. "/api-keys", body = { label = "till" } }
      end
      local tail = ({ "", "/limits", "/denials", "/quota" })[i - 12]
      return { path = tail and P .. "/api-keys/" .. newest .. tail
        or at .. (i <= 10 and "/limits?limit=2" or "/api-keys?limit=2") }
    end
    client.crowd(s, 16, function(i)
      asked = asked + 1
      return asked <= 1500 and client.bytes(operator, ask(i)) or nil
    end, function(i, r)
      if i == 11 or i == 12 then newest = r:json().api_keys[1].id end
      answered[r.status] = (answered[r.status] or 0) + 1
    end)
    answered[200], answered[201], answered[404] = nil, nil, nil
    assert.same({}, answered)
  end)
end)

describe("where no more keys can be counted", function()
  local s, admin
  local SIZE = 4 << 20 -- more than the store comes to here

  -- The file of the limits is as long as it may be, and all of it is in use: for another page
  -- of keys there is no room. `used` stands behind 8 bytes of magic and two numbers.
  setup(function()
    s = server.start()
    s:organization("acme")
    s:kill("TERM")
    assert.equal(0, s:wait())
    local path = s.data .. "/limits"
    assert.equal(0, (shell.run({ "truncate", "-s", tostring(SIZE), path })))
    local f = assert(io.open(path, "r+b"))
    f:seek("set", 16)
    f:write(string.pack("<I8", SIZE))
    f:close()
    s.opts.environment = "prlimit --fsize=" .. SIZE .. ":"
    s:spawn()
    admin = client.admin(s)
  end)
  teardown(function() s:stop() end)

  local function fill(make)
    for _ = 1, 200 do
      local r = make()
      if r.status ~= 201 then return r end
    end
    error("there is room for all of them")
  end
  local function make_key()
    return admin:post(P .. "/organizations/acme/api-keys", { label = "till" })
  end

  it("none is made, and none is left in the store", function()
    local r = fill(make_key)
    assert.same({ 503, "storage_unavailable" }, { r.status, r:json().code })
    local count = sql.read(s, "SELECT count(*) FROM api_key")
    assert.equal(503, make_key().status)
    assert.equal(count, sql.read(s, "SELECT count(*) FROM api_key"))
    r = admin:post(P .. "/organizations", { slug = "two", name = "Two" })
    assert.same({ 503, "storage_unavailable" }, { r.status, r:json().code })
    assert.equal(404, admin:get(P .. "/organizations/two").status)
    assert.equal(200, admin:get(P .. "/organizations/acme/limits").status)
    assert.equal(0, (shell.run({ "prlimit", "--pid", tostring(s.pid), "--fsize=unlimited:" })))
    r = admin:post(P .. "/organizations", { slug = "two", name = "Two" })
    assert.equal(201, r.status, r.body)
    assert.equal(201, make_key().status)
  end)
end)
