#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "lua/vm_inside.h"
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
        "local a = ('x'):rep(1 << 20) local b = a:sub(2) .. 'x' "
        "while true do local x = a == b end", /* few instructions, much work */
        "local t = {} for i = 1, 5e4 do t[i] = 1 end for i = 1, 5e4 do t[i] = nil end "
        "while true do next(t) end",
        "local t = {} for i = 1, 2000 do t = setmetatable({}, {__index = t}) end "
        "while true do table.unpack(t, 1, 1e5) end",
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

static int l_work(lua_State *L)
{
    for (int i = 0; i < 4; i++)
        vm_tick(vm_of(L));
    vm_charge(L, 1);
    return 0;
}

/* Ticks that a C function pays for are over: what follows costs what it always does. */
static void paid_ticks_leave_nothing_behind(void **state)
{
    static const char after[] = "kordless.work() for i = 1, 10000 do end";
    (void)state;
    lua_pushcfunction(vm_main(s.vm), l_work);
    vm_set_library(s.vm, "work");
    s.budget = (struct budget){1000000, 0};
    assert_int_equal(script_run(&s, after), VM_DONE);
    assert_true(s.budget.instructions >
                400000); /* three ticks of a tenth, and the loop */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(endless_loops_end, begin, end),
        cmocka_unit_test_setup_teardown(recursion_through_pcall_ends, begin, end),
        cmocka_unit_test_setup_teardown(budgets_are_exact, begin, end),
        cmocka_unit_test_setup_teardown(c_functions_charge, begin, end),
        cmocka_unit_test_setup_teardown(paid_ticks_leave_nothing_behind, begin, end),
        cmocka_unit_test_setup_teardown(the_budget_is_the_calls_not_the_resumes, begin,
                                        end),
        cmocka_unit_test_setup_teardown(pcall_lets_waits_through, begin, end),
        cmocka_unit_test_setup_teardown(short_pieces_are_paid, begin, end),
        cmocka_unit_test_setup_teardown(errors_have_place_and_traceback, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
