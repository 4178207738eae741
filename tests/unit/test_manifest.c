#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard/keyring.h"
#include "lua/manifest.h"
#include "lua_scratch.h"

static int set_up(void **state)
{
    struct folder_scratch *s = calloc(1, sizeof(*s));
    folder_begin(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    folder_end(*state);
    free(*state);
    return 0;
}

/* The folder's name is part of what is checked: %s stands for it. */
static int read_it(struct folder_scratch *s, const char *text, struct manifest *out)
{
    char whole[4096];
    snprintf(whole, sizeof(whole), "local NAME = '%s' %s", strrchr(s->dir, '/') + 1,
             text);
    folder_one(s, "plugin.lua", whole);
    return manifest_read(&s->arena, &s->folder, out, &s->faults);
}

static void fails(struct folder_scratch *s, const char *text, const char *what)
{
    struct manifest out;
    assert_int_equal(read_it(s, text, &out), ERR_INVALID);
    folder_told(s, "plugin.lua", what);
}

#define ROUTE(members)                                                               \
    "return { name = NAME, version = '1', routes = { { method = 'GET', path = '/x'," \
    " handler = 'x', auth = 'key', " members " } } }"

static void a_small_one_is_enough(void **state)
{
    struct manifest m;
    assert_int_equal(read_it(*state, "return { name = NAME, version = '1.0' }", &m), 0);
    assert_int_equal(m.n_routes + m.n_uses + m.n_reads + m.n_errors, 0);
    assert_int_equal(m.needs, 0);
    assert_true(str_eq(m.version, STR("1.0")));
}

static void all_of_it_is_read(void **state)
{
    struct manifest m;
    assert_int_equal(
        read_it(
            *state,
            "return { name = NAME, version = '1', api = 1, needs = { 'db', 'sleep' },"
            " uses = { 'other' }, reads = { 'organization' },"
            " errors = { slot_taken = { status = 409, detail = 'Taken.' } },"
            " routes = { { method = 'POST', path = '/a/{id}', handler = 'make', auth ="
            " 'organization', scope = 'bookings:write', idempotent = true, summary = "
            "'s' },"
            " { method = 'PUT', path = '/raw', handler = 'raw', auth = 'none', raw = "
            "true },"
            " { method = 'GET', path = '/g', handler = 'g', auth = 'contact', cached = "
            "true, if_match = true }"
            " } }",
            &m),
        0);
    assert_int_equal(m.needs, NEED_DB | NEED_SLEEP);
    assert_int_equal(m.n_routes, 3);
    const struct route *r = &m.routes[0];
    assert_string_equal(r->label.p, "POST /a/{id}");
    assert_int_equal(r->scope, scope_bit(STR("bookings:write")));
    assert_true(r->idempotent && r->body && !r->raw && !r->cached);
    assert_int_equal(r->auth, ROUTE_ORGANIZATION);
    assert_int_equal(r->handler_ref, 1);
    assert_true(m.routes[1].raw && !m.routes[1].body);
    assert_true(m.routes[2].cached && !m.routes[2].body);
    assert_true(m.routes[2].if_match && !r->if_match);
    assert_int_equal(m.routes[2].handler_ref, 3);
    assert_int_equal(manifest_error(&m, STR("slot_taken"))->status, 409);
    assert_int_equal(manifest_error(&m, STR("not_found"))->status, 404);
    assert_null(manifest_error(&m, STR("slot")));
}

static void what_is_missing_is_named(void **state)
{
    struct folder_scratch *s = *state;
    fails(s, "return { routes = { {} }, errors = { e = {} } }",
          "plugin.lua:1: name: is missing");
    folder_told(s, "plugin.lua", "version: is missing");
    folder_told(s, "plugin.lua", "routes[1].method: is missing");
    folder_told(s, "plugin.lua", "routes[1].path: is missing");
    folder_told(s, "plugin.lua", "routes[1].handler: is missing");
    folder_told(s, "plugin.lua", "routes[1].auth: is missing");
    folder_told(s, "plugin.lua", "errors.e.detail: is missing");
    folder_told(s, "plugin.lua", "errors.e.status: is missing");
    assert_int_equal(folder_fault_lines(s), 8);
}

static void what_is_wrong_is_named(void **state)
{
    fails(*state, "return { name = 'other', version = '1' }",
          "'other' must be the folder's name");
    fails(*state, "return { name = NAME, version = 1 }",
          "version: must be a string, not a number");
    fails(*state, "return { name = NAME, version = '1', api = 2 }",
          "api: must be a whole number");
    fails(*state, "return { name = NAME, version = '1', hoks = {} }",
          "hoks: is not known here; did you mean");
    fails(*state, "return { name = NAME, version = '1', needs = { 'fire' } }",
          "needs[1] = 'fire': is no capability");
    fails(*state, "return { name = NAME, version = '1', hosts = { 'a.b', 'A.b' } }",
          "hosts[2]: must be a host or host:port");
    fails(*state, "return { name = NAME, version = '1', needs = { db = true } }",
          "needs: must be a list");
    fails(*state, "return { name = NAME, version = '1', uses = 'services' }",
          "uses: must be a table, not a string");
}

static void a_route_is_looked_at_closely(void **state)
{
    fails(*state, ROUTE("scope = 'bookings:eat'"),
          "routes[1].scope = 'bookings:eat': is no scope");
    fails(*state, ROUTE("method = 'FETCH'"), "routes[1].method = 'FETCH': is none of");
    fails(*state, ROUTE("method = 'get'"), "routes[1].method = 'get': is none of");
    fails(*state, ROUTE("auth = 'nobody'"), "routes[1].auth = 'nobody': is none of");
    fails(*state, ROUTE("idempotent = 1"),
          "routes[1].idempotent: must be true or false");
    fails(*state, ROUTE("colour = 1"), "routes[1].colour: is not known here");
    fails(*state, "return { name = NAME, version = '1', routes = { 7 } }",
          "routes[1]: must be a table");
    fails(*state, "return { name = NAME, version = '1', routes = { a = {} } }",
          "routes: must be a list");
    fails(*state,
          "local t = {} for i = 1, 201 do t[i] = { method = 'GET', path = '/' .. i, "
          "handler ="
          " 'x', auth = 'none' } end return { name = NAME, version = '1', routes = t }",
          "routes: has more than 200 entries");
}

static void an_error_is_a_word_and_a_status(void **state)
{
    const char *const wrong[][2] = {
        {"['Not A Word'] = { status = 409, detail = 'x' }",
         "must be a lower-case word"},
        {"a = { status = 200, detail = 'x' }",
         "errors.a.status: must be a whole number"},
        {"a = { status = 600, detail = 'x' }",
         "errors.a.status: must be a whole number"},
        {"a = { status = 409, detail = 'x', more = 1 }",
         "errors.a.more: is not known here"},
        {"a = 409", "errors.a: must be {status =, detail =}"},
        {"[1] = {}", "errors: must be {status =, detail =}"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "return { name = NAME, version = '1', errors = { %s } }", wrong[i][0]);
        fails(*state, text, wrong[i][1]);
    }
}

static void long_names_are_cut_in_messages_only(void **state)
{
    char text[1024], name[300];
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    snprintf(text, sizeof(text),
             "return { name = NAME, version = '1', errors = { %s = { status = 1 } }, "
             "uses = 1 }",
             name);
    fails(*state, text, "errors.aaa");
    folder_told(*state, "plugin.lua", "plugin.lua:1: uses: must be a table");
}

static void it_is_data(void **state)
{
    fails(*state, "return setmetatable({}, {})", "plugin.lua:1: ");
    fails(*state, "while true do end", "the instruction budget");
    fails(*state, "return", "must return a table");
    fails(*state, "return {", "plugin.lua:1: ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_small_one_is_enough),
        TEST(all_of_it_is_read),
        TEST(what_is_missing_is_named),
        TEST(what_is_wrong_is_named),
        TEST(a_route_is_looked_at_closely),
        TEST(an_error_is_a_word_and_a_status),
        TEST(long_names_are_cut_in_messages_only),
        TEST(it_is_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
