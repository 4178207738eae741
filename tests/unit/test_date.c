#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/date.h"

static void every_day_of_9999_years(void **state)
{
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct date d = {1, 1, 1};
    int64_t days = date_days(d);
    int weekday = 1; /* 0001-01-01 is a Monday */
    for (; d.year <= 9999; days++, weekday = weekday % 7 + 1) {
        struct date back = date_of_days(days);
        if (date_days(d) != days || back.year != d.year || back.month != d.month ||
            back.day != d.day || date_weekday(d) != weekday || !date_valid(d))
            fail_msg("%d-%d-%d", d.year, d.month, d.day);
        bool leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;
        if (++d.day > lengths[d.month - 1] + (d.month == 2 && leap)) {
            assert_false(date_valid(d));
            d = (struct date){d.year + d.month / 12, d.month % 12 + 1, 1};
        }
    }
    assert_int_equal(date_days((struct date){1970, 1, 1}), 0);
    assert_int_equal(date_days((struct date){2026, 3, 8}), 20520);
}

static void dates_are_read_strictly(void **state)
{
    (void)state;
    struct date d;
    assert_int_equal(date_parse(STR("2024-02-29"), &d), 0);
    assert_true(d.year == 2024 && d.month == 2 && d.day == 29);
    assert_int_equal(date_parse(STR("0001-01-01"), &d), 0);
    assert_int_equal(date_parse(STR("9999-12-31"), &d), 0);
    static const char *const bad[] = {
        "2023-02-29",  "1900-02-29",  "2026-13-01", "2026-00-01", "2026-01-00",
        "2026-01-32",  "0000-01-01",  "2026-1-01",  "2026-01-1",  "26-01-01",
        "2026-01-01 ", " 2026-01-01", "2026/01/01", "20260101",   "+026-01-01",
        "2026-+1-01",  "2026-01-01T", "",           "2026-04-31", "10000-01-01"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (date_parse(str_of(bad[i]), &d) != ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
}

static void assert_time(const char *text, const char *utc, bool fraction)
{
    int64_t t;
    bool had;
    char back[32];
    assert_int_equal(time_parse(str_of(text), &t, &had), 0);
    time_format(t, back);
    assert_string_equal(back, utc);
    assert_int_equal(had, fraction);
}

static void times_are_read_as_rfc_3339_says(void **state)
{
    (void)state;
    assert_time("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", false);
    assert_time("2026-03-08t07:00:00z", "2026-03-08T07:00:00Z", false);
    assert_time("2026-03-08T07:00:00.000Z", "2026-03-08T07:00:00Z", false);
    assert_time("2026-03-08T07:00:00.001Z", "2026-03-08T07:00:00Z", true);
    assert_time("2026-03-08T07:00:00.10Z", "2026-03-08T07:00:00Z", true);
    assert_time("1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59Z", true);
    assert_time("2026-03-08T07:00:00+05:30", "2026-03-08T01:30:00Z", false);
    assert_time("2026-03-08T07:00:00-23:59", "2026-03-09T06:59:00Z", false);
    assert_time("2026-03-08T07:00:00-00:00", "2026-03-08T07:00:00Z", false);
    assert_time("2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00Z", false);
    assert_time("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", false);
    assert_time("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", false);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-03-08",
        "2026-03-08T07:00:00",
        "2026-03-08T07:00Z",
        "2026-03-08T07:00:60Z",
        "2026-03-08T24:00:00Z",
        "2026-03-08T07:60:00Z",
        "2026-03-08 07:00:00Z",
        "2026-03-08T07:00:00.Z",
        "2026-03-08T07:00:00,5Z",
        "2026-03-08T07:00:00 05:00",
        "2026-03-08T07:00:00+24:00",
        "2026-03-08T07:00:00+05:60",
        "2026-03-08T07:00:00+0530",
        "2026-03-08T07:00:00+05",
        "2026-03-08T07:00:00Z ",
        "2026-03-08T07:00:00Z+00:00",
        "2026-03-08T07:00:00-Z",
        "2026-02-30T07:00:00Z",
        "2026-03-08T7:00:00Z",
        "2026-03-08T07:00:-1Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    int64_t t;
    bool fraction;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (time_parse(str_of(bad[i]), &t, &fraction) != ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
    static const char whole[] = "2026-03-08T07:00:00.25+05:30";
    for (size_t n = 0; n < sizeof(whole) - 1; n++)
        assert_int_equal(time_parse((struct str){whole, n}, &t, &fraction),
                         ERR_INVALID);
}

static void any_integer_may_be_formatted(void **state)
{
    (void)state;
    static const int64_t far[] = {INT64_MIN, INT64_MIN / 2, -1,
                                  0,         INT64_MAX / 2, INT64_MAX};
    for (size_t i = 0; i < sizeof(far) / sizeof(*far); i++) {
        char text[32];
        time_format(far[i], text);
        assert_non_null(strstr(text, ":"));
        assert_in_range(date_of_days(far[i]).month, 1, 12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_9999_years),
        cmocka_unit_test(dates_are_read_strictly),
        cmocka_unit_test(times_are_read_as_rfc_3339_says),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(any_integer_may_be_formatted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
