#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "base/zone.h"
#include "script.h"

static struct script s;
static struct zones *zones;

static int begin(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    script_begin(&s, 0);
    script_api(&s, API_HANDLER, NEED_ZONE | NEED_SPAN, zones);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    zones_free(zones);
    return 0;
}

static void walls_and_instants(void **state)
{
    (void)state;
    /* New York, 8 March 2026: 02:00 to 03:00 is missing */
    script_true(&s, "local z, ny = kordless.zone, 'America/New_York' "
                    "return z.instant(ny, 20520, 0) == 1772946000 and "
                    "z.instant(ny, 20520, 150) == 1772953200 and "
                    "z.instant(ny, 20520, 1440) == z.instant(ny, 20521, 0)");
    script_true(
        &s, "local days, minutes, offset = kordless.zone.wall('America/New_York', "
            "1772953200) return days == 20520 and minutes == 180 and offset == -14400");
    script_true(&s,
                "local days, minutes, offset = kordless.zone.wall('Asia/Kolkata', 0) "
                "return days == 0 and minutes == 330 and offset == 19800");
    script_true(&s, "local z = kordless.zone return z.known('Europe/Berlin') and "
                    "z.known('Europe/Berlin') and not z.known('Europe/Atlantis') and "
                    "not z.known('../../etc/passwd') and not z.known('')");
}

/* Sunday, 8 March 2026 has 23 hours in New York, and 1 November has 25; 4 November 2018
 * began at 01:00 in São Paulo. */
static void hours_are_laid_out_date_by_date(void **state)
{
    (void)state;
#define SHOW                                                                     \
    "local function show(zone, weekly, overrides, lo, hi) local t = {} "         \
    "for a, b in kordless.zone.open(zone, weekly, overrides, lo, hi):each() do " \
    "t[#t + 1] = a - lo .. '-' .. b - lo end return table.concat(t, ' ') end "   \
    "local ny, h = 'America/New_York', 3600 "
    script_true(&s, SHOW "return show('UTC', { [4] = { { 540, 600 } } }, {}, 0, 1) == "
                         "'32400-36000'");
    script_true(&s,
                SHOW "return show('UTC', { [4] = { { 540, 600 } } }, { [0] = { { 0, "
                     "1 }, { 1, 2 } }, [1] = { { 1380, 1500 } } }, 0, 86400) == "
                     "'0-120 169200-176400'");
    script_true(&s, SHOW "return show('UTC', {}, {}, 0, 86400) == ''");
    script_true(&s, SHOW "return show(ny, { [7] = { { 0, 1440 } } }, {}, 1772946000, "
                         "1772946001) == '0-' .. 23 * h");
    script_true(&s, SHOW "return show(ny, { [7] = { { 0, 120 }, { 150, 240 } } }, {}, "
                         "1772946000, 1772946001) == '0-10800'");
    script_true(&s, SHOW "return show(ny, { [7] = { { 0, 1440 } } }, {}, 1793505600, "
                         "1793505601) == '0-' .. 25 * h");
    script_true(&s,
                SHOW "return show('America/Sao_Paulo', { [7] = { { 30, 120 } } }, {}, "
                     "1541300400, 1541300401) == '0-3600'");
    script_true(&s, /* as many as one likes, and each week again */
                SHOW
                "local six, all = {}, {} for i = 1, 6 do six[i] = { i * 10, i * 10 "
                "+ 1 } end for w = 0, 1 do for i = 1, 6 do local a = w * 604800 + "
                "i * 600 all[#all + 1] = a .. '-' .. a + 60 end end "
                "local text = table.concat(all, ' ') "
                "return show('UTC', { [4] = six, [5] = {} }, {}, 0, 8 * 86400) == "
                "text and show('UTC', { [4] = {} }, { [0] = six, [7] = six }, 0, "
                "8 * 86400) == text");
#undef SHOW
}

static void wrong_hours_are_named(void **state)
{
    (void)state;
    script_fails(&s, "kordless.zone.open('UTC', { [4] = { { 540 } } }, {}, 0, 1)",
                 "minutes from 0 to 2880");
    script_fails(&s, "kordless.zone.open('UTC', { [4] = { 5 } }, {}, 0, 1)",
                 "a list of {from, to}");
    script_fails(&s, "kordless.zone.open('UTC', {}, {}, 0, 1 << 31)",
                 "at most 4,000 days");
    script_fails(&s, "kordless.zone.open('UTC', {}, {}, 0, 1 << 60)",
                 "seconds since 1970");
    script_fails(&s, "kordless.zone.open('UTC', {})", "table expected");
}

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    script_fails(&s, "kordless.zone.wall('Mars/Base', 0)",
                 "'Mars/Base' is no known time zone");
    script_fails(&s, "kordless.zone.instant('UTC', 0, 2881)", "minutes from 0 to 2880");
    script_fails(&s, "kordless.zone.instant('UTC', 0, -1)", "minutes from 0 to 2880");
    script_fails(&s, "kordless.zone.instant('UTC', 1 << 60, 0)", "days since 1970");
    script_fails(&s, "kordless.zone.wall('UTC', math.maxinteger)",
                 "seconds since 1970");
    script_fails(&s, "kordless.zone.wall({}, 0)", "string expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(walls_and_instants, begin, end),
        cmocka_unit_test_setup_teardown(hours_are_laid_out_date_by_date, begin, end),
        cmocka_unit_test_setup_teardown(wrong_hours_are_named, begin, end),
        cmocka_unit_test_setup_teardown(wrong_arguments_are_named, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
