-- What an organization shows of itself, and who may change it.

local book = require("tests.talk.support.book")
local desks = require("tests.talk.support.desk")
local server = require("tests.talk.support.server")
local sql = require("tests.talk.support.sql")
local http = require("tests.talk.support.http")

describe("an organization", function()
  local s, org, desk, other
  setup(function()
    s = server.start({ scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    desk, other = desks.of(org), desks.of(s:organization("elsewhere"))
  end)
  teardown(function() s:stop() end)

  local bare = { primaryColor = http.null, logo = http.null, companyName = http.null,
    favicon = http.null, ogImage = http.null }
  local function public()
    return org.client:get(book.public .. "/org/" .. org.slug):json().organization
  end
  local function patch(body) return desk:patch("/organization", body).organization end

  it("is shown to itself as to its customers", function()
    local shown = desk:get("/organization").organization
    assert.same(public(), shown)
    assert.same({ org.id, org.slug, http.null, bare },
      { shown.id, shown.slug, shown.tagline, shown.branding })
    assert.equal("Org elsewhere", other:get("/organization").organization.name)
  end)

  it("changes what is named; null clears, branding is merged", function()
    local now = patch({ name = "Acme & Co", tagline = "Since 1990.",
      branding = { primaryColor = "#aa3366", logo = "https://acme.example/l.svg", colour = "red" } })
    assert.same({ "Acme & Co", "Since 1990.", "#aa3366", "https://acme.example/l.svg", http.null, nil },
      { now.name, now.tagline, now.branding.primaryColor, now.branding.logo, now.branding.favicon,
        now.branding.colour })
    assert.same(now, public())
    now = patch({ branding = { logo = http.null, companyName = "Acme" } })
    assert.same({ "Acme & Co", "Since 1990.", "#aa3366", http.null, "Acme" }, { now.name, now.tagline,
      now.branding.primaryColor, now.branding.logo, now.branding.companyName })
    s:restart()
    s:freeze(book.monday)
    assert.same(now, desk:get("/organization").organization)
    now = patch({ tagline = http.null, branding = http.null, name = http.null })
    assert.same({ "Acme & Co", http.null, bare }, { now.name, now.tagline, now.branding })
  end)

  it("is named so in its bookings at once", function()
    patch({ name = "Renamed" })
    local slot = book.slots(org.client, org, "consultation", book.day(7), book.day(8))[1]
    local made = book.create(org.client, org, "consultation", slot):json().booking
    assert.equal("Renamed", made.organization_name)
  end)

  it("changes nothing that is the platform's", function()
    patch({ plan = "gold", slug = "stolen", suspended = true, metadata = { vip = true },
      limits = { per_day = 1000000 }, id = "org_x" })
    local row = sql.read(s, "SELECT slug, plan, suspended, metadata IS NULL, limits IS NULL"
      .. " FROM organization WHERE id = '" .. org.id .. "'")
    assert.equal(org.slug .. "||0|1|1\n", row)
  end)

  it("is told all that is wrong", function()
    local err = desk:fails(400, "PATCH", "/organization", { name = "", tagline = ("x"):rep(201),
      branding = { primaryColor = 1, logo = ("x"):rep(2001) } })
    assert.truthy(err.detail:find("^name .*; tagline .*; branding.primaryColor .*; branding.logo "),
      err.detail)
  end)

  it("needs the scope, and is in the audit by the key's id", function()
    desk:with_scopes({ "organization:read" }):fails(403, "PATCH", "/organization", { name = "X" })
    desk:with_scopes({ "services:read" }):fails(403, "GET", "/organization")
    patch({ tagline = "Audited" })
    assert.truthy(sql.read(s, "SELECT actor || ' ' || action || ' ' || detail FROM audit"
      .. " ORDER BY id DESC LIMIT 1"):find("^key_%w+ organization.change .*Audited"))
    local wrong = other.client:with({ ["x-organization-id"] = org.id })
    assert.equal(403, wrong:request({ method = "PATCH", path = book.prefix .. "/organization",
      body = { name = "Mine" } }).status)
  end)

  it("may be kept by who read it, until it changes", function()
    local etag = desk.client:get(book.prefix .. "/organization").headers.etag
    local function again()
      return desk.client:get(book.prefix .. "/organization", nil, { ["If-None-Match"] = etag }).status
    end
    assert.equal(304, again())
    patch({ tagline = "New" })
    assert.equal(200, again())
  end)
end)
