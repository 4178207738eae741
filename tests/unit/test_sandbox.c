#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script.h"

static struct script s;

static int begin(void **state)
{
    (void)state;
    script_begin(&s, 8 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    return 0;
}

/* --- the library ------------------------------------------------------------------ */

static void only_the_reduced_library_is_there(void **state)
{
    static const char *const gone[] = {
        "collectgarbage", "load",      "loadstring", "loadfile", "dofile", "print",
        "xpcall",         "coroutine", "debug",      "os",       "io",     "package",
        "warn",           "_G",        "unpack",
    };
    static const char *const there[] = {
        "assert",   "error",    "ipairs",   "next",         "pairs",        "pcall",
        "select",   "type",     "rawlen",   "tonumber",     "tostring",     "rawget",
        "rawequal", "rawset",   "utf8",     "table",        "string",       "math",
        "require",  "kordless", "_VERSION", "setmetatable", "getmetatable",
    };
    char text[200];
    (void)state;
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        snprintf(text, sizeof(text), "return %s", gone[i]);
        script_fails(&s, text, "unknown global");
    }
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        snprintf(text, sizeof(text), "return %s ~= nil", there[i]);
        script_true(&s, text);
    }
    script_true(&s, "return string.dump == nil and math.random == nil and "
                    "math.randomseed == nil and table.unpack ~= nil");
    script_true(&s, "return ('').dump == nil");
}

static void globals_are_read_only(void **state)
{
    (void)state;
    script_fails(&s, "x = 1", "test.lua:1: undeclared global 'x'; use local");
    script_fails(&s, "return x", "test.lua:1: unknown global 'x'");
    script_fails(&s, "string = 1", "global 'string' is read-only");
    script_fails(&s, "_ENV.x = 1", "undeclared global 'x'");
    script_fails(&s, "rawset(_ENV, 'x', 1)", "read-only");
    script_fails(&s, "function f() end", "undeclared global 'f'");
    script_fails(&s, "setmetatable(_ENV, {})", "protected");
    script_true(&s, "return getmetatable(_ENV) == false");
    script_true(&s, "local _ENV = {}; x = 1; return x == 1");
}

static void library_tables_are_read_only(void **state)
{
    (void)state;
    script_fails(&s, "string.find = 1", "'string' is read-only: 'find' cannot be set");
    script_fails(&s, "string.new = 1", "'string' is read-only");
    script_fails(&s, "rawset(string, 'find', 1)", "read-only");
    script_fails(&s, "table.insert(string, 1)", "read-only");
    script_fails(&s, "setmetatable(string, nil)", "protected");
    script_fails(&s, "kordless.x = 1", "'kordless' is read-only");
    script_fails(&s, "return kordless.x", "kordless.x is not there");
    script_fails(&s, "table.move({1}, 1, 1, 1, math)", "read-only");
    script_true(&s, "return getmetatable('') == false and next(string) == nil");
    script_true(&s, "return ('abc'):upper() == 'ABC' and '10' + 5 == 15");
    script_fails(&s, "getmetatable('').__index = 1", "attempt to index");
}

static void strings_keep_methods_of_ours(void **state)
{
    (void)state;
    script_true(&s,
                "return ('aXb'):find('X') == 2 and ('ab'):rep(3, '-') == 'ab-ab-ab'");
    script_true(&s, "return ('x'):rep(0) == '' and (''):rep(1 << 60) == ''");
    script_true(&s, "return ('%5.1f|%q'):format(1.25, 'a\\n') == '  1.2|\"a\\\\\\n\"'");
    script_true(&s, "return select('#', 1, nil, 3) == 3 and select(-1, 1, 2) == 2");
    script_true(&s,
                "local t = {3, 1, 2}; table.sort(t); table.insert(t, 1, 0); "
                "return table.concat(t, ',') == '0,1,2,3' and table.remove(t, 1) == 0 "
                "and select('#', table.unpack(t)) == 3 and table.remove({}) == nil");
    script_true(
        &s, "return ('abc'):byte(-1) == 99 and select('#', ('abc'):byte(1, -1)) == 3"
            " and utf8.len('\\u{e9}x') == 2 and math.floor(2.5) == 2");
    script_fails(&s, "table.insert({}, 1, 2, 3)", "wrong number of arguments");
    script_fails(&s, "('x'):rep(1, 2, 3, {}):nope()", "nope");
    script_fails(&s, "string.rep()", "bad argument #1 to 'rep'");
    script_fails(&s, "string.sub()", "bad argument #1 to 'sub'");
}

/* --- metatables ------------------------------------------------------------------- */

static void metatables_are_copies_of_what_is_allowed(void **state)
{
    (void)state;
    script_fails(&s, "setmetatable({}, {__mode = 'k'})", "__mode is not allowed");
    script_fails(&s, "setmetatable({}, {__gc = function() end})",
                 "__gc is not allowed");
    script_fails(&s, "setmetatable({}, {__close = function() end})",
                 "__close is not allow");
    /* smuggled in later it is not looked at */
    script_true(&s, "local mt = {}; local t = setmetatable({}, mt); mt.__mode = 'k';"
                    "mt.__gc = 1; t[{}] = 1; for i = 1, 1e5 do local x = {} end "
                    "return next(t) ~= nil");
    script_true(&s, "local mt = {__index = {a = 1}}; local t = setmetatable({}, mt);"
                    "return t.a == 1 and getmetatable(t) == mt");
    script_true(&s, "local C = {}; C.__index = C; local a = setmetatable({}, C);"
                    "local b = setmetatable({}, C); function C.f() return 7 end "
                    "C.__add = function(x) return 'sum' end; setmetatable({}, C);"
                    "return a.f() == 7 and a + b == 'sum' and getmetatable(a) == C");
    script_true(&s,
                "local mt = {__metatable = 'mine'}; local t = setmetatable({}, mt);"
                "return getmetatable(t) == 'mine' and not pcall(setmetatable, t, nil)");
    script_true(&s, "local mt = {__index = 1}; setmetatable({}, mt); mt.__index = nil;"
                    "return setmetatable({}, mt).x == nil");
    script_true(
        &s, "local t = setmetatable({}, {}); return getmetatable(setmetatable(t, nil))"
            " == nil and getmetatable({}) == nil");
    script_fails(&s, "setmetatable({})", "table expected");
    script_fails(&s, "setmetatable({}, 1)", "table expected");
}

static void the_copy_is_not_seen(void **state)
{
    (void)state;
    script_true(&s, "local mt = {__len = function() return 9 end}; "
                    "local t = setmetatable({}, mt); local n = 0;"
                    "for k, v in pairs(mt) do n = n + 1 end "
                    "return #t == 9 and n == 1 and next(mt) == '__len' and "
                    "next(mt, '__len') == nil");
    script_true(&s, "local mt = {}; setmetatable({}, mt); return next(mt) == nil");
    script_true(&s, "local t = setmetatable({}, {__pairs = function(x) return "
                    "function(_, k) if not k then return 1, 2 end end, x, nil end});"
                    "for k, v in pairs(t) do return k == 1 and v == 2 end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_the_reduced_library_is_there, begin, end),
        cmocka_unit_test_setup_teardown(globals_are_read_only, begin, end),
        cmocka_unit_test_setup_teardown(library_tables_are_read_only, begin, end),
        cmocka_unit_test_setup_teardown(strings_keep_methods_of_ours, begin, end),
        cmocka_unit_test_setup_teardown(metatables_are_copies_of_what_is_allowed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_copy_is_not_seen, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
