#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lua/nearest.h"

static int distance(const char *a, const char *b)
{
    int d = nearest_distance(str_of(a), str_of(b), 64);
    assert_int_equal(nearest_distance(str_of(b), str_of(a), 64), d);
    return d;
}

static void edits_are_counted(void **state)
{
    (void)state;
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("join", "join"), 0);
    assert_int_equal(distance("join", "jion"), 1);
    assert_int_equal(distance("join", "joins"), 1);
    assert_int_equal(distance("join", "oin"), 1);
    assert_int_equal(distance("join", "jojn"), 1);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("ab", "ba"), 1);
    assert_int_equal(distance("abcd", "badc"), 2);
}

static void far_ones_are_given_up_early(void **state)
{
    char word[100] = {0};
    (void)state;
    assert_true(nearest_distance(STR("aaaaaaaa"), STR("bbbbbbbb"), 2) > 2);
    for (size_t i = 0; i < 65; i++)
        word[i] = 'a';
    assert_true(nearest_distance(str_of(word), str_of(word), 2) > 2);
}

static void the_nearest_is_found(void **state)
{
    static const char *const known[] = {"key",  "organization", "contact",
                                        "none", "id",           NULL};
    (void)state;
    assert_string_equal(nearest(STR("kye"), known), "key");
    assert_string_equal(nearest(STR("organisation"), known), "organization");
    assert_string_equal(nearest(STR("contakt"), known), "contact");
    assert_string_equal(nearest(STR("di"), known), "id");
    assert_null(nearest(STR("x"), known));
    assert_null(nearest(STR(""), known));
    assert_null(nearest(STR("everybody"), known));
    static const char *const none[] = {NULL};
    assert_null(nearest(STR("key"), none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_counted),
        cmocka_unit_test(far_ones_are_given_up_early),
        cmocka_unit_test(the_nearest_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
