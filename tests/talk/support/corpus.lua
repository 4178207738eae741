-- The bad scripts of tests/rails, put where each says it belongs.

local shell = require("tests.talk.support.shell")

local corpus = {}

local groups = { "loops", "memory", "patterns", "metatables", "errors", "escapes", "slow", "phases" }
local running = { handler = true, transaction = true, policy = true }

-- Each place of each snippet: {group, name, place, ends, code}; `want` is "running" or
-- "loading".
function corpus.list(want)
  local list = {}
  for _, group in ipairs(groups) do
    for _, s in ipairs(dofile("tests/rails/" .. group .. ".lua")) do
      for place in s[2]:gmatch("%S+") do
        if (running[place] == true) == (want == "running") then
          list[#list + 1] = { group = group, name = s[1], place = place, ends = s[3], code = s[4] }
        end
      end
    end
  end
  return list
end

local manifest = [[
return {
  name = "rails", version = "1.0.0", api = 1,
  needs = { "db", "transaction", "sleep", "policy", "emit", "zone", "span", "slots" },
  events = { "act" },
  hooks = { ["rails.act"] = "on_act" },
  routes = {
    { method = "GET", path = "/rails/hook/{group}/{name}", handler = "tell", auth = "none" },
    { method = "GET", path = "/rails/handler/{group}/{name}", handler = "act", auth = "none" },
    { method = "GET", path = "/rails/transaction/{group}/{name}", handler = "transact", auth = "none" },
    { method = "GET", path = "/rails/policy/{group}/{name}", handler = "ask", auth = "none" },
  },
}
]]
local handlers = [[
local handlers = {}
local function show(value) return 200, { ok = value == true } end
function handlers.act(req)
  return show(require("handler_" .. req.params.group)[req.params.name](req))
end
function handlers.tell(req)
  return show(kordless.transaction("tell", { group = req.params.group, name = req.params.name }))
end
function handlers.on_act(told)
  require("handler_" .. told.data.group)[told.data.name](told)
  kordless.log.info("hook_ended")
end
function handlers.transact(req)
  return show(kordless.transaction(req.params.group .. "." .. req.params.name, {}))
end
function handlers.ask(req)
  return show(kordless.policy.call("rails_" .. req.params.group, req.params.name, {}))
end
return handlers
]]
local transactions = [[
local transactions = { nothing = function() return {} end }
function transactions.tell(args)
  kordless.emit("act", args)
  return true
end
for _, group in ipairs({ "%s" }) do
  for name, act in pairs(require("transaction_" .. group)) do
    transactions[group .. "." .. name] = act
  end
end
return transactions
]]
local rules = [[
return { nothing = function() return {} end, spin = function() while true do end end }
]]

-- One file of a group's snippets for one place: a table of functions.
local function bundle(group, place)
  local parts = { "local acts = {}" }
  for _, s in ipairs(corpus.list("running")) do
    if s.group == group and s.place == place then
      parts[#parts + 1] = ("acts[%q] = function(_)\n%s\nend"):format(s.name, s.code)
    end
  end
  parts[#parts + 1] = "return acts\n"
  return table.concat(parts, "\n")
end

-- Writes the plugin "rails" into `dir`; gives the scripts that go with it.
function corpus.write_plugin(dir)
  local scripts = { ["rails.lua"] = rules }
  os.execute("mkdir -p " .. shell.quote(dir))
  shell.write(dir .. "/plugin.lua", manifest)
  shell.write(dir .. "/handlers.lua", handlers)
  shell.write(dir .. "/transactions.lua", transactions:format(table.concat(groups, '", "')))
  for _, group in ipairs(groups) do
    shell.write(dir .. "/handler_" .. group .. ".lua", bundle(group, "handler"))
    shell.write(dir .. "/transaction_" .. group .. ".lua", bundle(group, "transaction"))
    scripts["rails_" .. group .. ".lua"] = bundle(group, "policy")
  end
  return scripts
end

local whole = { -- files of a small server that would load
  ["plugins/rails/plugin.lua"] = [[return { name = "rails", version = "1.0.0", api = 1,
    needs = { "db", "transaction", "sleep" },
    routes = { { method = "GET", path = "/rails", handler = "act", auth = "none" } } }]],
  ["plugins/rails/handlers.lua"] = "require('again') return { act = function() return 204 end }",
  ["plugins/rails/again.lua"] = "return {}",
  ["scripts/kordless.lua"] = "return { plugins = { 'rails' } }",
  ["scripts/quota.lua"] = "return { limits = function() return"
    .. " { per_minute = 1, per_hour = 1, per_day = 1 } end }",
  ["scripts/rules.lua"] = "return {}",
}
local places = { -- where a snippet goes, and what goes around it
  top = { "plugins/rails/handlers.lua", "%s" },
  module = { "plugins/rails/again.lua", "%s" },
  rules = { "scripts/rules.lua", "%s" },
  test = { "scripts/rules.lua", "return { tests = { bad = function() %s end } }" },
  manifest = { "plugins/rails/plugin.lua", "%s" },
  settings = { "scripts/kordless.lua", "%s" },
  quota = { "scripts/quota.lua", "return { limits = function() %s end }" },
}

-- Writes a server into `dir` that has the snippet where it says; nil: none.
-- Gives the file it is in.
function corpus.write_server(dir, s)
  os.execute(("mkdir -p %s/plugins/rails %s/scripts"):format(dir, dir))
  local file, around = "", nil
  if s then file, around = table.unpack(places[s.place]) end
  for name, text in pairs(whole) do
    local before, after = (around or ""):match("^(.*)%%s(.*)$")
    shell.write(dir .. "/" .. name, name == file and before .. s.code .. after or text)
  end
  return file
end

return corpus
