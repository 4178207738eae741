#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lua/settings.h"
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

static int read_it(struct folder_scratch *s, const char *text, struct settings *out)
{
    folder_one(s, "kordless.lua", text);
    return settings_read(&s->arena, &s->folder, out, &s->faults);
}

static void fails(struct folder_scratch *s, const char *text, const char *what)
{
    struct settings out;
    assert_int_equal(read_it(s, text, &out), ERR_INVALID);
    folder_told(s, "kordless.lua", what);
}

static void what_is_absent_has_a_default(void **state)
{
    struct settings out;
    assert_int_equal(read_it(*state, "return {}", &out), 0);
    assert_int_equal(out.n_plugins, 0);
    assert_int_equal(out.workers, 0);
    assert_int_equal(out.listen.n, 0);
    assert_true(out.ratelimit_fields);
}

static void all_of_it_is_read(void **state)
{
    struct settings out;
    assert_int_equal(
        read_it(*state,
                "return { plugins = { 'a', 'b' }, listen = '[::1]:0', workers = 3,"
                " public_url = 'https://x.example//', support_contact = 'Ada',"
                " ratelimit_fields = false }",
                &out),
        0);
    assert_int_equal(out.n_plugins, 2);
    assert_true(str_eq(out.plugins[1], STR("b")));
    assert_true(str_eq(out.listen, STR("[::1]:0")));
    assert_int_equal(out.workers, 3);
    assert_int_equal(out.memory_mib, 64);
    assert_true(str_eq(out.public_url, STR("https://x.example")));
    assert_true(str_eq(out.support_contact, STR("Ada")));
    assert_false(out.ratelimit_fields);
}

static void each_fault_names_file_and_key(void **state)
{
    struct folder_scratch *s = *state;
    fails(s,
          "return { plugins = { 'a', 7 }, lissen = 1, workers = 65, memory_mib = 7, "
          "trusted_proxies = { '10.0.0.1/8' }, public_url = "
          "'ftp://x',"
          " support_contact = {}, ratelimit_fields = 'yes', [1] = 2 }",
          "plugins[2]: must be a string");
    folder_told(s, "kordless.lua", "lissen: is not known here");
    folder_told(s, "kordless.lua", "workers: must be a whole number from 1 to 64");
    folder_told(s, "kordless.lua", "trusted_proxies[1]: must be a network");
    folder_told(s, "kordless.lua", "memory_mib: must be a whole number from 8 to 1024");
    folder_told(s, "kordless.lua", "public_url: must begin with http");
    folder_told(s, "kordless.lua", "support_contact: must be a string, not a table");
    folder_told(s, "kordless.lua", "ratelimit_fields: must be true or false");
    folder_told(s, "kordless.lua", "has a key that is no string");
    assert_int_equal(folder_fault_lines(s), 9);
}

static void numbers_are_whole_and_in_range(void **state)
{
    fails(*state, "return { workers = 0 }", "workers: ");
    fails(*state, "return { workers = -1 }", "workers: ");
    fails(*state, "return { workers = 1.5 }", "workers: ");
    fails(*state, "return { workers = 0/0 }", "workers: ");
    fails(*state, "return { workers = 1e300 }", "workers: ");
    fails(*state, "return { workers = '2' }", "workers: ");
    fails(*state, "return { plugins = 'services' }",
          "plugins: must be a table, not a string");
    fails(*state, "return { plugins = { services = true } }",
          "plugins: must be a list");
}

static void hosts_are_hosts(void **state)
{
    struct settings out;
    assert_int_equal(
        read_it(*state, "return { fetch_hosts = { 'a.example', '[::1]:8443' } }", &out),
        0);
    assert_int_equal(out.n_fetch_hosts, 2);
    assert_true(str_eq(out.fetch_hosts[1], STR("[::1]:8443")));
    fails(*state, "return { fetch_hosts = { 'a.example', 'https://b.example' } }",
          "fetch_hosts[2]: must be a host or host:port");
    fails(*state, "return { fetch_hosts = { '*.example' } }", "fetch_hosts[1]: ");
    fails(*state, "return { fetch_loopback = true }",
          "fetch_loopback: is not known here"); /* but in builds for tests */
}

static void a_list_is_bounded(void **state)
{
    fails(*state,
          "local t = {} for i = 1, 33 do t[i] = 'p' .. i end return { plugins = t }",
          "plugins: has more than 32 entries");
}

static void the_file_is_data(void **state)
{
    fails(*state, "return { listen = tostring(1) }", "kordless.lua:1: ");
    fails(*state, "return\n{ oops oops }", "kordless.lua:2: ");
    fails(*state, "\nwhile true do end", "kordless.lua:2: the instruction budget");
    fails(*state, "local t = {} for i = 1, 1e9 do t[i] = 'x' .. i end return t",
          "kordless.lua:1:");
    fails(*state, "return 7", "must return a table");
    fails(*state, "", "must return a table");
    fails(*state, "error('x')", "kordless.lua:1: ");
    fails(*state, "\x1bLua", "kordless.lua");
}

static void one_fault_is_one_line(void **state)
{
    struct folder_scratch *s = *state;
    fails(s, "local function f() local x = nil + 1 return x end\nreturn { f() }",
          "arithmetic");
    assert_int_equal(folder_fault_lines(s), 1);
}

static void without_the_file_it_is_said(void **state)
{
    struct folder_scratch *s = *state;
    struct settings out;
    assert_int_equal(folder_read(s), 0);
    assert_int_equal(settings_read(&s->arena, &s->folder, &out, &s->faults),
                     ERR_INVALID);
    folder_told(s, "kordless.lua", "is missing");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_absent_has_a_default),
        TEST(all_of_it_is_read),
        TEST(each_fault_names_file_and_key),
        TEST(numbers_are_whole_and_in_range),
        TEST(hosts_are_hosts),
        TEST(a_list_is_bounded),
        TEST(the_file_is_data),
        TEST(one_fault_is_one_line),
        TEST(without_the_file_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
