-- Tags of keys: words for people, and for quota.lua.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")

local P = "/api/platform/v1"

local policy = [[
local quota = { reads = { "tags" } }
function quota.limits(key)
  return {
    per_minute = key.tags.partner and 50 or key.tags["beta-2"] and 7 or 5,
    per_hour = 1000, per_day = 10000,
  }
end
quota.tests = {
  ["a partner has more"] = function()
    assert(quota.limits({ tags = { partner = true } }).per_minute == 50)
  end,
}
return quota
]]

describe("tags of a key", function()
  local s, admin, org, at
  setup(function()
    s = server.start({ scripts = { ["quota.lua"] = policy } })
    s:freeze(book.monday)
    admin = client.admin(s)
    org = s:organization("acme")
    at = P .. "/organizations/" .. org.id .. "/api-keys"
  end)
  teardown(function() s:stop() end)

  local function make(tags)
    local r = admin:post(at, { label = "tagged", tags = tags })
    assert.equal(201, r.status, r.body)
    return r:json().api_key
  end
  local function patch(key, body)
    local r = admin:patch(P .. "/api-keys/" .. key.id, body)
    assert.equal(200, r.status, r.body)
    return r:json().api_key
  end
  local function show(key) return admin:get(P .. "/api-keys/" .. key.id):json().api_key end
  local function explain(key)
    return admin:get(P .. "/api-keys/" .. key.id .. "/quota"):json().quota
  end
  local function minute(key)
    return s:client({ ["x-kordless-key"] = key.key }):get(book.public .. "/org/acme")
      .headers["x-ratelimit-limit"]
  end

  it("are shown in their order, each once, wherever the key is", function()
    local key = make({ "partner", "beta-2", "a", "partner" })
    local all = { "a", "beta-2", "partner" }
    assert.same(all, key.tags)
    assert.same(all, show(key).tags)
    local plain = make()
    assert.same({}, plain.tags)
    for _, one in ipairs(admin:get(at):json().api_keys) do
      if one.id == key.id then assert.same(all, one.tags) end
    end
    assert.truthy(admin:get(P .. "/api-keys/" .. plain.id).body:find('"tags":[]', 1, true))
  end)

  it("stay unless they are named, and go with null or an empty list", function()
    local key = make({ "partner" })
    assert.same({ "partner" }, patch(key, { note = "x" }).tags)
    assert.same({ "new" }, patch(key, { tags = { "new" } }).tags)
    assert.same({}, patch(key, { tags = http.null }).tags)
    patch(key, { tags = { "new" } })
    assert.same({}, patch(key, { tags = setmetatable({}, { __jsontype = "array" }) }).tags)
    assert.same({}, show(key).tags)
  end)

  it("that are none are refused by name, and nothing is changed", function()
    local key = make({ "partner" })
    local many, long = {}, ("x"):rep(33)
    for i = 1, 17 do many[i] = "t" .. i end
    for _, case in ipairs({
      { { "fine", "Not" }, "tags[2] must be a tag" }, { { "" }, "tags[1]" },
      { { "-a" }, "tags[1]" }, { { long }, "tags[1]" }, { { "a b" }, "tags[1]" },
      { { 7 }, "tags[1]" }, { many, "tags" }, { "partner", "tags must be" },
      { { partner = true }, "tags must be" },
    }) do
      for _, ask in ipairs({ { "POST", at }, { "PATCH", P .. "/api-keys/" .. key.id } }) do
        local r = admin:request({ method = ask[1], path = ask[2],
          body = { label = "refused", tags = case[1] } })
        assert.same({ 400, "validation_error" }, { r.status, r:json().type }, r.body)
        assert.truthy(r:json().detail:find(case[2], 1, true), r:json().detail)
      end
    end
    assert.same({ "tagged", "partner" }, { show(key).label, show(key).tags[1] })
    assert.is_nil(admin:get(at .. "?q=refused"):json().api_keys[1])
    assert.equal(16, #make({ table.unpack(many, 1, 16) }).tags)
  end)

  it("reach quota.lua as a set, from the first answer after a change", function()
    local key = make({ "beta-2", "other" })
    assert.equal("7", minute(key))
    patch(key, { tags = { "partner", "beta-2" } })
    assert.equal("50", minute(key))
    patch(key, { tags = http.null })
    assert.equal("5", minute(key))
  end)

  it("are told by explain, and diff goes by them", function()
    local key = make({ "partner", "beta-2" })
    assert.same({ tags = { "beta-2", "partner" } }, explain(key).reads)
    assert.equal(50, explain(key).limits[1].limit)
    assert.truthy(admin:get(P .. "/api-keys/" .. make().id .. "/quota").body
      :find('"reads":{"tags":[]}', 1, true))
    local fewer = policy:gsub("50 or", "40 or"):gsub("== 50", "== 40")
    local diff = admin:post(P .. "/quota/diff", { source = fewer }):json().diff
    local tagged = 0
    for _, one in ipairs(admin:get(at .. "?limit=100"):json().api_keys) do
      for _, tag in ipairs(one.tags) do
        if tag == "partner" then tagged = tagged + 1 end
      end
    end
    assert.is_true(tagged > 0)
    assert.same({ tagged, 0 }, { diff.tighter, diff.looser })
  end)

  it("go on with a rotation and over a restart", function()
    local key = make({ "partner" })
    local r = admin:post(P .. "/api-keys/" .. key.id .. "/rotate", { grace_seconds = 60 })
    assert.equal(201, r.status, r.body)
    local new = r:json().api_key
    assert.same({ { "partner" }, "50" }, { new.tags, minute(new) })
    s:restart("KILL")
    s:freeze(book.monday)
    admin = client.admin(s)
    assert.same({ { "partner" }, "50" }, { show(new).tags, minute(new) })
  end)

  it("stand in the audit", function()
    local key = make({ "partner", "a" })
    patch(key, { tags = { "b" } })
    patch(key, { tags = http.null })
    local told = {}
    for _, row in ipairs(admin:get(P .. "/audit" .. http.query({ object = key.id })):json().audit) do
      told[#told + 1] = row.detail.changed and row.detail.changed.tags or false
    end
    assert.same({ http.null, { "b" }, { "a", "partner" } }, told)
  end)

  it("are put on and taken off by the command line", function()
    local made = s:tell("key", "create", "--org", "acme", "--label", "desk", "--tag", "partner",
      "--tag=beta-2")
    assert.same({ "beta-2", "partner" }, made.tags)
    assert.same({ "x" }, s:tell("key", "set", made.id, "--tag", "x").tags)
    assert.same({ "x" }, s:tell("key", "set", made.id, "--label", "y").tags)
    local code, out = s:cli("key", "show", made.id)
    assert.equal(0, code)
    assert.truthy(out:find('tags[^\n]*%["x"%]'), out)
    assert.same({}, s:tell("key", "set", made.id, "--no-tags").tags)
    local refused, _, why = s:cli("key", "set", made.id, "--tag", "Not")
    assert.equal(1, refused)
    assert.truthy(why:find("tags[1] must be a tag", 1, true), why)
    local words = { "key", "set", made.id }
    for i = 1, 17 do words[#words + 1] = "--tag=t" .. i end
    refused, _, why = s:cli(table.unpack(words))
    assert.equal(2, refused)
    assert.truthy(why:find("--tag is given more than 16 times", 1, true), why)
  end)
end)
