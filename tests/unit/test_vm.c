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

/* Memory outside of Lua that a value holds, counted: it takes the state over its cap,
 * and has to come back all the same. */
static int held;

static int l_hold_gc(lua_State *L)
{
    held--;
    vm_account(L, -(ptrdiff_t)(6 << 20));
    return 0;
}

static int l_hold(lua_State *L)
{
    lua_newuserdatauv(L, 1, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_hold_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    held++;
    vm_account(L, 6 << 20);
    return 1;
}

static void what_is_held_outside_comes_back(void **state)
{
    (void)state;
    held = 0;
    lua_pushcfunction(vm_main(s.vm), l_hold);
    vm_set_library(s.vm, "hold");
    for (int i = 0; i < 20; i++) {
        s.budget = (struct budget){BUDGET_INSTRUCTIONS, BUDGET_YIELDS};
        script_true(&s, "kordless.hold() kordless.hold() return true");
        script_ends(&s, "local a, b = kordless.hold(), kordless.hold()", VM_MEMORY);
        script_true(&s, "return true");
        assert_int_equal(held, 0);
        assert_true(vm_memory(s.vm) < 1 << 20);
    }
    script_ends(&s, "local a = kordless.hold() while true do end", VM_BUDGET);
    script_ends(&s, "local a, b = kordless.hold(), kordless.hold()", VM_MEMORY);
    script_end(&s);
    assert_int_equal(held, 0);
    script_begin(&s, 8 << 20);
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
    /* a quarter of a second of filling the stack may be called slow before it is full
     */
    script_begin(&small, 128 << 20);
    enum vm_end end = script_run(&small, "local function f() return 1 + f() end f()");
    assert_true(end == VM_BUDGET ||
                (end == VM_ERROR && strstr(script_why(&small), "stack overflow")));
    script_true(&small, "local function f(n) return n > 0 and f(n - 1) + 1 or 0 end "
                        "return f(9000) == 9000");
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
        cmocka_unit_test_setup_teardown(what_is_held_outside_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(threads_are_pooled, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
