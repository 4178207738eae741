-- The checks check: a floor plan that lets everything pass would prove nothing.

local shell = require("tests.talk.support.shell")

describe("tests/check_includes", function()
  local dir
  before_each(function()
    dir = shell.temp_dir()
    for _, room in ipairs({ "base", "http", "store", "guard", "net", "lua" }) do
      os.execute(("mkdir -p %s/runtime/%s %s/include"):format(dir, room, dir))
      shell.write(("%s/runtime/%s/a.h"):format(dir, room), "")
    end
    shell.write(dir .. "/runtime/flow.h", "")
  end)
  after_each(function() shell.remove(dir) end)

  local function finds(text, file, content)
    shell.write(dir .. "/runtime/" .. file, content)
    local code, out = shell.run({ "tests/check_includes", dir })
    assert.equal(text and 1 or 0, code, out)
    if text then assert.truthy(out:find(text, 1, true), out) end
  end

  it("lets pass what the plan allows", function()
    finds(nil, "guard/x.c", '#include "guard/a.h"\n#include "base/a.h"\n#include <sodium.h>\n')
    finds(nil, "flow.c", '#include "flow.h"\n#include "net/a.h"\n#include "lua/a.h"\n')
  end)

  it("finds an include that goes up", function()
    finds("base/ may not include http/", "base/x.c", '#include "http/a.h"\n')
  end)
  it("finds one that goes sideways", function()
    finds("net/ may not include store/", "net/x.c", '  #  include "store/a.h"\n')
  end)
  it("finds one of the wiring", function()
    finds("lua/ may not include wiring/", "lua/x.c", '#include "flow.h"\n')
  end)
  it("finds a library in the wrong room", function()
    finds("<sqlite3.h> belongs to store/", "lua/x.c", "#include <sqlite3.h>\n")
    finds("<lauxlib.h> belongs to lua/", "flow.c", "#include <lauxlib.h>\n")
  end)
  it("finds a header that is not there, or has no room in its name", function()
    finds('no such header "a.h"', "base/x.c", '#include "a.h"\n')
  end)
  it("finds a round trip", function()
    shell.write(dir .. "/runtime/base/a.h", '#include "base/b.h"\n')
    finds("includes itself by way of", "base/b.h", '#include "base/a.h"\n')
  end)
  it("finds SQL of the booking domain", function()
    finds("SQL of the booking domain (claim)", "flow.c", 'x("SELECT b0 FROM claim WHERE id = ?");\n')
    finds("SQL of the booking domain (host)", "flow.c", 'x("DELETE FROM host");\n')
  end)
  it("but no words that happen to be tables", function()
    finds(nil, "flow.c", 'x("no answer from host"); x("SELECT 1 FROM api_key");\n')
  end)
end)
