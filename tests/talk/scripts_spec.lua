-- The scripts that run can be read by operators, and status tells of the last reload.

local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

local P = "/api/platform/v1"

describe("the scripts of a server", function()
  local s, admin
  before_each(function()
    s = server.start()
    s:freeze("2031-06-02T13:00:00Z")
    admin = client.admin(s)
  end)
  after_each(function()
    admin.conn:close()
    s:stop()
  end)

  local function scripts() return admin:get(P .. "/scripts"):json() end
  local function status() return admin:get(P .. "/status"):json().status end
  local function named(list, name)
    for _, one in ipairs(list) do
      if one.name == name then return one end
    end
  end

  it("are shown as they run, whatever the disk has meanwhile", function()
    local before = scripts()
    local quota = named(before.scripts, "scripts/quota.lua")
    assert.equal(shell.read(s.scripts .. "/quota.lua"), quota.text)
    assert.equal(status().scripts["quota.lua"], quota.hash)
    assert.same({ status().generation, status().hash }, { before.generation, before.hash })
    for _, one in ipairs(before.scripts) do
      assert.truthy(one.name:find("^scripts/[^/]+$"), one.name)
    end
    s:write_script("quota.lua", quota.text .. "-- edited\n")
    assert.same(before, scripts())
    assert.equal(200, admin:post(P .. "/reload").status)
    local after = scripts()
    assert.equal(before.generation + 1, after.generation)
    assert.equal(quota.text .. "-- edited\n", named(after.scripts, "scripts/quota.lua").text)
  end)

  it("leave word of the last reload, and none of dry runs", function()
    local none = require("tests.talk.support.http").null
    assert.equal(none, status().last_reload)
    local text = shell.read(s.scripts .. "/quota.lua")
    s:write_script("quota.lua", "return {\n oops oops")
    assert.equal(422, admin:post(P .. "/reload", { dry_run = true }).status)
    assert.equal(none, status().last_reload)
    local refused = admin:post(P .. "/reload")
    assert.equal(422, refused.status)
    local last = status().last_reload
    assert.same({ "2031-06-02T13:00:00Z", false, false }, { last.at, last.live, last.rollback })
    assert.same(refused:json().faults, last.faults)
    assert.truthy(table.concat(last.faults, "\n"):find("quota.lua:2:", 1, true))
    s:write_script("quota.lua", text .. "-- mended\n")
    assert.equal(200, admin:post(P .. "/reload").status)
    assert.same({ at = last.at, live = true, rollback = false, faults = {} }, status().last_reload)
    assert.equal(200, admin:post(P .. "/rollback").status)
    assert.is_true(status().last_reload.rollback)
  end)

  it("are for operators alone", function()
    assert.equal(401, s:client():get(P .. "/scripts").status)
    assert.equal(401, s:demo().client:get(P .. "/scripts").status)
  end)
end)
