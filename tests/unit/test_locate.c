#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lua/locate.h"

static const char *const text = "-- return { a = 1 }\n"
                                "local P = \"return {\"\n"
                                "local shared = { a = { 1 } }\n"
                                "return {\n"
                                "  name = 'x', version = [==[\n"
                                "]] ]==],\n"
                                "  [\"needs\"] = { 'db', 'a,b',\n"
                                "    'fire' },\n"
                                "  errors = { taken = {\n"
                                "    status = 409 } },\n"
                                "  --[[ routes = {\n"
                                "  ]]\n"
                                "  routes = {\n"
                                "    { method = 'GET', path = P .. '/x,{y}' },\n"
                                "    { method = f({ 1, 2 }, 3);\n"
                                "      handler = 'jion' }, -- {\n"
                                "    shared,\n"
                                "    {\n"
                                "      handler = \"\\\"}\",\n"
                                "      auth = 1 == 2,\n"
                                "      scope = 1 } },\n"
                                "}\n";

static void at(int line, const char *path)
{
    int found = locate(str_of(text), path);
    if (found != line)
        fail_msg("%s: line %d, not %d", path, found, line);
}

static void keys_are_found_in_the_text(void **state)
{
    (void)state;
    at(4, "");
    at(5, "name");
    at(5, "version");
    at(7, "needs");
    at(7, "needs[2]");
    at(8, "needs[3]");
    at(9, "errors.taken");
    at(10, "errors.taken.status");
    at(13, "routes");
    at(14, "routes[1].path");
    at(15, "routes[2]");
    at(15, "routes[2].method");
    at(16, "routes[2].handler");
    at(17, "routes[3].handler");
    at(19, "routes[4].handler");
    at(21, "routes[4].scope");
}

static void only_what_has_no_name_has_a_position(void **state)
{
    (void)state;
    assert_int_equal(locate(STR("return {\na = 1,\n'b' }"), "[1]"), 3);
    assert_int_equal(locate(STR("return {\na == 1,\n'b' }"), "[2]"), 3);
    assert_int_equal(locate(STR("return {\n['a'] = 1,\n['b'] = 2 }"), "b"), 3);
}

static void what_is_missing_is_where_it_should_be(void **state)
{
    (void)state;
    at(4, "uses");
    at(4, "uses[1].x");
    at(13, "routes[9]");
    at(14, "routes[1].handler");
    at(9, "errors.taken.detail");
    at(5, "name.x");
}

static void texts_that_end_early_are_survived(void **state)
{
    (void)state;
    for (size_t n = 0; n < str_of(text).n; n++)
        locate((struct str){text, n}, "routes[4].scope");
    assert_int_equal(locate(STR("return"), "a"), 0);
    assert_int_equal(locate(STR("return t"), "a"), 0);
    assert_int_equal(locate(STR("return {"), "a"), 1);
    assert_int_equal(locate(STR("return { a = 1 }"), "[[["), 1);
    assert_int_equal(locate(STR("return {\n[200] = {\n},\n[201] = 1 }"), "[201]"), 4);
    assert_int_equal(locate(STR("\n\nreturn { [1] = 2, a"), "a"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_in_the_text),
        cmocka_unit_test(only_what_has_no_name_has_a_position),
        cmocka_unit_test(what_is_missing_is_where_it_should_be),
        cmocka_unit_test(texts_that_end_early_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
