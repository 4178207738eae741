#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard/override.h"

static struct buf scratch;

static void numbers_reason_and_end_are_read(void **state)
{
    (void)state;
    struct override o;
    assert_true(override_read(STR("{\"per_hour\":7,\"reason\":\"a \\\"leak\\\"\","
                                  "\"until\":100,\"per_minute\":2}"),
                              &scratch, &o));
    assert_int_equal(o.limit[LIMIT_MINUTE], 2);
    assert_int_equal(o.limit[LIMIT_HOUR], 7);
    assert_int_equal(o.limit[LIMIT_DAY], 0);
    assert_int_equal(o.until_ms, 100000);
    assert_true(str_eq(o.reason, STR("a \"leak\"")));
    assert_true(override_read(STR("{\"per_day\":1}"), &scratch, &o));
    assert_int_equal(o.limit[LIMIT_DAY], 1);
    assert_int_equal(o.until_ms, 0);
}

static void what_sets_no_number_overrides_nothing(void **state)
{
    (void)state;
    struct override o;
    static const char *const texts[] = {
        "",  "{}", "{\"reason\":\"x\"}", "[1]",
        "{", "7",  "{\"per_minute\":0}", "{\"per_minute\":1000001}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(override_read(str_of(texts[i]), &scratch, &o));
}

static void it_holds_until_it_ends(void **state)
{
    (void)state;
    const struct override o = {.limit = {5, 0, 900}, .until_ms = 1000};
    struct limit_rule rule = {{100, 1000, 10000}};
    override_apply(NULL, 0, &rule);
    override_apply(&o, 1000, &rule);
    assert_int_equal(rule.limit[LIMIT_MINUTE], 100);
    override_apply(&o, 999, &rule);
    assert_int_equal(rule.limit[LIMIT_MINUTE], 5);
    assert_int_equal(rule.limit[LIMIT_HOUR], 1000);
    assert_int_equal(rule.limit[LIMIT_DAY], 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_reason_and_end_are_read),
        cmocka_unit_test(what_sets_no_number_overrides_nothing),
        cmocka_unit_test(it_holds_until_it_ends),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_end(&scratch);
    return failed;
}
