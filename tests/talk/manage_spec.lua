-- Keys, organizations and quotas on the command line, beside a server and without one.

local book = require("tests.talk.support.book")
local server = require("tests.talk.support.server")
local shell = require("tests.talk.support.shell")

for _, running in ipairs({ true, false }) do
  describe(running and "beside a server" or "without a server", function()
    local s
    setup(function()
      s = server.start()
      if not running then
        s:kill("TERM")
        s:wait()
      end
      s:tell("org", "create", "--slug", "acme", "--name", "Acme", "--plan", "large",
        "--metadata", '{"vip":true}')
    end)
    teardown(function()
      if running then s:stop() else s:forget() end
    end)

    local function fails(code, ...)
      local got, out, err = s:cli(...)
      assert.equal(code, got, out .. err)
      return err
    end

    it("shows, lists, changes, suspends and resumes an organization", function()
      local org = s:tell("org", "show", "acme")
      assert.same({ "Acme", "large", { vip = true }, false },
        { org.name, org.plan, org.metadata, org.suspended })
      s:tell("org", "create", "--slug", "beta", "--name", "Beta")
      local list = s:tell("org", "list", "--q", "acm")
      assert.same({ "acme", 1 }, { list[1].slug, #list })
      org = s:tell("org", "set", "acme", "--name", "New", "--per-day", "500", "--reason", "trial")
      assert.same({ "New", { per_day = 500, reason = "trial" } }, { org.name, org.limits })
      assert.is_true(s:tell("org", "suspend", "acme").suspended)
      local _, out = s:cli("org", "list")
      assert.truthy(out:find("acme .* suspended"), out)
      assert.is_false(s:tell("org", "resume", "acme").suspended)
      assert.truthy(select(2, s:cli("org", "show", "acme")):find("per_day", 1, true))
      fails(1, "org", "show", "nobody")
      fails(2, "org", "show")
      fails(1, "org", "set", "acme", "--per-day", "many")
    end)

    it("shows, changes, rotates and revokes a key", function()
      local made = s:key("acme", "desk", "--note", "by the door", "--scopes",
        "services:read, bookings:read", "--expires-at", "2040-01-01T00:00:00Z")
      local shown = s:tell("key", "show", made.last4, "--org", "acme")
      assert.same({ made.id, "by the door", { "bookings:read", "services:read" }, "active" },
        { shown.id, shown.note, shown.scopes, shown.status })
      assert.is_nil(shown.key)
      local changed = s:tell("key", "set", made.id, "--label", "till", "--note", "none", "--scopes",
        "none", "--per-minute", "7", "--reason", "a leak", "--until", "2039-01-01T00:00:00Z")
      assert.same({ "till", 9, { per_minute = 7, reason = "a leak", ["until"] = "2039-01-01T00:00:00Z" } },
        { changed.label, #changed.scopes, changed.limits })
      local quota = s:tell("quota", "explain", made.last4, "--org", "acme")
      assert.same({ 7, "override", 1000, "policy" }, { quota.limits[1].limit, quota.limits[1].from,
        quota.limits[2].limit, quota.limits[2].from })
      local _, out = s:cli("quota", "explain", made.id)
      assert.truthy(out:find("key%-minute +7 +0 +7 +0 +override +a leak until 2039"), out)
      assert.equal(require("tests.talk.support.http").null,
        s:tell("key", "set", made.id, "--no-limits").limits)
      local next_key = s:tell("key", "rotate", made.id, "--grace", "60")
      assert.same({ made.id, 48 }, { next_key.rotated_from, #next_key.key })
      local revoked = s:tell("key", "revoke", next_key.id, "--yes", "--reason", "lost")
      assert.same({ "revoked", "lost" }, { revoked.status, revoked.revoke_reason })
      local list = s:tell("key", "list", "--org", "acme", "--q", "till", "--created-by", "operator")
      assert.equal(2, #list)
      fails(1, "key", "rotate", made.id)
      fails(2, "key", "show", made.last4)
      fails(2, "key", "show", "no key")
      fails(1, "key", "set", made.id, "--scopes", "root")
    end)

    it("says whom another policy would treat otherwise", function()
      s:key("acme", "watch me")
      local file = s.dir .. "/new.lua"
      shell.write(file, (shell.read("scripts/quota.lua"):gsub("per_minute = 100,", "per_minute = 5,")))
      local diff = s:tell("quota", "diff", file)
      assert.is_true(diff.tighter >= 1)
      assert.same({ 0, 5, 100 }, { diff.looser, diff.first[1].to.per_minute,
        diff.first[1].from.per_minute })
      assert.truthy(select(2, s:cli("quota", "diff", file)):find("watch me", 1, true))
      shell.write(file, "return {")
      assert.truthy(fails(1, "quota", "diff", file):find("quota.lua:1:", 1, true))
      fails(2, "quota", "diff", s.dir .. "/none.lua")
      fails(2, "quota", "diff")
    end)
  end)
end

describe("what was done without a server", function()
  it("holds when one starts", function()
    local s = server.start()
    finally(function() s:stop() end)
    local org = s:organization("acme")
    s:kill("TERM")
    s:wait()
    s:tell("org", "suspend", "acme")
    s:spawn()
    local r = s:client({ ["x-kordless-key"] = org.key }):get(book.public .. "/org/acme")
    assert.same({ 403, "organization_suspended" }, { r.status, r:json().code })
  end)
end)
