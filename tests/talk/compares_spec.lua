-- tests/check_compares finds what it looks for: planted compares of what is secret, and each
-- place where the server compares in constant time, were it an ordinary compare.

local shell = require("tests.talk.support.shell")

describe("tests/check_compares", function()
  local dir
  before_each(function()
    dir = shell.temp_dir()
    os.execute(("mkdir -p %s/runtime/guard %s/runtime/lua"):format(dir, dir))
  end)
  after_each(function() shell.remove(dir) end)

  local function check(file, text)
    shell.write(dir .. "/runtime/" .. file, text)
    return shell.run({ "tests/check_compares", dir })
  end

  it("finds what is planted", function()
    for _, line in ipairs({ "if (memcmp(k->digest, d, 32) == 0)", "while (x && strcmp(csrf, sent))",
      "return f(g(str_eq(sent, str_of(c->csrf))));", "bool same = !bcmp(a, b, DIGEST_BYTES);",
      "if (tag == s->tag)", "for (;;) differs |= a[i] != k->digest[i];", "ok = str_eq_nocase(x, mac);",
      "if (strncmp(h->password_hash, y, n) == 0)", "assert(memcmp(x,\n  link_digest, n));" }) do
      local code, out = check("flow.c", "int x;\n" .. line .. "\n")
      assert.equal(1, code, line .. ": " .. out)
      assert.truthy(out:find("runtime/flow.c:2: ", 1, true), line .. ": " .. out)
    end
    local code = check("flow.c", "if (hash == x)\n")
    assert.equal(0, code) -- of a script
    shell.write(dir .. "/runtime/flow.c", "")
    assert.equal(1, (check("guard/password.c", "if (strcmp(h->hash, x))\n")))
  end)

  it("leaves alone what is no compare of a secret", function()
    local code, out = check("flow.c", [[
      if (secret_equal(k->digest, d, DIGEST_BYTES) && digest.n == 32 && !k->digest)
          return p->password == NULL || n == DIGEST_BYTES || memcmp(a, b, n) == 0;
      /* memcmp(digest, x, 32) */ memcpy(k->digest, d, 32); say("csrf == %s", "digest");
    ]])
    assert.equal(0, code, out)
  end)

  it("would find each place where the server compares in constant time", function()
    local found = io.popen("grep -rlE 'secret_equal(_digest)?\\(' runtime --include=*.c")
    local n = 0
    for file in found:lines() do
      local text = shell.read(file)
      for from, to in text:gmatch("()secret_equal[_%l]*()%(") do
        local planted = text:sub(1, from - 1) .. "memcmp" .. text:sub(to)
        local short = file:match("^runtime/(.*)$")
        local own = short == "guard/secret.c" or short == "lua/lib_crypto.c" -- what it is made of
        if not own then
          local code, out = check(short, planted)
          assert.equal(1, code, short .. ": " .. out)
          os.remove(dir .. "/" .. file)
          n = n + 1
        end
      end
    end
    found:close()
    assert.is_true(n >= 7, n)
  end)
end)
