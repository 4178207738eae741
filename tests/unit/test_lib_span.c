#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "base/span.h"
#include "script.h"

static struct script s;

static int begin(void **state)
{
    (void)state;
    script_begin(&s, 8 << 20);
    script_api(&s, API_HANDLER, NEED_SPAN, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    return 0;
}

/* `show` writes a set as "1-3 5-7". */
static void holds(const char *condition)
{
    char text[1000];
    snprintf(text, sizeof(text),
             "local span = kordless.span local new = span.new "
             "local function show(s) local t = {} for a, b in s:each() do "
             "t[#t + 1] = a .. '-' .. b end return table.concat(t, ' ') end return %s",
             condition);
    script_true(&s, text);
}

static void sets_are_made_and_walked(void **state)
{
    (void)state;
    holds("show(new()) == '' and #new() == 0");
    holds("show(new(1, 3)) == '1-3' and #new(1, 3) == 1");
    holds("show(new(3, 3)) == '' and show(new(4, 3)) == ''");
    holds("show(new({{5, 7}, {1, 3}, {2, 4}, {4, 5}})) == '1-7'");
    holds("show(new({{5, 7}, {1, 3}})) == '1-3 5-7' and show(new({})) == ''");
    holds("show(new():add(5, 7):add(1, 2)) == '1-2 5-7'");
    holds("(function() local x = new() return rawequal(x:add(1, 2), x) end)()");
    holds("select('#', new(1, 3):get(1)) == 2 and select(2, new(1, 3):get(1)) == 3");
    holds("new(1, 3):get(0) == nil and new(1, 3):get(2) == nil and new(1, 3):get(-1) "
          "== nil");
    holds("new(1.0, 3.0):get(1) == 1");
}

static void sets_are_combined(void **state)
{
    (void)state;
    holds("show(new({{1, 5}, {8, 9}}):union(new(4, 6))) == '1-6 8-9'");
    holds("show(new({{1, 5}, {8, 9}}):intersect(new(4, 20))) == '4-5 8-9'");
    holds("show(new(1, 10):subtract(new({{2, 3}, {5, 20}}))) == '1-2 3-5'");
    holds(
        "(function() local x, y = new(1, 5), new(2, 3) local z = x:subtract(y) "
        "return show(x) == '1-5' and show(y) == '2-3' and show(z) == '1-2 3-5' end)()");
    holds("(function() local x = new(1, 5) return show(x:union(x)) == '1-5' and "
          "show(x:intersect(x)) == '1-5' and show(x:subtract(x)) == '' end)()");
    holds("new({{1, 3}, {3, 5}}):covers(1, 5) and not new({{1, 3}, {4, 5}}):covers(1, "
          "5)");
    holds("new(1, 3):touches(2, 9) and not new(1, 3):touches(3, 9)");
    holds("new({{1, 3}, {10, 15}}):total() == 7");
}

static void the_peak_is_of_an_instant(void **state)
{
    (void)state;
    holds("span.peak({}, 0, 100) == 0");
    holds("span.peak({0, 10, 1, 10, 20, 1}, 0, 100) == 1"); /* they never meet */
    holds("span.peak({0, 10, 1, 9, 20, 2}, 0, 100) == 3");
    holds("span.peak({0, 10, 1, 9, 20, 2}, 10, 100) == 2");
    holds("span.peak({0, 10, 5}, 10, 20) == 0");
}

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    script_fails(&s, "kordless.span.new({{1}})", "entry 1 is no {a, b} of integers");
    script_fails(&s, "kordless.span.new({{1, 2}, 3})", "entry 2 is no {a, b}");
    script_fails(&s, "kordless.span.new(1)", "number expected");
    script_fails(&s, "kordless.span.new(1, 2.5)", "no integer representation");
    script_fails(&s, "kordless.span.new():add('x', 1)", "number expected");
    script_fails(&s, "kordless.span.new():union({})", "kordless.span expected");
    script_fails(&s, "kordless.span.peak({1, 2}, 0, 1)",
                 "three integers for each load");
    script_fails(&s, "kordless.span.peak({1, 2, 'x'}, 0, 1)", "entry 3 of the loads");
    script_fails(&s, "kordless.span.new().x = 1", "attempt to index");
    script_true(&s, "return getmetatable(kordless.span.new()) == false");
    script_fails(&s, "getmetatable(kordless.span.new()).__gc()", "attempt to index");
}

/* The sets' memory is malloc's: it counts all the same, and is given back. */
static void memory_counts(void **state)
{
    (void)state;
    script_ends(
        &s,
        "local x = kordless.span.new() for i = 1, 1e6 do x:add(2 * i, 2 * i + 1) end",
        VM_MEMORY);
    script_ends(&s,
                "local keep = {} for i = 1, 1e5 do local x = kordless.span.new() "
                "for j = 1, 100 do x:add(2 * j, 2 * j + 1) end keep[i] = x end",
                VM_MEMORY);
    assert_true(vm_memory(s.vm) < 1 << 20);
    /* dropped ones are collected in time */
    script_true(&s, "for i = 1, 2000 do local x = kordless.span.new() "
                    "for j = 1, 500 do x:add(2 * j, 2 * j + 1) end end return true");
    script_true(
        &s,
        "local x = kordless.span.new() for j = 1, 1000 do x:add(2 * j, 2 * j + 1) end "
        "for i = 1, 2000 do local y = x:union(x) end return true");
    assert_true(vm_memory(s.vm) < 8 << 20);
}

static void work_is_paid(void **state)
{
    (void)state;
    script_ends(
        &s,
        "local x = kordless.span.new() for j = 1, 10000 do x:add(2 * j, 2 * j + 1) end "
        "local y = kordless.span.new(0, 1) while true do x:intersect(y) end",
        VM_BUDGET);
    script_ends(&s,
                "local x = kordless.span.new() for j = 50000, 1, -1 do "
                "x:add(2 * j, 2 * j + 1) end",
                VM_BUDGET);
    script_ends(&s,
                "local t = {} for i = 1, 30000 do t[i] = i end "
                "while true do kordless.span.peak(t, 0, 1) end",
                VM_BUDGET);
    script_ends(
        &s,
        "local x = kordless.span.new() for j = 1, 10000 do x:add(2 * j, 2 * j + 1) end "
        "while true do x:total() end",
        VM_BUDGET);
}

static void c_fills_a_set(void **state)
{
    lua_State *L = vm_main(s.vm);
    (void)state;
    struct spans *set = span_push(L);
    for (int64_t i = 0; i < 1000; i++)
        spans_add(set, 3 * i, 3 * i + 1);
    size_t before = vm_memory(s.vm);
    span_settle(L, -1);
    assert_true(vm_memory(s.vm) >= before + 1000 * sizeof(struct span));
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    assert_true(vm_memory(s.vm) <= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_are_made_and_walked, begin, end),
        cmocka_unit_test_setup_teardown(sets_are_combined, begin, end),
        cmocka_unit_test_setup_teardown(the_peak_is_of_an_instant, begin, end),
        cmocka_unit_test_setup_teardown(wrong_arguments_are_named, begin, end),
        cmocka_unit_test_setup_teardown(memory_counts, begin, end),
        cmocka_unit_test_setup_teardown(work_is_paid, begin, end),
        cmocka_unit_test_setup_teardown(c_fills_a_set, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
