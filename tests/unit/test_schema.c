#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lua/entry.h"
#include "lua/schema.h"
#include "script.h"

/* A state whose chunks return { schema, value }; both are looked at under its budget.
 */
struct fixture {
    struct script script;
    struct arena arena;
    struct buf faults, told;
    struct schema schema;
    struct schema_look look;
    bool read_only, good;
    int n_faults;
};

static int set_up(void **state)
{
    struct fixture *x = test_calloc(1, sizeof(*x));
    script_begin(&x->script, 0);
    script_api(&x->script, API_HANDLER, 0, NULL);
    arena_init(&x->arena);
    buf_init(&x->faults);
    buf_init(&x->told);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    script_end(&x->script);
    arena_end(&x->arena);
    buf_end(&x->faults);
    buf_end(&x->told);
    test_free(x);
    return 0;
}

static int look(lua_State *L, void *ctx)
{
    struct fixture *x = ctx;
    struct fields f = {
        .L = L, .arena = &x->arena, .file = "p.lua", .faults = &x->faults};
    lua_rawgeti(L, -1, 1);
    schema_read(&f, &x->schema);
    fields_end(&f);
    x->n_faults = f.n_faults;
    lua_pop(L, 1);
    if (x->read_only || f.n_faults)
        return 0;
    x->look.faults = &x->told;
    lua_rawgeti(L, -1, 2);
    int top = lua_gettop(L);
    x->good = schema_check(L, -1, &x->schema, "it", &x->look);
    assert_int_equal(lua_gettop(L), top);
    lua_pop(L, 1);
    return 0;
}

static void run(struct fixture *x, const char *schema, const char *value)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "local null, array = kordless.json.null, "
             "kordless.json.array return { %s, %s }",
             schema, value ? value : "nil");
    struct source s = {.name = STR("test.lua"), .text = str_of(text)};
    struct entry e = {.source = &s, .instructions = 1000000, .look = look, .ctx = x};
    buf_clear(&x->faults);
    buf_clear(&x->told);
    x->read_only = !value;
    assert_int_equal(entry_run(x->script.vm, &e, &x->faults), 0);
    buf_char(&x->faults, '\0');
    buf_char(&x->told, '\0');
    lua_settop(vm_main(x->script.vm), 0);
}

static void fits(void **state, const char *schema, const char *value)
{
    struct fixture *x = *state;
    run(x, schema, value);
    if (x->n_faults || !x->good)
        fail_msg("%s of %s: %s%s", value, schema, x->faults.p, x->told.p);
    assert_string_equal(x->told.p, "");
}

static void tells(void **state, const char *schema, const char *value, const char *what)
{
    struct fixture *x = *state;
    run(x, schema, value);
    if (x->n_faults)
        fail_msg("%s: %s", schema, x->faults.p);
    assert_false(x->good);
    assert_string_equal(x->told.p, what);
}

static void is_no_schema(void **state, const char *schema, const char *what)
{
    struct fixture *x = *state;
    run(x, schema, NULL);
    if (!strstr(x->faults.p, what))
        fail_msg("%s: [%s] and not [%s]", schema, x->faults.p, what);
}

static void kinds_are_told_apart(void **state)
{
    fits(state, "{}", "'x'");
    tells(state, "{}", "7", "it must be a string");
    fits(state, "{ type = 'integer' }", "7.0");
    tells(state, "{ type = 'integer' }", "7.5", "it must be a whole number");
    tells(state, "{ type = 'integer' }", "'7'", "it must be a whole number");
    fits(state, "{ type = 'number', maximum = 1.5 }", "1.5");
    tells(state, "{ type = 'number', maximum = 1.5 }", "1.6",
          "it must be a number of at most 1.5");
    tells(state, "{ type = 'number' }", "0/0 ", "it must be a number");
    fits(state, "{ type = 'boolean' }", "false");
    tells(state, "{ type = 'boolean' }", "0", "it must be true or false");
    fits(state, "{ type = 'any' }", "array({})");
    fits(state, "{ type = 'array' }", "array({})");
    tells(state, "{ type = 'array' }", "{ a = 1 }", "it must be a list");
    tells(state, "{ properties = {} }", "array({})", "it must be a JSON object");
    fits(state, "{ nullable = true }", "null");
    tells(state, "{}", "null", "it must be a string");
}

static void formats_are_what_they_say(void **state)
{
    static const struct {
        const char *format, *good, *bad;
    } cases[] = {
        {"date-time", "2031-06-05T13:00:00+02:00", "2031-06-05T13:00:00"},
        {"date", "2028-02-29", "2031-02-29"},
        {"slug", "a-1", "-a"},
        {"tag", "a_1-b", "_a"},
        {"tag", "0", "A"},
        {"email", " a@b ", "a@b@c"},
        {"email", "", "a @b"},
        {"phone", "+1 (23) 456", "12345"},
        {"contact", "a@", "12345"},
        {"id", "host_0-A", "a.b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *x = *state;
        char schema[64], value[64];
        snprintf(schema, sizeof(schema), "{ format = '%s' }", cases[i].format);
        snprintf(value, sizeof(value), "'%s'", cases[i].good);
        fits(state, schema, value);
        snprintf(value, sizeof(value), "'%s'", cases[i].bad);
        run(x, schema, value);
        if (x->good)
            fail_msg("%s is no %s", cases[i].bad, cases[i].format);
    }
}

static void lengths_are_characters(void **state)
{
    fits(state, "{ min_length = 2, max_length = 3 }", "'\\u{1f600}\\u{e4}\\u{e4}'");
    tells(state, "{ max_length = 3 }", "'\\u{e4}bcd'",
          "it must have at most 3 characters");
    tells(state, "{ min_length = 2 }", "'\\u{e4}'",
          "it must have at least 2 characters");
    tells(state, "{ min_length = 1 }", "' \\t'", "it must not be blank");
    tells(state, "{ type = 'array', max_length = 1 }", "{ 1, 2 }",
          "it must have at most 1 entries");
}

static void all_faults_come_in_the_order_of_the_list(void **state)
{
    tells(
        state,
        "{ properties = { { 'b', required = true }, { 'a', type = 'integer' }, { 'c', "
        "items = { properties = { { 'd', required = true } } } } } }",
        "{ a = 'x', c = { { d = 'x' }, {} } }",
        "b is required; a must be a whole number; c[2].d is required");
}

static void what_is_ours_is_held_to_all_of_it(void **state)
{
    struct fixture *x = *state;
    const char *schema = "{ properties = { { 'a' }, { 'n', nullable = true } } }";
    fits(state, schema, "{ a = null, b = 1 }");
    x->look.strict = true;
    fits(state, schema, "{ n = null }");
    tells(state, schema, "{ a = null }", "a must be a string");
    tells(state, schema, "{ b = 1 }",
          "it has a member 'b' that its schema does not say");
}

static void a_schema_is_looked_at_closely(void **state)
{
    is_no_schema(state, "{ type = 'strng' }",
                 "type = 'strng': is no type; did you mean 'string'?");
    is_no_schema(state, "{ format = 'datetime' }", "did you mean 'date-time'?");
    is_no_schema(state, "{ type = 'integer', format = 'slug' }",
                 "format: is for strings");
    is_no_schema(state, "{ minimum = 1 }", "minimum: is for numbers");
    is_no_schema(state, "{ type = 'integer', max_length = 1 }", "max_length: is for");
    is_no_schema(state, "{ type = 'integer', minimum = 2, maximum = 1 }",
                 "over maximum");
    is_no_schema(state, "{ minlength = 2 }", "did you mean 'min_length'?");
    is_no_schema(state, "{ properties = { {} } }",
                 "properties[1]: must begin with the property's name");
    is_no_schema(state, "{ properties = { { 'a' }, { 'a' } } }",
                 "properties[2]: there is a property 'a' already");
    is_no_schema(state, "{ properties = { a = {} } }", "properties: must be a list");
    is_no_schema(state, "{ type = 'string', items = {} }", "items: are for lists");
    is_no_schema(state, "{ default = 7 }", "default: it must be a string");
    is_no_schema(state, "{ type = 'any', example = kordless.json.encode }",
                 "example: is no JSON");
    is_no_schema(state, "{ type = 'integer', enum = { 'a' } }", "enum: is for strings");
    is_no_schema(state, "(function() local t = {} t.items = t return t end)()",
                 "nests more than 8 deep");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kinds_are_told_apart),
        TEST(formats_are_what_they_say),
        TEST(lengths_are_characters),
        TEST(all_faults_come_in_the_order_of_the_list),
        TEST(what_is_ours_is_held_to_all_of_it),
        TEST(a_schema_is_looked_at_closely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
