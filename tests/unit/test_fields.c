#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "lua/fields.h"

struct fixture {
    lua_State *L;
    struct arena arena;
    struct buf faults;
    struct fields f;
};

static int set_up(void **state)
{
    struct fixture *x = test_calloc(1, sizeof(*x));
    x->L = luaL_newstate();
    luaL_openlibs(x->L);
    arena_init(&x->arena);
    buf_init(&x->faults);
    x->f = (struct fields){
        .L = x->L, .arena = &x->arena, .file = "scripts/f.lua", .faults = &x->faults};
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    lua_close(x->L);
    arena_end(&x->arena);
    buf_end(&x->faults);
    test_free(x);
    return 0;
}

static struct fields *table(void **state, const char *text)
{
    struct fixture *x = *state;
    lua_settop(x->L, 0);
    buf_clear(&x->faults);
    x->f.n_faults = 0;
    x->f.path[0] = '\0';
    assert_int_equal(luaL_dostring(x->L, text), LUA_OK);
    return &x->f;
}

static void says(struct fields *f, const char *faults)
{
    *buf_reserve(f->faults, 1) = '\0';
    assert_string_equal(f->faults->p, faults);
    assert_int_equal(lua_gettop(f->L), 1); /* every reader leaves the stack as it was */
}

static void values_outlive_the_state(void **state)
{
    struct fields *f = table(state, "return { a = 'x\\0y', e = '' }");
    struct str a = fields_str(f, "a", REQUIRED), e = fields_str(f, "e", REQUIRED);
    assert_true(str_eq(a, (struct str){"x\0y", 3}));
    assert_non_null(e.p);
    assert_int_equal(e.n, 0);
    assert_null(fields_str(f, "b", OPTIONAL).p);
    says(f, "");
}

static void integers_have_bounds(void **state)
{
    struct fields *f =
        table(state, "return { a = 7, b = 7.0, c = 7.5, d = '7', e = 1 << 63 }");
    assert_int_equal(fields_int(f, "a", 7, 7, 1), 7);
    assert_int_equal(fields_int(f, "b", 7, 7, 1), 7);
    assert_int_equal(fields_int(f, "z", 7, 7, 1), 1);
    says(f, "");
    assert_int_equal(fields_int(f, "a", 8, 9, 1), 1);
    assert_int_equal(fields_int(f, "a", 1, 6, 1), 1);
    fields_int(f, "c", 1, 9, 1);
    fields_int(f, "d", 1, 9, 1);
    assert_int_equal(fields_int(f, "e", INT64_MIN, INT64_MAX, 1), INT64_MIN);
    assert_int_equal(f->n_faults, 4);
}

static void booleans_are_booleans(void **state)
{
    struct fields *f =
        table(state, "return { a = true, b = false, c = 0, d = 'false' }");
    assert_true(fields_bool(f, "a", false));
    assert_false(fields_bool(f, "b", true));
    assert_true(fields_bool(f, "z", true));
    says(f, "");
    fields_bool(f, "c", false);
    fields_bool(f, "d", false);
    says(f, "scripts/f.lua: c: must be true or false\n"
            "scripts/f.lua: d: must be true or false\n");
}

static void lists_stop_at_what_fits(void **state)
{
    struct fields *f = table(state, "return { l = { 'a', 'b', 'c' } }");
    struct str out[2];
    assert_int_equal(fields_list(f, "l", out, 2), 2);
    says(f, "scripts/f.lua: l: has more than 2 entries\n");
}

static void paths_go_in_and_come_out(void **state)
{
    struct fields *f = table(state, "return { a = { { b = { c = 1 } }, 7 } }");
    assert_true(fields_enter(f, "a", REQUIRED));
    assert_int_equal(fields_n(f), 2);
    assert_true(fields_is_list(f));
    assert_true(fields_item(f, 1));
    assert_false(fields_is_list(f));
    assert_true(fields_enter(f, "b", REQUIRED));
    fields_str(f, "c", REQUIRED);
    fields_leave(f);
    fields_str(f, "d", REQUIRED);
    fields_leave(f);
    assert_false(fields_item(f, 2));
    fields_leave(f);
    assert_false(fields_enter(f, "x", REQUIRED));
    assert_false(fields_enter(f, "x", OPTIONAL));
    says(f, "scripts/f.lua: a[1].b.c: must be a string, not a number\n"
            "scripts/f.lua: a[1].d: is missing\n"
            "scripts/f.lua: a[2]: must be a table\n"
            "scripts/f.lua: x: is missing\n");
}

static void metatables_are_not_asked(void **state)
{
    static const char *const known[] = {"a", NULL};
    struct fields *f = table(state, "return setmetatable({ a = 'x' }, { __index ="
                                    " function() error('asked') end, __len = error,"
                                    " __pairs = error })");
    fields_only(f, known);
    assert_null(fields_str(f, "b", OPTIONAL).p);
    assert_int_equal(fields_n(f), 0);
    says(f, "");
}

static void a_path_too_deep_for_words_still_comes_out(void **state)
{
    struct fields *f =
        table(state, "local t = {} local inner = t for i = 1, 40 do"
                     " inner.abcdef = {} inner = inner.abcdef end return t");
    for (int i = 0; i < 40; i++)
        assert_true(fields_enter(f, "abcdef", REQUIRED));
    fields_fault(f, "x", "%s", "deep");
    for (int i = 0; i < 40; i++)
        fields_leave(f);
    assert_int_equal(f->n_faults, 1);
    assert_int_equal(lua_gettop(f->L), 1);
    assert_string_equal(f->path, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_outlive_the_state),
        TEST(integers_have_bounds),
        TEST(booleans_are_booleans),
        TEST(lists_stop_at_what_fits),
        TEST(paths_go_in_and_come_out),
        TEST(metatables_are_not_asked),
        TEST(a_path_too_deep_for_words_still_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
