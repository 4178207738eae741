-- GET /metrics: what the server counts, as Prometheus reads it; for operators.

local socket = require("socket")
local http = require("tests.talk.support.http")
local server = require("tests.talk.support.server")
local client = require("tests.talk.support.client")
local prom = require("tests.talk.support.prom")
local book = require("tests.talk.support.book")

local rules = [[return { loop = function() while true do end end }]]
local availability = "/api/calendar/v1/public/availability"

describe("the metrics", function()
  local s, org
  setup(function()
    s = server.start({ load = { "tests/talk/plugins/rails", "examples/hello" },
      scripts = { ["rails.lua"] = rules } })
    s:freeze(book.monday)
    org = s:demo()
  end)
  teardown(function() s:stop() end)

  local function scrape()
    local r = s:client():get("/metrics")
    assert.same({ 200, "text/plain; version=0.0.4; charset=utf-8", "no-store" },
      { r.status, r.headers["content-type"], r.headers["cache-control"] })
    return prom.read(r.body), r.body
  end

  local function requests(all, method, route, status)
    return prom.value(all, "kordless_http_requests_total",
      { method = method, route = route, status = status }) or 0
  end

  it("follow the format, and counters only grow", function()
    local before = scrape()
    for _ = 1, 5 do s:client():get("/hello") end
    local after = scrape()
    local families = 0
    for name, family in pairs(before.families) do
      families = families + 1
      assert.truthy(name:find("^kordless_[%l_]+$") or name:find("^process_[%l_]+$"), name)
      assert.is_true(#family.help > 3)
      for _, sample in ipairs(family.samples) do
        if family.type ~= "gauge" then
          assert.is_true(after.series[sample.series] >= sample.value, sample.series)
        end
      end
    end
    assert.is_true(families > 40)
    assert.equal(1, prom.value(after, "kordless_build_info", { version = "0.1.0" }))
    for _, name in ipairs({ "process_resident_memory_bytes", "process_open_fds",
      "process_cpu_seconds_total", "process_start_time_seconds", "kordless_limits_file_bytes" }) do
      assert.is_true(prom.value(after, name) > 0, name)
    end
  end)

  it("count each request once, by its route and not its path", function()
    local before = scrape()
    for i = 1, 7 do s:client():get("/hello?i=" .. i) end
    org.client:get(availability)
    s:client():get(availability)
    s:client():post("/hello", {})
    local after = scrape()
    local function grown(...) return requests(after, ...) - requests(before, ...) end
    assert.equal(7, grown("GET", "/hello", "2xx"))
    assert.equal(2, grown("GET", availability, "4xx"))
    assert.equal(1, grown("any", "none", "4xx"))
    assert.equal(1, grown("GET", "/metrics", "2xx"))
    local hello = { method = "GET", route = "/hello" }
    assert.equal(requests(after, "GET", "/hello", "2xx"),
      prom.value(after, "kordless_http_request_duration_seconds_count", hello))
    assert.is_true(prom.value(after, "kordless_http_request_duration_seconds_sum", hello) > 0)
    assert.equal(1, prom.value(after, "kordless_http_requests_in_flight"))
    assert.is_true(prom.value(after, "kordless_lua_calls_total", { plugin = "hello" }) >= 7)
    assert.is_true(prom.value(after, "kordless_lua_state_bytes", { plugin = "hello" }) > 10000)
  end)

  it("have no series that a peer made up, and no key", function()
    local function shape()
      local all, text = scrape()
      local n = 0
      for _ in pairs(all.series) do n = n + 1 end
      return n, text
    end
    s:client():get("/first")
    s:client():get("/metrics")
    local before = shape()
    for i = 1, 50 do
      s:client():get(("/x%d%%22}%%201%%0a"):format(i))
      s:client():request({ method = "OPTIONS", path = "/y" .. i })
      s:client():get("/hello", nil, { ["x-kordless-key"] = org.key })
    end
    s:client():get("/" .. org.key)
    local conn = http.connect(s)
    conn:send("NO SENSE\r\n\r\n")
    conn:receive()
    conn:close()
    local after, text = shape()
    assert.equal(before, after)
    assert.is_nil(text:find(org.key, 1, true))
    assert.is_nil(text:find(org.id, 1, true))
    assert.is_nil(text:find("127.0.0.1", 1, true))
    assert.is_true(prom.value(prom.read(text), "kordless_http_malformed_requests_total") >= 1)
  end)

  it("say why callers were turned away", function()
    local before = scrape()
    local key = s:key("acme-salon", "gone")
    s:cli("key", "revoke", key.id, "--org", "acme-salon", "--yes")
    local function get(value) return s:client({ ["x-kordless-key"] = value }):get(availability).status end
    assert.equal(401, get(nil))
    assert.equal(401, get("bad"))
    assert.equal(401, get(key.key))
    local refused = 0
    for _ = 1, 120 do refused = refused + (get(org.key) == 429 and 1 or 0) end
    local after = scrape()
    local function grown(name, labels)
      return prom.value(after, name, labels) - prom.value(before, name, labels)
    end
    for _, code in ipairs({ "missing_api_key", "malformed_api_key", "revoked_api_key" }) do
      assert.equal(1, grown("kordless_auth_failures_total", { code = code }), code)
    end
    assert.is_true(refused >= 20)
    assert.equal(refused, grown("kordless_rate_limit_refusals_total", { window = "key-minute" }))
    s:advance(60)
  end)

  it("say how many organizations have a full day, and not which", function()
    local full = {}
    local function over()
      local all, text = scrape()
      for _, one in ipairs(full) do assert.is_nil(text:find(one.id, 1, true)) end
      return prom.value(all, "kordless_quota_organizations_over")
    end
    s:advance(60)
    for i = 1, 3 do
      local one = s:organization("full-" .. i)
      full[i] = one
      assert.equal(0, (s:cli("org", "set", "full-" .. i, "--per-day", i == 3 and "9" or "2")))
      for _ = 1, 5 do one.client:get(book.public .. "/org/full-" .. i) end
    end
    s:advance(60)
    assert.equal(2, over())
    s:advance(60)
    assert.equal(0, over())
    assert.is_true(prom.value(scrape(), "kordless_quota_classes") >= 1)
  end)

  it("tell of kills, quarantine and reloads", function()
    local function quarantined(all)
      return prom.value(all, "kordless_lua_quarantined", { plugin = "rails" })
    end
    local loop = { plugin = "rails", reason = "budget" }
    assert.equal(0, quarantined((scrape())))
    for _ = 1, 10 do s:client():get("/rails/do/loop") end
    local all = scrape()
    assert.equal(10, prom.value(all, "kordless_lua_kills_total", loop))
    assert.equal(1, quarantined(all))
    local generation = prom.value(all, "kordless_generation")
    assert.equal(0, (s:cli("reload")))
    s:write_script("booking.lua", "return nonsense")
    assert.equal(1, (s:cli("reload")))
    all = scrape()
    assert.equal(10, prom.value(all, "kordless_lua_kills_total", loop)) -- of the process
    assert.equal(0, quarantined(all))
    assert.equal(generation + 1, prom.value(all, "kordless_generation"))
    assert.equal(1, prom.value(all, "kordless_reloads_total", { result = "success" }))
    assert.equal(1, prom.value(all, "kordless_reloads_total", { result = "refused" }))
    assert.is_true(prom.value(all, "kordless_log_lines_total", { level = "error" }) >= 10)
  end)

  it("know the writer and the keys", function()
    local before = scrape()
    for i = 1, 3 do s:key("acme-salon", "k" .. i) end
    s:advance(11)
    local deadline = socket.gettime() + http.patience
    local after
    repeat
      after = scrape()
      assert(socket.gettime() < deadline, "the keys are not counted")
    until prom.value(after, "kordless_keys", { state = "active" }) == 4
    assert.equal(1, prom.value(after, "kordless_keys", { state = "revoked" }))
    local function grown(name) return prom.value(after, name) - prom.value(before, name) end
    assert.is_true(grown("kordless_writer_transactions_total") >= 3)
    assert.equal(prom.value(after, "kordless_writer_transactions_total"),
      prom.value(after, "kordless_writer_group_size_sum"))
    assert.equal(prom.value(after, "kordless_writer_commit_duration_seconds_count"),
      prom.value(after, "kordless_writer_group_size_count"))
    assert.is_true(prom.value(after, "kordless_limits_rings") >= 5)
    assert.is_true(grown("kordless_connections_accepted_total") >= 1)
  end)

  it("are for operators, and for who asks plainly on this machine", function()
    local function ask(headers) return s:client(headers):get("/metrics") end
    for _, name in ipairs({ "Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-Real-IP", "Via" }) do
      local r = ask({ [name] = "1" })
      assert.same({ 401, "sign_in_required", 'Bearer realm="kordless"' },
        { r.status, r:json().code, r.headers["www-authenticate"] }, name)
      assert.truthy(r:json().detail:find("proxy", 1, true))
    end
    assert.equal(200, ask({ ["X-Forwarded"] = "1", ["x-kordless-key"] = "bad" }).status)
    local made = client.admin(s):post("/api/platform/v1/tokens", { label = "collector" })
    assert.equal(201, made.status, made.body)
    local bearer = { Authorization = "Bearer " .. made.body:match("kord_oper_%w+"), Via = "1" }
    assert.equal(200, ask(bearer).status)
    local admin = client.admin(s):get("/metrics", nil, { Via = "1" })
    assert.equal(200, admin.status)
    assert.equal("", s:client():head("/metrics").body)
  end)

  it("are not for who asks plainly where proxies are trusted", function()
    local behind = server.start({ scripts = {
      ["kordless.lua"] = server.settings('trusted_proxies = { "10.0.0.0/8" }') } })
    assert.equal(401, behind:client():get("/metrics").status)
    assert.equal(200, client.admin(behind):get("/metrics").status)
    behind:stop()
  end)

  it("are not for who comes over the network", function()
    local udp = socket.udp() -- to no one: only asks which address of ours would be used
    local ours = udp:setpeername("198.51.100.1", 9) and udp:getsockname()
    udp:close()
    if not ours then return pending("this machine has no address but loopback") end
    local open = server.start({ args = { "--listen", "0.0.0.0:0" } })
    local c = client.new({ address = ours .. ":" .. open.address:match("%d+$") })
    local r = c:get("/metrics")
    assert.same({ 200, 401, "sign_in_required" },
      { c:get("/healthz").status, r.status, r:json().code })
    open:stop()
  end)
end)
