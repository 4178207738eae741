-- A server with the plugin `outside`, whose manifest lists what is at hand right now.

local shell = require("tests.talk.support.shell")

local outside = {}

local function quoted(list)
  local out = {}
  for i, text in ipairs(list) do out[i] = ("%q"):format(text) end
  return table.concat(out, ", ")
end

local manifest = [[
return {
  name = "outside",
  version = "1.0.0",
  needs = { "fetch", "sleep", "after" },
  hosts = { %s },
  routes = {
    { method = "POST", path = "/outside/fetch", handler = "fetch", auth = "none" },
    { method = "GET", path = "/outside/nap", handler = "nap", auth = "none" },
    { method = "POST", path = "/outside/later", handler = "later", auth = "none" },
  },
}
]]

local settings = [[
return {
  plugins = { "services", "availability", "bookings", "platform" },
  fetch_hosts = { %s },
  fetch_loopback = %s,
}
]]

-- dir: of the test, removed by it; hosts: what the plugin asks for; allowed: what the
-- operator allows; opts: loopback (true), environment, workers.
function outside.start(server, dir, hosts, allowed, opts)
  opts = opts or {}
  os.execute(("mkdir -p %s/outside && cp tests/talk/plugins/outside/handlers.lua %s/outside")
    :format(shell.quote(dir), shell.quote(dir)))
  shell.write(dir .. "/outside/plugin.lua", manifest:format(quoted(hosts)))
  return server.start({ load = { dir .. "/outside" }, environment = opts.environment,
    workers = opts.workers,
    scripts = { ["kordless.lua"] = settings:format(quoted(allowed),
      tostring(opts.loopback ~= false)) } })
end

return outside
