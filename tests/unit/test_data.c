#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "lua/data.h"
#include "script.h"

static struct script s, other;
static struct buf packed, why;

static int begin(void **state)
{
    (void)state;
    script_begin(&s, 0);
    script_begin(&other, 0);
    script_api(&s, API_HANDLER, 0, NULL);
    script_api(&other, API_HANDLER, 0, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    script_end(&other);
    buf_end(&packed);
    buf_end(&why);
    return 0;
}

/* The value of `text` packed: 0, or the error with `why`. */
static int pack(const char *text, size_t max)
{
    buf_clear(&packed);
    buf_clear(&why);
    s.budget = (struct budget){BUDGET_INSTRUCTIONS, 0};
    assert_int_equal(script_run(&s, text), VM_DONE);
    int top = lua_gettop(vm_main(s.vm));
    int err = data_pack(vm_main(s.vm), -1, max, &packed, &why);
    assert_int_equal(lua_gettop(vm_main(s.vm)), top);
    buf_char(&why, '\0');
    return err;
}

static void crosses(const char *text, const char *check)
{
    lua_State *L = vm_main(other.vm);
    if (pack(text, DATA_MAX))
        fail_msg("[%s]: %s", text, why.p);
    char chunk[500];
    snprintf(chunk, sizeof(chunk), "local v = ... return %s", check);
    lua_settop(L, 0);
    assert_int_equal(vm_load(other.vm, str_of(chunk), "c", false, &other.why), 0);
    assert_int_equal(data_unpack(L, buf_slice(&packed)), 0);
    int n;
    other.budget = (struct budget){BUDGET_INSTRUCTIONS, 0};
    assert_int_equal(vm_run(other.vm, L, 1, &other.budget, &n, &other.why), VM_DONE);
    if (!lua_toboolean(L, -1))
        fail_msg("[%s] arrived otherwise", text);
}

static void plain_data_crosses(void **state)
{
    (void)state;
    crosses("return nil", "v == nil");
    crosses("return true", "v == true");
    crosses("return false", "v == false");
    crosses("return math.mininteger", "v == math.mininteger");
    crosses("return 45", "math.type(v) == 'integer' and v == 45");
    crosses("return 45.0", "math.type(v) == 'float' and v == 45");
    crosses("return 1/3", "v == 1/3");
    crosses("return -1/0", "v == -1/0");
    crosses("return 0/0", "v ~= v");
    crosses("return ''", "v == ''");
    crosses("return 'a\\0b\\xff'", "v == 'a\\0b\\xff'");
    crosses("return ('x'):rep(60000)", "v == ('x'):rep(60000)");
    crosses("return kordless.json.null", "v == kordless.json.null");
    crosses("return {}", "next(v) == nil and not kordless.json.is_array(v)");
    crosses("return {1, 'b', {3}}", "#v == 3 and v[2] == 'b' and v[3][1] == 3");
    crosses("return {a = {b = {c = 1}}, 5}", "v.a.b.c == 1 and v[1] == 5");
    crosses(
        "return {[1] = 1, [2] = 2, [4] = 4, [-1] = 0, [2.5] = 'x', [true] = 't'}",
        "v[2] == 2 and v[4] == 4 and v[-1] == 0 and v[2.5] == 'x' and v[true] == 't'");
    crosses("local t = {} for i = 100, 1, -1 do t[i] = i end return t",
            "#v == 100 and v[1] == 1 and v[57] == 57");
    crosses("return kordless.json.array({})", "kordless.json.is_array(v)");
    crosses("return kordless.json.decode('[[],{},null]')",
            "kordless.json.is_array(v[1]) and not kordless.json.is_array(v[2]) "
            "and v[3] == kordless.json.null");
    /* a table that serves as a metatable elsewhere keeps what is hidden in it to itself
     */
    crosses("local c = {x = 1} setmetatable({}, c) return c",
            "v.x == 1 and next(v, next(v)) == nil");
}

static void what_is_no_data_is_named(void **state)
{
    static const char *const wrong[][2] = {
        {"return function() end", "value is a function"},
        {"return {items = {1, 2, function() end}}", "value.items[3] is a function"},
        {"return {['a b'] = {[2] = string.rep}}", "value[\"a b\"][2] is a function"},
        {"return {a = setmetatable({}, {})}", "value.a has a metatable"},
        {"return {string}", "value[1] has a metatable"},
        {"return {[{}] = 1}", "value[a table] has a table for a key"},
        {"return {[string.rep] = 1}", "value[a function] is a function"},
        {"local t = {} t.t = t return t", "is nested too deep"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *text = wrong[i][0];
        assert_int_equal(pack(text, DATA_MAX), ERR_INVALID);
        if (!strstr(why.p, wrong[i][1]))
            fail_msg("[%s]: %s", text, why.p);
    }
    buf_clear(&why);
    buf_lit(&why, "args");
    assert_int_equal(script_run(&s, "return {x = string.rep}"), VM_DONE);
    assert_int_equal(data_pack(vm_main(s.vm), -1, DATA_MAX, &packed, &why),
                     ERR_INVALID);
    assert_memory_equal(why.p, "args.x is a function", 20);
}

static void depth_and_size_are_bounded(void **state)
{
    char text[200];
    (void)state;
    snprintf(text, sizeof(text), "local t = {} for i = 1, %d do t = {t} end return t",
             DATA_DEPTH - 1);
    crosses(text, "type(v) == 'table'");
    snprintf(text, sizeof(text), "local t = {} for i = 1, %d do t = {t} end return t",
             DATA_DEPTH);
    assert_int_equal(pack(text, DATA_MAX), ERR_INVALID);
    assert_int_equal(pack("return ('x'):rep(70000)", DATA_MAX), ERR_TOO_LARGE);
    assert_int_equal(
        pack("local t = {} for i = 1, 60000 do t[i] = true end return t", DATA_MAX), 0);
    assert_int_equal(
        pack("local t = {} for i = 1, 66000 do t[i] = true end return t", DATA_MAX),
        ERR_TOO_LARGE);
    /* two to the 30 leaves from 30 tables */
    assert_int_equal(
        pack("local t = {} for i = 1, 30 do t = {t, t} end return t", DATA_MAX),
        ERR_TOO_LARGE);
    assert_int_equal(pack("return {1, a = 'bc', {true}}", DATA_MAX), 0);
    size_t whole = packed.n;
    for (size_t max = 0; max < whole + 3; max++) {
        int err = pack("return {1, a = 'bc', {true}}", max);
        assert_int_equal(err, max < whole ? ERR_TOO_LARGE : 0);
        assert_true(packed.n <= max);
    }
}

/* Cut anywhere and with any byte changed, it is refused or gives some value: it never
 * reads past its end. */
static void broken_bytes_are_refused(void **state)
{
    lua_State *L = vm_main(other.vm);
    int refused = 0;
    (void)state;
    assert_int_equal(
        pack("return {1, 2.5, 'abc', true, {x = 'y', [3] = false}, {}}", DATA_MAX), 0);
    for (size_t n = 0; n < packed.n; n++) {
        char *part = malloc(n + 1); /* exact size, for the address sanitizer */
        memcpy(part, packed.p, n);
        char *cut = realloc(part, n ? n : 1);
        assert_int_equal(data_unpack(L, (struct str){cut, n}), ERR_CORRUPT);
        assert_int_equal(lua_gettop(L), 0);
        free(cut);
    }
    buf_char(&packed, 'n');
    assert_int_equal(data_unpack(L, buf_slice(&packed)), ERR_CORRUPT);
    packed.n--;
    for (size_t i = 0; i < packed.n; i++) {
        char kept = packed.p[i];
        for (int v = 0; v < 256; v += 5) {
            packed.p[i] = (char)v;
            refused += data_unpack(L, buf_slice(&packed)) != 0;
            lua_settop(L, 0);
        }
        packed.p[i] = kept;
    }
    assert_true(refused > 1000);
}

static int l_unpack(lua_State *L)
{
    assert_int_equal(data_unpack(L, buf_slice(&packed)), 0);
    return 1;
}

static void unpacking_stays_under_the_memory_cap(void **state)
{
    int done = 0, out = 0;
    (void)state;
    assert_int_equal(
        pack("local t = {} for i = 1, 8000 do t[i] = {} end return t", 1 << 20), 0);
    for (size_t max = 64 << 10; max < 1200 << 10; max += 64 << 10) {
        struct script small;
        int n;
        script_begin(&small, max);
        lua_pushcfunction(vm_main(small.vm), l_unpack);
        enum vm_end how =
            vm_run(small.vm, vm_main(small.vm), 0, &small.budget, &n, &small.why);
        assert_true(how == VM_DONE || how == VM_MEMORY);
        done += how == VM_DONE;
        out += how == VM_MEMORY;
        script_true(&small, "return true");
        script_end(&small);
    }
    assert_true(done > 3 && out > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_data_crosses, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_data_is_named, begin, end),
        cmocka_unit_test_setup_teardown(depth_and_size_are_bounded, begin, end),
        cmocka_unit_test_setup_teardown(broken_bytes_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(unpacking_stays_under_the_memory_cap, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
