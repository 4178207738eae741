-- What others found servers to get wrong: 208 requests with the answer RFC 9112 asks for.
-- Every scored "Must" passes; how the rest fares is told.

local probe = require("tests.talk.support.probe")
local server = require("tests.talk.support.server")
local http = require("tests.talk.support.http")
local shell = require("tests.talk.support.shell")

local oracles = os.getenv("KORDLESS_ORACLES")
local text = oracles and shell.read(oracles .. "/http11probe.json")

local function tell(seen)
  local codes = {}
  for i, r in ipairs(seen.responses) do codes[i] = r.status end
  return ("%s%s%s"):format(table.concat(codes, ", "), seen.closed and " closed" or "",
    seen.extra and " and more" or "")
end

describe("the conformance suite", function()
  if not text then
    pending("needs KORDLESS_ORACLES")
    return
  end

  local s
  setup(function() s = server.start({ load = { "examples/echo" } }) end)
  teardown(function() s:stop() end)

  local tally = {}
  for _, case in ipairs(http.json.decode(text)) do
    local must = case.scored and case.level == "Must"
    it(case.id .. ": " .. case.desc, function()
      local seen = probe.run(case, s.address)
      local verdict = probe.judge(case, seen)
      local kind = case.level .. (case.scored and "" or ", not scored")
      tally[kind] = tally[kind] or { pass = 0, of = 0 }
      tally[kind].of = tally[kind].of + 1
      if verdict == "pass" then
        tally[kind].pass = tally[kind].pass + 1
      elseif must then
        error(("wanted %s, saw %s"):format(case.expect.desc or case.expect.status, tell(seen)), 0)
      else
        print(("\nnote: %s (%s): wanted %s, saw %s"):format(case.id, kind,
          case.expect.desc or case.expect.status, tell(seen)))
      end
    end)
  end

  it("is told in sum", function()
    for kind, n in pairs(tally) do print(("\nnote: %s: %d of %d"):format(kind, n.pass, n.of)) end
    assert.equal(200, s:client():get("/").status) -- it all left the server well
  end)
end)
