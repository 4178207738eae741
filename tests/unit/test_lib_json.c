#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <lauxlib.h>

#include "script.h"

static struct script s;

static int begin(void **state)
{
    (void)state;
    script_begin(&s, 0);
    script_api(&s, API_HANDLER, 0, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    return 0;
}

/* What the Lua expression becomes. */
static void encodes(const char *expression, const char *json)
{
    char text[1000];
    snprintf(text, sizeof(text), "local json = kordless.json return json.encode(%s)",
             expression);
    script_ends(&s, text, VM_DONE);
    assert_string_equal(lua_tostring(vm_main(s.vm), -1), json);
}

static void refuses(const char *expression, const char *why)
{
    char text[1000];
    snprintf(text, sizeof(text), "return kordless.json.encode(%s)", expression);
    script_fails(&s, text, why);
}

static void decodes(const char *json, const char *check)
{
    char text[1000];
    snprintf(
        text, sizeof(text),
        "local json = kordless.json local v, why = json.decode([==[%s]==]) return %s",
        json, check);
    script_true(&s, text);
}

static void values_become_json(void **state)
{
    (void)state;
    encodes("nil", "null");
    encodes("json.null", "null");
    encodes("true", "true");
    encodes("false", "false");
    encodes("42", "42");
    encodes("math.mininteger", "-9223372036854775808");
    encodes("45.0", "45");
    encodes("45.5", "45.5");
    encodes("1e300", "1e+300");
    encodes("'a\"b\\\\c\\n\\u{e9}'", "\"a\\\"b\\\\c\\n\xc3\xa9\"");
    encodes("{}", "{}");
    encodes("json.array({})", "[]");
    encodes("json.array({1})", "[1]");
    encodes("{1, 2.5, 'x', {}, {{}}}", "[1,2.5,\"x\",{},[{}]]");
    encodes("{b = 1, a = {c = json.null, B = true}, aa = 2}",
            "{\"a\":{\"B\":true,\"c\":null},\"aa\":2,\"b\":1}");
    encodes("{1, 2, json.null}", "[1,2,null]");
    encodes("(function() local t = {} for i = 9, 1, -1 do t[i] = i end return t end)()",
            "[1,2,3,4,5,6,7,8,9]");
    encodes("(function() local c = {f = 1} setmetatable({}, c) return c end)()",
            "{\"f\":1}");
    encodes("(function() local c = {} setmetatable({}, c) return c end)()", "{}");
    encodes("(function() local c = {} setmetatable({}, c) c[1] = 5 c.x = nil "
            "return c[1] end)()",
            "5");
    encodes("setmetatable({a = 1}, {__index = {b = 2}})", "{\"a\":1}");
    encodes("json.decode('[]')", "[]");
    encodes("json.decode('{}')", "{}");
}

static void names_are_sorted_however_many(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 63, 64, 65, 66, 200, 3000};
    char text[600];
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        snprintf(
            text, sizeof(text),
            "local json, t, names = kordless.json, {}, {} for i = 1, %d do "
            "local k = 'k' .. (i * 7919) %% 100003 .. ('x'):rep(i %% 50) t[k] = {i} "
            "names[i] = k end table.sort(names) for i, k in ipairs(names) do "
            "names[i] = json.encode(k) .. ':[' .. t[k][1] .. ']' end "
            "return json.encode(t) == '{' .. table.concat(names, ',') .. '}'",
            counts[i]);
        script_true(&s, text);
    }
    script_fails(&s,
                 "local t = {} for i = 1, 100 do t['k' .. i] = i end t[1] = 1 "
                 "return kordless.json.encode(t)",
                 "");
}

static void what_is_no_json_is_named(void **state)
{
    (void)state;
    refuses("string.rep", "json.encode: value: a function is no JSON value");
    refuses("{a = {1, {b = string.rep}}}", "value.a[2].b: a function is no JSON value");
    refuses("{['a b'] = 0/0}", "value[\"a b\"]: NaN and infinity are no JSON numbers");
    refuses("{1, 1/0}", "value[2]: NaN");
    refuses("{x = '\\xff'}", "value.x: a string is not valid UTF-8");
    refuses("{['\\xff'] = 1}", "not valid UTF-8");
    refuses("{1, 2, x = 3}", "value: a table is either a list");
    refuses("{x = 3, 1}", "list");
    refuses("{1, nil, 3}", "value: a table is either a list without holes");
    refuses("{[2] = 1}", "without holes");
    refuses("(function() local t = {} for i = 1, 3000 do t[i] = ('x'):rep(20) end "
            "t[5000] = 1 "
            "return t end)()",
            "without holes");
    refuses("{[1.5] = 1}", "without holes");
    refuses("{[true] = 1}", "a boolean is no JSON name");
    refuses("kordless.json.array({x = 1})", "list");
    refuses("(function() local t = {} t.t = t return t end)()", "nested too deep");
    refuses("", "value expected");
    refuses("{('x'):rep(8 << 20), ('x'):rep(8 << 20)}", "value[2]: over 16 MiB");
    script_fails(
        &s,
        "local x = ('x'):rep(1 << 20) local t = {} for i = 1, 30 do t[i] = x end "
        "return kordless.json.encode(t)",
        "value[16]: over 16 MiB");
    script_fails(&s,
                 "local t = ('x'):rep(4096) for i = 1, 60 do t = {t, t} end "
                 "kordless.json.encode(t)",
                 "over 16 MiB");
}

static void json_becomes_values(void **state)
{
    (void)state;
    decodes("null", "v == json.null and v ~= nil");
    decodes("true", "v == true");
    decodes(" [1, -2, 3.0, 1e2] ", "math.type(v[1]) == 'integer' and v[2] == -2 and "
                                   "math.type(v[3]) == 'float' and v[4] == 100");
    decodes("\"a\\u00e9\\n\"", "v == 'a\\u{e9}\\n'");
    decodes("{\"a\":{\"b\":[{}]},\"c\":null}",
            "next(v.a.b[1]) == nil and v.c == json.null");
    decodes("{\"a\":1,\"a\":2}", "v.a == 2");
    decodes("[]", "json.is_array(v) and #v == 0");
    decodes("{}", "not json.is_array(v)");
    decodes("[1,2]", "json.is_array(v) and #v == 2");
    decodes("9223372036854775808", "math.type(v) == 'float'");
    decodes("[1,]", "v == nil and why:find('^This is not valid JSON, at byte 4: ')");
    decodes("", "v == nil and why:find('ends too early')");
    decodes("{\"a\":1} x", "v == nil and why:find('after the value')");
    script_true(&s,
                "local json = kordless.json return json.decode(('['):rep(64) .. "
                "(']'):rep(64)) and not json.decode(('['):rep(65) .. (']'):rep(65))");
    script_true(&s,
                "local t = kordless.json.decode('[' .. ('1,'):rep(9999) .. '2]') "
                "return #t == 10000 and t[10000] == 2 and t[48] == 1 and t[49] == 1");
    script_fails(&s, "kordless.json.decode({})", "string expected");
}

static void arrays_are_known(void **state)
{
    (void)state;
    script_true(&s, "local json = kordless.json return json.is_array({1, 2}) and "
                    "not json.is_array({}) and not json.is_array({1, x = 2}) and "
                    "not json.is_array('x') and not json.is_array({nil, 2}) and "
                    "json.is_array(json.array({})) and not json.is_array(json.null)");
    script_true(&s, "local t = {} return kordless.json.array(t) == t and "
                    "getmetatable(t) == false and kordless.json.array(t) == t");
    script_true(&s, "local t = kordless.json.decode('[1]') t[1] = nil "
                    "return kordless.json.encode(t) == '[]'");
    script_fails(&s, "kordless.json.array(setmetatable({}, {}))", "has a metatable");
    script_fails(&s, "setmetatable(kordless.json.array({}), {})", "protected");
    script_true(&s, "local t = kordless.json.array({}) rawset(t, 1, 5) t[2] = 6 "
                    "return kordless.json.encode(t) == '[5,6]'");
}

/* Objects of n members and lists of n, nested: chunked building must not show. */
static void sizes_around_the_chunks_survive(void **state)
{
    char text[700];
    (void)state;
    for (int n = 0; n < 150; n++) {
        snprintf(
            text, sizeof(text),
            "local json = kordless.json local t = {list = json.array({}), map = {}} "
            "for i = 1, %d do t.list[i] = {i, tostring(i)} t.map['m' .. i] = {x = i} "
            "end "
            "local one = json.encode(t) local back = json.decode(one) "
            "return json.encode(back) == one and #back.list == %d and "
            "(%d == 0 or back.map.m%d.x == %d and back.list[%d][1] == %d)",
            n, n, n, n, n, n, n);
        script_true(&s, text);
    }
}

static void both_ways_are_paid(void **state)
{
    (void)state;
    script_ends(&s,
                "local t = {} for i = 1, 20 do t = {t, t} end "
                "while true do kordless.json.encode(t) end",
                VM_BUDGET);
    script_ends(&s,
                "local t = ('x'):rep(1e6) while true do kordless.json.encode(t) end",
                VM_BUDGET);
    script_ends(&s,
                "local t = '\"' .. ('x'):rep(1e6) .. '\"' "
                "while true do kordless.json.decode(t) end",
                VM_BUDGET);
    script_ends(&s, "while true do pcall(kordless.json.decode, '') end", VM_BUDGET);
    script_ends(&s,
                "local t = {} for i = 1, 100 do t['k' .. i] = i end "
                "while true do kordless.json.encode(t) end",
                VM_BUDGET);
    script_true(&s, "return kordless.json.encode({a = 1}) == '{\"a\":1}'");
}

/* Memory ends at every possible place. */
static void memory_errors_leave_it_usable(void **state)
{
    static const char text[] =
        "local json = kordless.json local t = {} for i = 1, 100 do t['k' .. i] = {i, "
        "'v' .. i} end "
        "local x = json.encode(t) return json.encode(json.decode(x)) == x";
    int done = 0, out = 0;
    (void)state;
    for (size_t max = 40 << 10; max < 200 << 10; max += 1 << 10) {
        struct script small;
        script_begin(&small, max);
        script_api(&small, API_HANDLER, 0, NULL);
        enum vm_end how = script_run(&small, text);
        bool stack = how == VM_ERROR && strstr(script_why(&small), "stack overflow");
        if (how != VM_DONE && how != VM_MEMORY && !stack)
            fail_msg("%zu: end %d: %s", max, how, script_why(&small));
        done += how == VM_DONE;
        out += how == VM_MEMORY;
        script_end(&small);
    }
    assert_true(done > 10 && out > 10);
}

static struct str read_file(const char *dir, const char *name, char *room, size_t cap)
{
    char path[2048];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(room, 1, cap, f);
    fclose(f);
    return (struct str){room, n};
}

static void the_suite_of_others(void **state)
{
    static char room[1 << 20];
    const char *root = getenv("KORDLESS_ORACLES");
    char dir[900];
    int seen = 0;
    (void)state;
    if (!root)
        skip();
    snprintf(dir, sizeof(dir), "%s/JSONTestSuite/test_parsing", root);
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        bool nul =
            strstr(e->d_name, "null_escape") || strstr(e->d_name, "escaped_null");
        if (e->d_name[0] == '.' ||
            nul) /* the one thing valid that is refused: \u0000 */
            continue;
        buf_clear(&s.why);
        int err = json_decode(vm_main(s.vm),
                              read_file(dir, e->d_name, room, sizeof(room)), &s.why);
        if (e->d_name[0] == 'y' ? err != 0 : e->d_name[0] == 'n' && err == 0)
            fail_msg("%s: %d", e->d_name, err);
        struct buf out;
        buf_init(&out);
        if (!err) /* what was read can be written */
            assert_int_equal(json_encode(vm_main(s.vm), -1, &out, &s.why), 0);
        buf_end(&out);
        lua_settop(vm_main(s.vm), 0);
        seen++;
    }
    closedir(d);
    assert_true(seen > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_become_json, begin, end),
        cmocka_unit_test_setup_teardown(names_are_sorted_however_many, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_json_is_named, begin, end),
        cmocka_unit_test_setup_teardown(json_becomes_values, begin, end),
        cmocka_unit_test_setup_teardown(arrays_are_known, begin, end),
        cmocka_unit_test_setup_teardown(sizes_around_the_chunks_survive, begin, end),
        cmocka_unit_test_setup_teardown(both_ways_are_paid, begin, end),
        cmocka_unit_test(memory_errors_leave_it_usable),
        cmocka_unit_test_setup_teardown(the_suite_of_others, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
