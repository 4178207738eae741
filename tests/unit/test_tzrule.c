#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/date.h"
#include "base/tzrule.h"

static struct tzrule rule_of(const char *text)
{
    struct tzrule r;
    if (tzrule_parse(str_of(text), &r) < 0)
        fail_msg("refused: %s", text);
    return r;
}

static int offset_at(const struct tzrule *r, int64_t t)
{
    struct tz_stretch s = tzrule_at(r, t);
    assert_true(s.from <= t && t < s.until);
    return s.offset;
}

static void assert_seasons(const char *text, int january, int july)
{
    struct tzrule r = rule_of(text);
    for (int year = 1930; year < 3000; year += 30) {
        assert_int_equal(offset_at(&r, date_days((struct date){year, 1, 15}) * 86400),
                         january);
        assert_int_equal(offset_at(&r, date_days((struct date){year, 7, 15}) * 86400),
                         july);
    }
}

static void rules_are_followed(void **state)
{
    (void)state;
    assert_seasons("<+03>-3", 10800, 10800);
    assert_seasons("<-0330>3:30", -12600, -12600);
    assert_seasons("EST5EDT,M3.2.0,M11.1.0", -18000, -14400);
    assert_seasons("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600);
    assert_seasons("AEST-10AEDT,M10.1.0,M4.1.0/3", 39600, 36000);
    assert_seasons("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 39600, 37800);
    assert_seasons("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -3600);
    assert_seasons("EET-2EEST,J60/0,J274/0", 7200, 10800);
    assert_seasons("EET-2EEST,59/0,272/0", 7200, 10800);
    assert_seasons("XXX3EDT4,0/0,J365/23", -14400, -14400); /* the whole year */
    assert_seasons("XXX-2<+01>-1,0/0,J365/23", 3600, 3600);
    assert_seasons("EST5EDT,0/0,J365/25", -14400, -14400);
}

static void assert_change(const struct tzrule *r, struct date d, int hour, int before,
                          int after)
{
    int64_t t = date_days(d) * 86400 + hour * 3600;
    assert_int_equal(offset_at(r, t - 1), before);
    assert_int_equal(offset_at(r, t), after);
}

static void rules_change_on_the_right_day(void **state)
{
    (void)state;
    struct tzrule r =
        rule_of("EET-2EEST,M3.4.4/50,M10.4.4/50"); /* two days and two hours after the
                                                      fourth Thursday */
    assert_change(&r, (struct date){2026, 3, 28}, 0, 7200, 10800);
    assert_change(&r, (struct date){2026, 10, 23}, 23, 10800, 7200);
    assert_change(&r, (struct date){2126, 3, 30}, 0, 7200, 10800);
    r = rule_of("EET-2EEST,J60/2,59/26"); /* from 1 March to the day after */
    assert_change(&r, (struct date){2101, 3, 1}, 0, 7200, 10800);
    assert_change(&r, (struct date){2101, 3, 1}, 23, 10800, 7200);
    r = rule_of("XXX0YYY,J59/0,J60/0");
    assert_change(&r, (struct date){2024, 2, 28}, 0, 0, 3600);
    assert_change(&r, (struct date){2024, 2, 29}, 23, 3600, 0);
    r = rule_of("XXX0YYY,59/0,60/0");
    assert_change(&r, (struct date){2024, 2, 29}, 0, 0, 3600);
    assert_change(&r, (struct date){2023, 3, 1}, 0, 0, 3600);
    r = rule_of("XXX0YYY,M1.1.1/-167,M12.5.0/167"); /* out of their own years */
    assert_change(&r, (struct date){2030, 12, 30}, 1, 0, 3600);
    assert_change(&r, (struct date){2032, 1, 3}, 22, 3600, 0);
}

static void bad_rules_are_refused(void **state)
{
    (void)state;
    struct tzrule r;
    static const char *const bad[] = {"EST",
                                      "5",
                                      "E5",
                                      "<+03-3",
                                      "EST5EDT",
                                      "EST5EDT,M3.2.0",
                                      "EST5EDT,M3.2.0,M11.1.0,",
                                      "EST5EDT,M13.1.0,M11.1.0",
                                      "EST5EDT,M0.2.0,M11.1.0",
                                      "EST5EDT,M3.6.0,M11.1.0",
                                      "EST5EDT,M3.0.0,M11.1.0",
                                      "EST5EDT,M3.2.7,M11.1.0",
                                      "EST5EDT,J0,J60",
                                      "EST5EDT,366,60",
                                      "EST25",
                                      "EST5EDT,M3.2.0/168,M11.1.0",
                                      "EST5:60",
                                      "EST5EDT,M3.2,M11.1.0",
                                      "EST5EDT,,",
                                      "EST5EDT6:,M3.2.0,M11.1.0",
                                      "EST5EDT,M3.2.0/,M11.1.0",
                                      " EST5",
                                      "EST5 "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (tzrule_parse(str_of(bad[i]), &r) != ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
}

static void no_rule_is_no_fault(void **state)
{
    (void)state;
    struct tzrule r = rule_of("");
    assert_false(r.present || r.changes);
    r = rule_of("UTC0");
    assert_true(r.present && !r.changes);
    assert_int_equal(offset_at(&r, INT64_MIN), 0);
    assert_int_equal(offset_at(&r, INT64_MAX - 1), 0);
}

/* Walking from change to change over 400 years: two a year, and each is where it says.
 */
static void stretches_follow_each_other(void **state)
{
    (void)state;
    struct tzrule r = rule_of("CET-1CEST,M3.5.0,M10.5.0/3");
    int64_t t = 0;
    int changes = 0;
    for (; t < (int64_t)146097 * 86400; changes++) {
        struct tz_stretch s = tzrule_at(&r, t), last = tzrule_at(&r, s.until - 1);
        assert_true(last.from == s.from && last.until == s.until &&
                    last.offset == s.offset);
        assert_true(tzrule_at(&r, s.until).from == s.until);
        assert_int_not_equal(tzrule_at(&r, s.until).offset, s.offset);
        t = s.until;
    }
    assert_int_equal(changes, 801);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_followed),
        cmocka_unit_test(rules_change_on_the_right_day),
        cmocka_unit_test(bad_rules_are_refused),
        cmocka_unit_test(no_rule_is_no_fault),
        cmocka_unit_test(stretches_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
