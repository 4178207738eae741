#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "script.h"

static struct script s;

static int begin(void **state)
{
    (void)state;
    script_begin(&s, 0);
    script_api(&s, API_HANDLER, NEED_TIME, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    return 0;
}

static void instants_are_read_and_written(void **state)
{
    (void)state;
    script_true(&s, "local t, f = kordless.time.parse('1970-01-01T00:00:00Z') "
                    "return t == 0 and f == false and math.type(t) == 'integer'");
    script_true(
        &s, "return kordless.time.parse('2026-03-08T02:00:00-05:00') == 1772953200");
    script_true(&s, "local t, f = kordless.time.parse('2026-03-08T07:00:00.250Z') "
                    "return t == 1772953200 and f == true");
    script_true(&s, "local t, f = kordless.time.parse('2026-03-08T07:00:00.000Z') "
                    "return t == 1772953200 and f == false");
    script_true(&s,
                "return kordless.time.format(1772953200) == '2026-03-08T07:00:00Z'");
    script_true(&s, "return kordless.time.format(-1) == '1969-12-31T23:59:59Z'");
    script_true(
        &s, "return kordless.time.format(253402300799) == '9999-12-31T23:59:59Z' and "
            "kordless.time.format(-62135596800) == '0001-01-01T00:00:00Z'");
    script_true(
        &s,
        "for t = -2e9, 4e9, 9999991 do t = t // 1 | 0 if "
        "kordless.time.parse(kordless.time.format(t)) ~= t then return false end end "
        "return true");
    script_fails(&s, "kordless.time.format(253402300800)", "year from 1 to 9999");
    script_fails(&s, "kordless.time.format(1.5)", "no integer representation");
}

static void what_is_no_instant_is_explained(void **state)
{
    static const char *const wrong[] = {"",
                                        "2026-03-08",
                                        "2026-03-08T07:00:00",
                                        "2026-02-30T07:00:00Z",
                                        "2026-03-08T07:00:60Z",
                                        "2026-03-08 07:00",
                                        "now"};
    char text[200];
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text),
                 "local t, f, why = kordless.time.parse('%s') "
                 "return t == nil and f == nil and why:find('RFC 3339')",
                 wrong[i]);
        script_true(&s, text);
    }
    script_fails(&s, "kordless.time.parse({})", "string expected");
}

static void dates_are_days(void **state)
{
    (void)state;
    script_true(
        &s,
        "return kordless.time.days('1970-01-01') == 0 and "
        "kordless.time.days('2026-03-08') == 20520 and "
        "kordless.time.days('2026-02-29') == nil and kordless.time.days('x') == nil");
    script_true(&s, "return kordless.time.date(20520) == '2026-03-08' and "
                    "kordless.time.date(-1) == '1969-12-31' and "
                    "kordless.time.date(-719162) == '0001-01-01' and "
                    "kordless.time.date(2932896) == '9999-12-31'");
    script_true(
        &s,
        "for d = -719162, 2932896, 97 do "
        "if kordless.time.days(kordless.time.date(d)) ~= d then return false end end "
        "return true");
    script_true(
        &s,
        "return kordless.time.weekday(0) == 4 and kordless.time.weekday(3) == 7 and "
        "kordless.time.weekday(4) == 1 and kordless.time.weekday(-1) == 3");
    script_fails(&s, "kordless.time.date(2932897)", "year from 1 to 9999");
    script_fails(&s, "kordless.time.weekday(math.mininteger)", "year from 1 to 9999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(instants_are_read_and_written, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_instant_is_explained, begin, end),
        cmocka_unit_test_setup_teardown(dates_are_days, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
