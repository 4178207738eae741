#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

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

/* --- the budget ------------------------------------------------------------------- */

static void endless_loops_end(void **state)
{
    static const char *const loops[] = {
        "while true do end",
        "::a:: goto a",
        "local function f() return f() end f()",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error) end",
        "pcall(pcall, function() while true do end end) while true do end",
        "table.sort({3, 2, 1}, function(a, b) while true do end end)",
        "while true do pcall(table.sort, {3, 2, 1}, function(a, b) while true do end "
        "end) end",
        "local t = setmetatable({}, {__index = function() while true do end end}) "
        "return t.x",
        "local t = setmetatable({}, {__eq = function() while true do end end}) "
        "return t == setmetatable({}, getmetatable(t))",
        "local t = setmetatable({}, {__concat = function() while true do end end}) "
        "return t .. 'x'",
        "return tostring(setmetatable({}, {__tostring = function() while true do end "
        "end}))",
        "local t = setmetatable({}, {__len = function() while true do end end}) return "
        "#t",
        "for k in pairs(setmetatable({}, {__pairs = function() while true do end "
        "end})) do end",
        "('x'):gsub('x', function() while true do end end)",
        "while true do pcall(string.gsub, 'x', 'x', function() while true do end end) "
        "end",
        "for x in function() return 1 end do end",
        "error(setmetatable({}, {__tostring = function() while true do end end})) ",
        "local s = ('a'):rep(24); return s:match(('a-'):rep(24) .. 'b')",
        "while true do pcall(string.match, ('a'):rep(24), ('a-'):rep(24) .. 'b') end",
        "local t = {} for i = 1, 1e6 do t[i % 10] = ('x'):rep(1e5) end",
        "local t = {} for i = 1, 1e4 do t[i] = i end for i = 1, 1e6 do table.insert(t, "
        "1, 1)"
        " table.remove(t, 1) end",
        "local t = {} for i = 1, 1e4 do t[i] = i end while true do table.sort(t) end",
        "local t = {} for i = 1, 1e4 do t[i] = 'x' end while true do table.concat(t) "
        "end",
        "local t = {} for i = 1, 1e4 do t[i] = i end while true do table.unpack(t) end",
        "while true do table.move({}, 1, 1e6, 2) end",
        "local x = ('x'):rep(1e6) while true do x:byte(1, 1e5) end",
        "local x = ('x'):rep(1e6) while true do x:find('y', 1, true) end",
        "local x = ('x'):rep(1e6) while true do x:upper() end",
        "local x = ('x'):rep(1e6) while true do local y = x .. 'y' end",
        "local x = ('x'):rep(1e6) while true do utf8.len(x) end",
        "table.concat(setmetatable({}, {__index = function() return 'x' end}), '', 1, "
        "1 << 62)",
        "table.unpack({}, 1, 1 << 62)",
        "table.move({}, 1, math.maxinteger, 2)",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        if (strncmp(loops[i], "error(", 6) == 0) {
            script_ends(&s, loops[i], VM_ERROR); /* and __tostring was not called */
            continue;
        }
        script_ends(&s, loops[i], VM_BUDGET);
        assert_non_null(strstr(script_why(&s), "budget is used up"));
        assert_int_equal(strncmp(s.why.p, "test.lua:", 9), 0);
    }
    script_true(&s, "return 1 + 1 == 2");
}

/* Each level of pcall keeps a frame: memory may end first. */
static void recursion_through_pcall_ends(void **state)
{
    static const char *const texts[] = {
        "local function f() while true do pcall(f) end end f()",
        "local function f() pcall(f) pcall(f) end f()",
        "local function f() pcall(f) f() end f()",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        s.budget = (struct budget){BUDGET_INSTRUCTIONS, 0};
        enum vm_end how = script_run(&s, texts[i]);
        assert_true(how == VM_BUDGET || how == VM_MEMORY);
        script_true(&s, "return true");
    }
    script_fails(&s, "local function f() local ok, e = pcall(f) error(e, 0) end f()",
                 "pcall is nested more than 100 times");
    script_true(&s, "local n = 0 local function f() n = n + 1 if n < 100 then "
                    "return pcall(f) end return 7 end return select(100, f()) == 7");
}

static bool passes_with(const char *text, int64_t budget)
{
    s.budget = (struct budget){budget, 0};
    return script_run(&s, text) == VM_DONE;
}

/* The least budget a text runs with, by bisection; each below fails, each above passes.
 */
static void budgets_are_exact(void **state)
{
    static const char *const texts[] = {
        "local n = 0 for i = 1, 5 do n = n + i end return n",
        "local n = 0 for i = 1, 700 do n = n + i end return n",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int64_t lo = 0, hi = 100000;
        while (hi - lo > 1) {
            int64_t mid = (lo + hi) / 2;
            if (passes_with(texts[i], mid))
                hi = mid;
            else
                lo = mid;
        }
        for (int64_t d = 1; d < 50 && lo - d > 0; d++) {
            assert_false(passes_with(texts[i], lo - d));
            assert_true(passes_with(texts[i], hi + d));
        }
        assert_true(i == 0 ? hi < 60 : hi > 1400 && hi < 3000);
    }
}

static int l_burn(lua_State *L)
{
    vm_charge(L, luaL_checkinteger(L, 1));
    return 0;
}

static void c_functions_charge(void **state)
{
    (void)state;
    lua_pushcfunction(vm_main(s.vm), l_burn);
    vm_set_library(s.vm, "burn");
    s.budget = (struct budget){1000000, 0};
    assert_int_equal(script_run(&s, "kordless.burn(900000)"), VM_DONE);
    assert_true(s.budget.instructions <= 100000);
    script_ends(&s, "while true do kordless.burn(1000) end", VM_BUDGET);
    script_ends(&s, "while true do pcall(kordless.burn, 1 << 62) end", VM_BUDGET);
    script_ends(&s, "kordless.burn(math.maxinteger)", VM_BUDGET);
    assert_non_null(
        strstr(script_why(&s), "test.lua:1: the instruction budget is used up"));
    vm_charge(vm_main(s.vm), 1 << 30); /* outside a run: nobody's budget */
    assert_null(vm_budget(vm_main(s.vm)));
}

static int l_wait(lua_State *L)
{
    return lua_yield(L, lua_gettop(L));
}

/* Runs until it no longer waits; how often it did is in `waits`. */
static enum vm_end run_waiting(const char *text, struct budget *b, int *waits)
{
    lua_State *main = vm_main(s.vm), *co = vm_thread(s.vm);
    enum vm_end how;
    int n;
    buf_clear(&s.why);
    assert_int_equal(vm_load(s.vm, str_of(text), "test.lua", false, &s.why), 0);
    lua_xmove(main, co, 1);
    *waits = 0;
    for (n = 0; (how = vm_run(s.vm, co, n, b, &n, &s.why)) == VM_YIELD; n = 1) {
        lua_settop(co, 0);
        lua_pushinteger(co, ++*waits);
    }
    lua_settop(main, 0);
    if (how == VM_DONE && n > 0)
        lua_xmove(co, main, 1);
    vm_thread_end(s.vm, co, how != VM_DONE);
    return how;
}

static void the_budget_is_the_calls_not_the_resumes(void **state)
{
    struct budget b = {5000000, 1000};
    int waits;
    (void)state;
    lua_pushcfunction(vm_main(s.vm), l_wait);
    vm_set_library(s.vm, "wait");
    /* each piece is cheap, together they are not */
    assert_int_equal(run_waiting("while true do kordless.wait() "
                                 "for i = 1, 20000 do end end",
                                 &b, &waits),
                     VM_BUDGET);
    assert_in_range(waits, 100, 300);
    b = (struct budget){5000000, 1000};
    assert_int_equal(run_waiting("while true do kordless.wait() end", &b, &waits),
                     VM_BUDGET);
    assert_int_equal(waits, 1000);
    assert_non_null(strstr(script_why(&s), "waited too many times"));
    b = (struct budget){5000000, 3};
    assert_int_equal(
        run_waiting("local n = 0 for i = 1, 3 do n = n + kordless.wait() end "
                    "return n",
                    &b, &waits),
        VM_DONE);
    assert_int_equal(waits, 3);
    assert_int_equal(lua_tointeger(vm_main(s.vm), -1), 6);
    b = (struct budget){5000000, 0};
    assert_int_equal(run_waiting("kordless.wait()", &b, &waits), VM_BUDGET);
}

static void pcall_lets_waits_through(void **state)
{
    struct budget b = {5000000, 1000};
    int waits;
    (void)state;
    lua_pushcfunction(vm_main(s.vm), l_wait);
    vm_set_library(s.vm, "wait");
    assert_int_equal(
        run_waiting("local ok, v = pcall(function() local v = kordless.wait() "
                    "local ok, e = pcall(error, {}) return v end) "
                    "local ok2, e = pcall(function() kordless.wait() error('no') "
                    "end) return ok and v == 1 and not ok2 and e:find('no') and 7",
                    &b, &waits),
        VM_DONE);
    assert_int_equal(lua_tointeger(vm_main(s.vm), -1), 7);
    assert_int_equal(waits, 2);
    /* an endless loop behind a wait inside pcall */
    b = (struct budget){1000000, 1000};
    assert_int_equal(run_waiting("while true do pcall(function() kordless.wait() "
                                 "while true do end end) end",
                                 &b, &waits),
                     VM_BUDGET);
    assert_int_equal(waits, 1);
    b = (struct budget){1000000, 1000};
    assert_int_equal(
        run_waiting("table.sort({3, 2, 1}, function() kordless.wait() end)", &b,
                    &waits),
        VM_ERROR);
}

/* Each wait costs what may have been left uncounted. */
static void short_pieces_are_paid(void **state)
{
    struct budget b = {100000, 1000};
    int waits;
    (void)state;
    lua_pushcfunction(vm_main(s.vm), l_wait);
    vm_set_library(s.vm, "wait");
    assert_int_equal(
        run_waiting("while true do kordless.wait() for i = 1, 300 do end end", &b,
                    &waits),
        VM_BUDGET);
    assert_in_range(waits, 90, 110);
}

static void errors_have_place_and_traceback(void **state)
{
    (void)state;
    script_ends(&s,
                "\nlocal function inner() error('no luck') end\n"
                "local function outer() inner() end\nouter()",
                VM_ERROR);
    assert_int_equal(strncmp(script_why(&s), "test.lua:2: no luck\n", 20), 0);
    assert_non_null(strstr(s.why.p, "test.lua:3: in "));
    script_fails(&s, "error({code = 'x', message = 'said so'})", "test.lua:1: said so");
    script_fails(&s, "error()", "(an error that is a nil)");
    script_fails(&s, "error(5)", "test.lua:1: 5");
    script_fails(&s, "local x = nil; x.y = 1", "local 'x'");
    script_fails(&s,
                 "local t = setmetatable({}, {}) getmetatable(t).__index = t "
                 "setmetatable(t, getmetatable(t)) return t.x",
                 "loop");
    /* and caught it is a value */
    script_true(
        &s, "local ok, e = pcall(error, {code = 5}); return not ok and e.code == 5");
    script_true(
        &s, "local ok, e = pcall(nil); return not ok and e:find('attempt to call')");
    script_true(&s, "return select('#', pcall(function() return 1, nil, 3 end)) == 4");
    script_fails(&s, "pcall()", "value expected");
}

/* --- memory ----------------------------------------------------------------------- */

static void bombs_end_and_leave_the_state_usable(void **state)
{
    static const char *const bombs[] = {
        "local t = {} while true do t = {t} end",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1e5) end) "
        "end",
        "while true do pcall(function() local t = {} while true do t = {t} end end) "
        "end",
        "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1e6) end",
        "local t = {} local x = ('x'):rep(1e6) for i = 1, 10 do t[i] = x end "
        "table.concat(t)",
        "local t = {} for i = 1, 1e5 do t[i] = tostring(i):rep(100) end",
        "return ('x'):rep(7e6):gsub('x', '%0%0%0%0')",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        s.budget = (struct budget){BUDGET_INSTRUCTIONS, 0};
        enum vm_end how = script_run(&s, bombs[i]);
        if (how != VM_MEMORY && how != VM_BUDGET)
            fail_msg("end %d of [%s]: %s", how, bombs[i], script_why(&s));
        assert_true(vm_memory(s.vm) < 4 << 20);
        script_true(&s,
                    "local t = {} for i = 1, 1000 do t[i] = {} end return #t == 1000");
    }
    script_ends(&s, bombs[0], VM_MEMORY);
    assert_non_null(strstr(script_why(&s), "test is out of memory"));
    script_ends(&s, bombs[3], VM_MEMORY);
    assert_int_equal(strncmp(script_why(&s), "test.lua:1: test is out", 23), 0);
    script_fails(&s, "return ('x'):rep(1e9)", "longer than");
    script_fails(&s, "return ('x'):rep(1e9, ('y'):rep(1000))", "longer than");
    script_fails(&s,
                 "local t, x = {}, ('x'):rep(1e6) for i = 1, 20 do t[i] = x end "
                 "return table.concat(t)",
                 "longer than");
}

static int marks;

static int l_mark(lua_State *L)
{
    (void)L;
    marks++;
    return 0;
}

static void nothing_runs_after_a_kill(void **state)
{
    (void)state;
    marks = 0;
    lua_pushcfunction(vm_main(s.vm), l_mark);
    vm_set_library(s.vm, "mark");
    script_ends(&s,
                "pcall(function() local t = {} while true do t = {t} end end) "
                "kordless.mark()",
                VM_MEMORY);
    script_ends(&s, "pcall(function() while true do end end) kordless.mark()",
                VM_BUDGET);
    assert_int_equal(marks, 0);
}

/* What the host itself needs is there even when the script left nothing. */
static void the_host_has_headroom(void **state)
{
    lua_State *L = vm_main(s.vm);
    (void)state;
    lua_gc(L, LUA_GCCOLLECT);
    lua_newuserdatauv(L, (8 << 20) - vm_memory(s.vm) - 300, 0);
    lua_State *co[20];
    for (int i = 0; i < 20; i++)
        co[i] = vm_thread(s.vm);
    lua_pushboolean(L, 1);
    vm_set_library(s.vm, "late");
    for (int i = 0; i < 20; i++)
        vm_thread_end(s.vm, co[i], false);
}

/* One step after the other until it is enough: nothing in between may break. */
static void every_memory_limit_ends_well(void **state)
{
    static const char text[] =
        "local t, C = {}, {} C.__index = C "
        "for i = 1, 50 do t[i] = setmetatable({name = 'n' .. i, list = {i}}, C) end "
        "pcall(error, {}) table.sort(t, function(a, b) return a.name < b.name end) "
        "local s = {} for i, v in ipairs(t) do s[i] = v.name:gsub('n', '%0%0') end "
        "return #table.concat(s, ',')";
    int failed = 0, done = 0;
    (void)state;
    for (size_t max = 1024; max < 100 << 10; max += 256) {
        struct script one = {.budget = {BUDGET_INSTRUCTIONS, 0}};
        struct vm_options o = {.name = "small", .memory_max = max};
        int n;
        if (vm_new(&one.vm, &o)) {
            failed++;
            continue;
        }
        lua_State *L = vm_main(one.vm);
        if (vm_load(one.vm, str_of(text), "t", false, &one.why) == 0) {
            enum vm_end how = vm_run(one.vm, L, 0, &one.budget, &n, &one.why);
            assert_true(how == VM_DONE || how == VM_MEMORY);
            *(how == VM_DONE ? &done : &failed) += 1;
        }
        script_end(&one);
    }
    assert_true(failed > 20 && done > 20);
}

static void deep_recursion_ends(void **state)
{
    struct script small;
    (void)state;
    script_begin(&small, 128 << 20);
    script_fails(&small, "local function f() return 1 + f() end f()", "stack overflow");
    script_true(&small, "local function f() return 1 + f() end local ok, e = pcall(f)"
                        "return not ok and e:find('stack overflow')");
    script_end(&small);
    script_begin(&small, 512 << 10);
    script_ends(&small, "local function f() return 1 + f() end f()", VM_MEMORY);
    script_true(&small, "return true");
    script_end(&small);
}

/* --- loading, modules, threads ---------------------------------------------------- */

static void only_text_is_loaded(void **state)
{
    struct buf why;
    (void)state;
    buf_init(&why);
    assert_int_equal(vm_load(s.vm, STR("\x1bLua"), "b.lua", false, &why), ERR_INVALID);
    assert_non_null(memmem(why.p, why.n, "binary chunk", 12));
    buf_clear(&why);
    assert_int_equal(vm_load(s.vm, STR("return 1 +"), "dir/c.lua", false, &why),
                     ERR_INVALID);
    assert_int_equal(strncmp(why.p, "dir/c.lua:1: ", 13), 0);
    buf_clear(&why);
    assert_int_equal(vm_load(s.vm, STR(""), "d.lua", false, &why), 0);
    assert_int_equal(lua_gettop(vm_main(s.vm)), 1);
    lua_settop(vm_main(s.vm), 0);
    buf_end(&why);
}

static void bare_chunks_see_nothing(void **state)
{
    struct budget b = {1000, 0};
    int n;
    (void)state;
    assert_int_equal(vm_load(s.vm, STR("x = 5; return {x, string, pcall, _ENV.x}"),
                             "m.lua", true, &s.why),
                     0);
    assert_int_equal(vm_run(s.vm, vm_main(s.vm), 0, &b, &n, &s.why), VM_DONE);
    assert_int_equal(n, 1);
    assert_int_equal(lua_rawgeti(vm_main(s.vm), 1, 1), LUA_TNUMBER);
    assert_int_equal(lua_rawgeti(vm_main(s.vm), 1, 2), LUA_TNIL);
    assert_int_equal(lua_rawgeti(vm_main(s.vm), 1, 3), LUA_TNIL);
}

static void the_main_state_runs_and_survives(void **state)
{
    lua_State *L = vm_main(s.vm);
    static const struct {
        const char *text;
        enum vm_end end;
    } runs[] = {{"while true do end", VM_BUDGET},
                {"local t = {} while true do t = {t} end", VM_MEMORY},
                {"error('x')", VM_ERROR},
                {"return 1, 2", VM_DONE}};
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct budget b = {i % 4 == 0 ? 1000 : 10000000, 0};
        int n;
        buf_clear(&s.why);
        lua_settop(L, 0);
        lua_pushinteger(L, 42);
        assert_int_equal(vm_load(s.vm, str_of(runs[i % 4].text), "x", false, &s.why),
                         0);
        assert_int_equal(vm_run(s.vm, L, 0, &b, &n, &s.why), runs[i % 4].end);
        assert_int_equal(n, runs[i % 4].end == VM_DONE ? 2 : 0);
        assert_int_equal(lua_gettop(L), 1 + n);
        assert_int_equal(lua_tointeger(L, 1), 42);
    }
}

static bool find_module(lua_State *L, struct str name, void *ctx)
{
    int *found = ctx;
    ++*found;
    if (str_eq(name, STR("self"))) {
        assert_int_equal(
            vm_load(s.vm, STR("return require('self')"), "self", false, &s.why), 0);
        lua_xmove(vm_main(s.vm), L, 1);
        lua_call(L, 0, 1);
        return true;
    }
    if (!str_eq(name, STR("rules")))
        return false;
    lua_newtable(L);
    return true;
}

static void modules_are_found_once(void **state)
{
    int found = 0;
    (void)state;
    script_fails(&s, "require('rules')", "there is no module 'rules' here");
    vm_set_require(s.vm, find_module, &found);
    script_true(&s, "return require('rules') == require('rules')");
    assert_int_equal(found, 1);
    script_fails(&s, "require('other')", "there is no module 'other' here");
    script_fails(&s, "require('self')", "requires itself");
    script_fails(&s, "require()", "string expected");
}

static void threads_are_pooled(void **state)
{
    lua_State *a = vm_thread(s.vm), *b = vm_thread(s.vm);
    (void)state;
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(vm_of(a), s.vm);
    assert_ptr_equal(vm_owner(vm_of(b)), &s);
    lua_pushinteger(a, 1);
    vm_thread_end(s.vm, a, false);
    assert_ptr_equal(vm_thread(s.vm), a);
    assert_int_equal(lua_gettop(a), 0);
    vm_thread_end(s.vm, a, true);
    vm_thread_end(s.vm, b, true);
    for (int i = 0; i < 1000; i++)
        script_ends(&s, "error('x')", VM_ERROR);
    assert_true(vm_memory(s.vm) < 4 << 20); /* dead threads are collected */
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
        cmocka_unit_test_setup_teardown(endless_loops_end, begin, end),
        cmocka_unit_test_setup_teardown(recursion_through_pcall_ends, begin, end),
        cmocka_unit_test_setup_teardown(budgets_are_exact, begin, end),
        cmocka_unit_test_setup_teardown(c_functions_charge, begin, end),
        cmocka_unit_test_setup_teardown(the_budget_is_the_calls_not_the_resumes, begin,
                                        end),
        cmocka_unit_test_setup_teardown(short_pieces_are_paid, begin, end),
        cmocka_unit_test_setup_teardown(pcall_lets_waits_through, begin, end),
        cmocka_unit_test_setup_teardown(errors_have_place_and_traceback, begin, end),
        cmocka_unit_test_setup_teardown(bombs_end_and_leave_the_state_usable, begin,
                                        end),
        cmocka_unit_test_setup_teardown(nothing_runs_after_a_kill, begin, end),
        cmocka_unit_test_setup_teardown(the_host_has_headroom, begin, end),
        cmocka_unit_test(every_memory_limit_ends_well),
        cmocka_unit_test(deep_recursion_ends),
        cmocka_unit_test_setup_teardown(only_text_is_loaded, begin, end),
        cmocka_unit_test_setup_teardown(bare_chunks_see_nothing, begin, end),
        cmocka_unit_test_setup_teardown(the_main_state_runs_and_survives, begin, end),
        cmocka_unit_test_setup_teardown(modules_are_found_once, begin, end),
        cmocka_unit_test_setup_teardown(threads_are_pooled, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
