-- What busted does not bring: a line for each test, and the tests that scripts carry as
-- files of their own. Each part is put where busted looks for it.
local host = ...
local preload = package.preload
local report = {}

local function tell(failure)
  local trace = failure.element.trace or {}
  io.write(("\n%s:%s: %s\n"):format(trace.short_src or "?", trace.currentline or "?", failure.name))
  io.write("  ", (tostring(failure.message):gsub("\n", "\n  ")), "\n")
end

local function count(n, one, many)
  return n .. " " .. (n == 1 and one or many)
end

local function sum_up(handler)
  for _, list in ipairs({ handler.failures, handler.errors }) do
    for _, failure in ipairs(list) do
      tell(failure)
    end
  end
  io.write("\n", count(handler.successesCount, "success", "successes"), " / ",
    count(handler.failuresCount, "failure", "failures"), " / ",
    count(handler.errorsCount, "error", "errors"), " / ", handler.pendingsCount, " pending\n")
end

-- --output=kordless.lines
preload["busted.outputHandlers.kordless.lines"] = function()
  return function(options)
    local busted = require("busted")
    local handler = require("busted.outputHandlers.base")()
    local words = { success = "ok", failure = "FAILED", error = "ERROR" }
    local file -- whose tests come next, until it has been told
    handler.options = options
    busted.subscribe({ "file", "start" }, function(element)
      file = element.name
      return nil, true
    end)
    busted.subscribe({ "test", "end" }, function(element, _, status)
      io.write(file and file .. "\n" or "")
      file = nil
      io.write(("  %-7s %s\n"):format(words[status] or status, handler.getFullName(element)))
      io.flush()
      return nil, true
    end)
    busted.subscribe({ "suite", "end" }, function()
      sum_up(handler)
      return nil, true
    end)
    return handler
  end
end

-- --helper=kordless.places: each folder's specs have a server of their own.
preload["kordless.places"] = function()
  require("busted").subscribe({ "file", "start" }, function(file)
    require("kordless.outside").begin()
    host.enter(file.name)
    return nil, true
  end)
  return true
end

-- A chunk that calls `it` at the very lines where the script's tests stand.
local function chunk(promises)
  local lines = { "local report = require('kordless.report')" }
  for _, p in ipairs(promises) do
    while #lines < p.line do
      lines[#lines + 1] = ""
    end
    lines[#lines] = ("%s it(%q, function() report.try(%d) end)"):format(lines[#lines], p.name,
      p.index)
  end
  return table.concat(lines, "\n")
end

-- --loaders=kordless: scripts, whose tests are run by the server's sandbox.
preload["busted.modules.files.kordless"] = function()
  return {
    match = function(_, name)
      return host.promises(name) ~= nil
    end,
    load = function(_, name)
      return load(chunk(host.promises(name)), "@" .. name), function(_, trace)
        return trace
      end
    end,
  }
end

function report.try(index)
  local why = host.try(index)
  if why then
    require("busted").fail(why, 0)
  end
end

return report
