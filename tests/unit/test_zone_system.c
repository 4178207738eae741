#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/zone.h"

/* The system's zones, all of them: against zdump, against the C library, and against a
 * model that looks at every minute. */

static const char zoneinfo[] = "/usr/share/zoneinfo";

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static const struct zone *zone_named(struct zones *zs, const char *name)
{
    const struct zone *z = NULL;
    int rc = zones_get(zs, str_of(name), &z);
    if (rc < 0)
        fail_msg("%s: %s", name, err_name(rc));
    return z;
}

/* The definition, by looking at every minute: the first at which the wall has come to
 * this. Changes of offset have stood at whole minutes for a hundred years. */
static int64_t instant_by_looking(const struct zone *z, int64_t wall)
{
    int64_t t = wall - 26 * 3600;
    for (;; t += 60) {
        struct civil c;
        zone_civil(z, t, &c);
        if (t + c.offset >= wall)
            return t;
    }
}

static void check_instant(const struct zone *z, int64_t wall)
{
    int64_t days = wall / 86400;
    int minutes = (int)(wall % 86400 / 60);
    int64_t expected = instant_by_looking(z, days * 86400 + minutes * 60);
    assert_int_equal(zone_instant(z, date_of_days(days), minutes), expected);
    assert_int_equal(zone_instant(z, date_of_days(days - 1), minutes + 1440), expected);
}

static void assert_wall(const struct zone *z, int64_t t, int64_t wall, int offset)
{
    struct civil c;
    zone_civil(z, t, &c);
    int64_t shown =
        date_days(c.date) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
    assert_int_equal(c.offset, offset);
    assert_int_equal(shown, wall);
    assert_int_equal(c.weekday, date_weekday(c.date));
}

static int64_t instant_of(int year, const char *month, int day, int h, int m, int s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int n = (int)(strstr(months, month) - months) / 3 + 1;
    return date_days((struct date){year, n, day}) * 86400 + h * 3600 + m * 60 + s;
}

/* "Zone  Sun Mar  8 06:59:59 2026 UT = Sun Mar  8 01:59:59 2026 EST isdst=0
 * gmtoff=-18000" False for the lines about times that have no calendar. */
static bool parse_zdump(const char *line, char name[80], int64_t *t, int64_t *wall,
                        int *offset)
{
    char m1[4], m2[4];
    int d1, h1, n1, s1, y1, d2, h2, n2, s2, y2;
    if (sscanf(
            line,
            "%79s %*s %3s %d %d:%d:%d %d UT = %*s %3s %d %d:%d:%d %d %*s %*s gmtoff=%d",
            name, m1, &d1, &h1, &n1, &s1, &y1, m2, &d2, &h2, &n2, &s2, &y2,
            offset) != 14)
        return false;
    *t = instant_of(y1, m1, d1, h1, n1, s1);
    *wall = instant_of(y2, m2, d2, h2, n2, s2);
    return y1 > -9999 && y1 < 9999;
}

/* Every line, and that nothing happens between a line and the next of the same zone. */
static size_t compare_with(FILE *dump, struct zones *zs, uint64_t *seed)
{
    char line[512], name[80], before[80] = "";
    int64_t t, wall, last = 0;
    int offset;
    size_t lines = 0;
    while (fgets(line, sizeof(line), dump)) {
        if (!parse_zdump(line, name, &t, &wall, &offset))
            continue;
        const struct zone *z = zone_named(zs, name + sizeof(zoneinfo));
        assert_wall(z, t, wall, offset);
        if (strcmp(name, before) == 0 && t - last > 1) {
            int64_t between =
                last + (int64_t)(next_random(seed) % (uint64_t)(t - last));
            assert_wall(z, between, between + offset, offset);
        }
        if (next_random(seed) % 32 ==
            0) /* near the change: in a gap, in a fold, beside */
            check_instant(z, wall + (int64_t)(next_random(seed) % 18000) - 9000);
        strcpy(before, name);
        last = t;
        lines++;
    }
    return lines;
}

/* Calls `each` with all names that the system's tzdata has, old ones too. What begins
 * with a small letter is a file beside them, or the same again with leap seconds. */
static size_t every_name(void (*each)(const char *name, void *to), void *to)
{
    char line[256];
    size_t n = 0;
    FILE *list = popen("cd /usr/share/zoneinfo && find -L . -type f | sort", "r");
    assert_non_null(list);
    while (fgets(line, sizeof(line), list)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[2] < 'A' || line[2] > 'Z')
            continue;
        each(line + 2, to);
        n++;
    }
    assert_int_equal(pclose(list), 0);
    return n;
}

static void add_path(const char *name, void *to)
{
    buf_fmt(to, " %s/%s", zoneinfo, name);
}

static size_t compare_years(const char *years, uint64_t *seed)
{
    if (access(zoneinfo, R_OK) != 0 || system("command -v zdump >/dev/null") != 0)
        skip();
    struct buf command;
    buf_init(&command);
    buf_fmt(&command, "zdump -v -c %s", years);
    assert_true(every_name(add_path, &command) > 400);
    buf_char(&command, '\0');
    FILE *dump = popen(command.p, "r");
    assert_non_null(dump);
    struct zones *zs = zones_new(NULL);
    size_t lines = compare_with(dump, zs, seed);
    zones_free(zs);
    assert_int_equal(pclose(dump), 0);
    buf_end(&command);
    return lines;
}

static void all_zones_agree_with_zdump(void **state)
{
    (void)state;
    uint64_t seed = 3;
    assert_true(compare_years("2020,2040", &seed) > 15000);
}

static void years_that_only_the_rule_knows_agree(void **state)
{
    (void)state;
    uint64_t seed = 4;
    assert_true(compare_years("2398,2401", &seed) > 1500);
}

/* zdump says nothing of zones in which nothing happens. The C library says something of
 * every instant. */
static void compare_with_library(const char *name, void *to)
{
    struct zones *zs = to;
    const struct zone *z = zone_named(zs, name);
    uint64_t seed = 6;
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
    for (int i = 0; i < 400; i++) { /* 1990 to 2040, and to 2460 */
        int64_t t = 631152000 + (int64_t)(next_random(&seed) % 1577923200);
        if (i % 4 == 0)
            t += (int64_t)(next_random(&seed) % 13253760000);
        time_t at = (time_t)t;
        struct tm tm;
        assert_non_null(localtime_r(&at, &tm));
        assert_wall(z, t, t + tm.tm_gmtoff, (int)tm.tm_gmtoff);
    }
}

static void all_zones_agree_with_the_library(void **state)
{
    (void)state;
    struct zones *zs = zones_new(NULL);
    if (access(zoneinfo, R_OK) != 0)
        skip();
    assert_true(every_name(compare_with_library, zs) > 400);
    unsetenv("TZ");
    tzset();
    zones_free(zs);
}

/* Each day of fifteen years: where the day is steady, minutes are counted from
 * midnight. */
static size_t check_days(const struct zone *z)
{
    size_t n = 0;
    for (int64_t day = 14600; day < 14600 + 15 * 365; day++) {
        bool steady;
        int64_t midnight = zone_midnight(z, day, &steady);
        assert_int_equal(midnight, zone_instant(z, date_of_days(day), 0));
        assert_int_equal(zone_day(z, midnight - 1) < zone_day(z, midnight), true);
        for (int minutes = 0; steady && minutes <= 1440; minutes += 15)
            assert_int_equal(zone_instant_on(z, day, minutes), midnight + minutes * 60);
        n += steady;
    }
    return n;
}

static void minutes_of_a_steady_day_are_counted(void **state)
{
    (void)state;
    struct zones *zs = zones_new(zoneinfo);
    assert_int_equal(check_days(zone_named(zs, "UTC")), 15 * 365);
    static const char *const peculiar[] = {"America/New_York",  "Australia/Lord_Howe",
                                           "America/Havana",    "Asia/Beirut",
                                           "America/Sao_Paulo", "America/Santiago",
                                           "Pacific/Apia",      "Africa/Casablanca"};
    for (size_t i = 0; i < sizeof(peculiar) / sizeof(*peculiar); i++) {
        size_t n = check_days(zone_named(zs, peculiar[i]));
        assert_true(n > 15 * 350 && n < 15 * 365);
    }
    zones_free(zs);
}

static void walls_are_found_wherever_they_are(void **state)
{
    (void)state;
    static const char *const names[] = {"UTC",
                                        "America/New_York",
                                        "Europe/Dublin",
                                        "Australia/Lord_Howe",
                                        "Asia/Kathmandu",
                                        "Africa/Casablanca",
                                        "Pacific/Apia",
                                        "America/Havana",
                                        "Asia/Beirut",
                                        "America/Santiago",
                                        "Antarctica/Troll",
                                        "Africa/Cairo"};
    struct zones *zs = zones_new(zoneinfo);
    uint64_t seed = 8;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct zone *z = zone_named(zs, names[i]);
        for (int k = 0; k < 100; k++) /* 1990 to 2170 */
            check_instant(z, 631152000 + (int64_t)(next_random(&seed) % 5680000000));
        check_instant(z, date_days((struct date){2011, 12, 30}) * 86400 + 36000);
    }
    zones_free(zs);
}

static void assert_instant(struct zones *zs, const char *name, const char *date,
                           int minutes, const char *utc)
{
    struct date d;
    char text[32];
    assert_int_equal(date_parse(str_of(date), &d), 0);
    time_format(zone_instant(zone_named(zs, name), d, minutes), text);
    assert_string_equal(text, utc);
}

static void famous_days(void **state)
{
    (void)state;
    struct zones *zs = zones_new(NULL);
    const char *z = "America/New_York";
    assert_instant(zs, z, "2026-03-08", 119, "2026-03-08T06:59:00Z");
    assert_instant(zs, z, "2026-03-08", 150,
                   "2026-03-08T07:00:00Z"); /* a gap: its end */
    assert_instant(zs, z, "2026-03-08", 180, "2026-03-08T07:00:00Z");
    assert_instant(zs, z, "2026-03-08", 1440, "2026-03-09T04:00:00Z");
    assert_instant(zs, z, "2026-11-01", 90,
                   "2026-11-01T05:30:00Z"); /* a fold: the first */
    assert_instant(zs, z, "2026-11-01", 120, "2026-11-01T07:00:00Z");
    assert_instant(zs, z, "2026-11-01", 2880, "2026-11-03T05:00:00Z");
    assert_instant(zs, z, "2051-07-01", 0, "2051-07-01T04:00:00Z");
    assert_instant(zs, z, "2451-07-01", 0, "2451-07-01T04:00:00Z");
    z = "Australia/Lord_Howe"; /* half an hour */
    assert_instant(zs, z, "2026-10-04", 135, "2026-10-03T15:30:00Z");
    assert_instant(zs, z, "2026-04-05", 105, "2026-04-04T14:45:00Z");
    assert_instant(zs, z, "2026-04-05", 120, "2026-04-04T15:30:00Z");
    z = "America/Santiago"; /* a day without a midnight */
    assert_instant(zs, z, "2026-09-06", 0, "2026-09-06T04:00:00Z");
    assert_instant(zs, z, "2026-09-05", 1440, "2026-09-06T04:00:00Z");
    assert_instant(zs, z, "2026-04-04", 1440,
                   "2026-04-05T04:00:00Z"); /* 23:30 came twice */
    z = "America/Havana";                   /* two midnights */
    assert_instant(zs, z, "2026-10-31", 1440, "2026-11-01T04:00:00Z");
    z = "Pacific/Apia"; /* a day that was not */
    assert_instant(zs, z, "2011-12-30", 600, "2011-12-30T10:00:00Z");
    assert_instant(zs, z, "2011-12-29", 1440, "2011-12-30T10:00:00Z");
    assert_instant(zs, z, "2011-12-31", 0, "2011-12-30T10:00:00Z");
    assert_instant(zs, "Asia/Kathmandu", "2026-01-01", 0, "2025-12-31T18:15:00Z");
    assert_instant(zs, "Europe/Dublin", "2026-07-01", 0, "2026-06-30T23:00:00Z");
    zones_free(zs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_zones_agree_with_zdump),
        cmocka_unit_test(years_that_only_the_rule_knows_agree),
        cmocka_unit_test(all_zones_agree_with_the_library),
        cmocka_unit_test(minutes_of_a_steady_day_are_counted),
        cmocka_unit_test(walls_are_found_wherever_they_are),
        cmocka_unit_test(famous_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
