-- The allowed globals are exactly what a plugin gets from the server.
std = "kordless"
max_line_length = 100
exclude_files = { "include", "build", "data" }

stds.kordless = {
  read_globals = {
    "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal",
    "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "tonumber",
    "tostring", "type",
    math = { other_fields = true },
    string = { other_fields = true },
    table = { other_fields = true },
    utf8 = { other_fields = true },
    kordless = {
      fields = {
        "now", "fresh", "id", "transaction", "emit", "problem", "secret", "refuse", "answer", "sleep",
        "fetch", "after", "record",
        options = { other_fields = true },
        log = { fields = { "info", "warn", "error" } },
        json = { fields = { "null", "encode", "decode", "array", "is_array" } },
        time = { fields = { "parse", "format", "days", "date", "weekday" } },
        zone = { fields = { "known", "instant", "open", "wall" } },
        slots = { fields = { "new" } },
        span = { fields = { "new", "peak" } },
        crypto = { fields = { "hash", "token", "equal" } },
        metrics = { fields = { "add", "set" } },
        db = { fields = { "query", "one", "taken", "exec" } },
        policy = { fields = { "has", "call", "hash", "fail", "trace" } },
        keys = { other_fields = true },
        quotas = { fields = { "explain", "diff" } },
        usage = { other_fields = true },
        organizations = { other_fields = true },
        secrets = { fields = { "list", "set", "drop" } },
        members = { other_fields = true },
        passwords = { fields = { "hash", "check" } },
        sessions = { other_fields = true },
        tokens = { fields = { "create", "list", "revoke" } },
        audit = { fields = { "list" } },
        plugins = { fields = { "resume" } },
      },
    },
  },
}

files["tests"] = { std = "lua54+busted", globals = { "kordless" }, max_line_length = 110 }
files["tests/rails"] = { max_line_length = 130 } -- a line is a script
files["runtime/lua/spec*.lua"] = { std = "lua54" } -- busted's side of `kordless test`
files["scripts/kordless.lua"] = { std = "none", max_line_length = 120 }
files["runtime/http/embed.lua"] = { std = "lua54" } -- runs at build
