#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/zone.h"

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

static void any_integer_may_be_asked_about(void **state)
{
    (void)state;
    struct zones *zs = zones_new(NULL);
    static const char *const names[] = {"UTC", "America/New_York", "Europe/Dublin"};
    static const int64_t far[] = {INT64_MIN, INT64_MIN / 2, -1,
                                  0,         INT64_MAX / 2, INT64_MAX};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        for (size_t k = 0; k < sizeof(far) / sizeof(*far); k++) {
            struct civil c;
            char text[32];
            zone_civil(zone_named(zs, names[i]), far[k], &c);
            zone_instant(zone_named(zs, names[i]), date_of_days(far[k]), 2880);
            time_format(far[k], text);
            assert_in_range(c.date.month, 1, 12);
            assert_in_range(c.weekday, 1, 7);
        }
    zones_free(zs);
}

/* ---- files made here ---- */

static void add_be(struct buf *b, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        buf_char(b, (char)(v >> 8 * i));
}

/* A block with two types, +1 h and +2 h, and changes at `at` to them in turn. */
static void add_block(struct buf *b, char version, int width, const int64_t *at,
                      size_t n)
{
    buf_lit(b, "TZif");
    buf_char(b, version);
    buf_add(b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    const uint64_t counts[6] = {0, 0, 0, n, 2, 4};
    for (int i = 0; i < 6; i++)
        add_be(b, counts[i], 4);
    for (size_t i = 0; i < n; i++)
        add_be(b, (uint64_t)at[i], width);
    for (size_t i = 0; i < n; i++)
        buf_char(b, (char)((i + 1) % 2));
    for (unsigned i = 0; i < 2; i++) {
        add_be(b, 3600 * (i + 1), 4);
        buf_add(b, "\0\0", 2);
    }
    buf_add(b, "\0\0\0", 4);
}

struct place {
    char dir[256];
    struct zones *zones;
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    const char *tmp = getenv("TMPDIR");
    if (!p ||
        snprintf(p->dir, sizeof(p->dir), "%s/zone.XXXXXX", tmp ? tmp : "/tmp") > 250 ||
        !mkdtemp(p->dir))
        return -1;
    p->zones = zones_new(p->dir);
    *state = p;
    return 0;
}

static void path_in(const struct place *p, const char *name, char path[400])
{
    snprintf(path, 400, "%s/%s", p->dir, name);
}

static int remove_place(void **state)
{
    struct place *p = *state;
    zones_free(p->zones);
    rmdir(p->dir);
    free(p);
    return 0;
}

/* Puts the bytes there, asks for the zone, and takes them away. */
static int zone_of_bytes(struct place *p, const char *name, struct str bytes,
                         const struct zone **z)
{
    char path[400];
    path_in(p, name, path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    if (bytes.n)
        assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
    int rc = zones_get(p->zones, str_of(name), z);
    unlink(path);
    return rc;
}

static const int64_t two_changes[] = {1000000, 2000000};

static void make_v2(struct buf *b, const char *footer)
{
    buf_clear(b);
    add_block(b, '2', 4, NULL, 0);
    add_block(b, '2', 8, two_changes, 2);
    buf_fmt(b, "\n%s\n", footer);
}

static int offset_at(const struct zone *z, int64_t t)
{
    struct civil c;
    zone_civil(z, t, &c);
    return c.offset;
}

static void version_1_has_only_its_table(void **state)
{
    struct place *p = *state;
    struct buf b;
    const struct zone *z;
    buf_init(&b);
    const int64_t at[] = {-1000, 1000};
    add_block(&b, '\0', 4, at, 2);
    assert_int_equal(zone_of_bytes(p, "One", buf_slice(&b), &z), 0);
    assert_int_equal(offset_at(z, -1001), 3600);
    assert_int_equal(offset_at(z, -1000), 7200);
    assert_int_equal(offset_at(z, 999), 7200);
    assert_int_equal(offset_at(z, 1000), 3600);
    assert_int_equal(offset_at(z, 1LL << 50), 3600);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(zone_of_bytes(p, "Cut", (struct str){b.p, n}, &z),
                         ERR_CORRUPT);
    buf_end(&b);
}

static void cut_or_damaged_files_are_refused_or_harmless(void **state)
{
    struct place *p = *state;
    struct buf b;
    const struct zone *z;
    uint64_t seed = 77;
    buf_init(&b);
    make_v2(&b, "CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(zone_of_bytes(p, "Cut", (struct str){b.p, n}, &z),
                         ERR_CORRUPT);
    for (int i = 0; i < 1500; i++) {
        char name[16];
        make_v2(&b, "CET-1CEST,M3.5.0,M10.5.0/3");
        b.p[next_random(&seed) % b.n] ^= (char)(1u << next_random(&seed) % 8);
        b.p[next_random(&seed) % b.n] = (char)next_random(&seed);
        snprintf(name, sizeof(name), "Z%d", i);
        if (zone_of_bytes(p, name, buf_slice(&b), &z) == 0) {
            offset_at(z, 1 << 30);
            zone_instant(z, (struct date){2050, 7, 1}, 720);
        }
    }
    buf_end(&b);
}

static void faults_in_a_table_are_found(void **state)
{
    struct place *p = *state;
    struct buf b;
    const struct zone *z;
    buf_init(&b);
    make_v2(&b, "");
    size_t block = 44 + 12 + 4, times = block + 44, kinds = times + 16,
           types = kinds + 2;
    static const char leap[] = {0, 0, 0, 1};
    const struct {
        size_t at;
        const char *bytes;
        size_t n;
    } faults[] = {
        {0, "X", 1},           {4, "1", 1},
        {block, "TZiX", 4},    {times + 8, b.p + times, 8} /* twice the same */,
        {kinds, "\2", 1},      {types, "\0\1\x6D\xA0", 4} /* 26 h */,
        {block + 28, leap, 4}, {b.n - 2, "x", 1},
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        make_v2(&b, "");
        memmove(b.p + faults[i].at, faults[i].bytes, faults[i].n);
        if (zone_of_bytes(p, "Bad", buf_slice(&b), &z) != ERR_CORRUPT)
            fail_msg("fault %zu was not seen", i);
    }
    make_v2(&b, "");
    assert_int_equal(zone_of_bytes(p, "Good", buf_slice(&b), &z), 0);
    memset(buf_reserve(&b, 300 * 1024), 'x', 300 * 1024);
    b.n += 300 * 1024;
    assert_int_equal(zone_of_bytes(p, "Big", buf_slice(&b), &z), ERR_CORRUPT);
    buf_end(&b);
}

static void the_rule_goes_on_where_the_table_ends(void **state)
{
    struct place *p = *state;
    struct buf b;
    const struct zone *z;
    buf_init(&b);
    make_v2(&b, "IST-1GMT0,M10.5.0,M3.5.0/1");
    assert_int_equal(zone_of_bytes(p, "Ruled", buf_slice(&b), &z), 0);
    assert_int_equal(offset_at(z, 999999), 3600);
    assert_int_equal(offset_at(z, 1000000), 7200);
    for (int year = 1971; year < 3000; year++) {
        assert_int_equal(offset_at(z, date_days((struct date){year, 1, 15}) * 86400),
                         0);
        assert_int_equal(offset_at(z, date_days((struct date){year, 7, 15}) * 86400),
                         3600);
    }
    make_v2(&b, "");
    assert_int_equal(zone_of_bytes(p, "Without", buf_slice(&b), &z), 0);
    assert_int_equal(offset_at(z, 1LL << 40), 3600);
    make_v2(&b, "nonsense");
    assert_int_equal(zone_of_bytes(p, "Wrong", buf_slice(&b), &z), ERR_CORRUPT);
    buf_end(&b);
}

/* ---- all zones ---- */

static void names_are_no_paths(void **state)
{
    (void)state;
    struct zones *zs = zones_new(NULL);
    const struct zone *z = NULL;
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "../zoneinfo/UTC",
        "/usr/share/zoneinfo/UTC",
        "America",
        "America/",
        "America//New_York",
        "America/../UTC",
        "America/./New_York",
        "Mars/Olympus",
        "zone.tab",
        "zone1970.tab",
        "tzdata.zi",
        "localtime",
        "posixrules",
        "posix/UTC",
        "right/UTC",
        "UTC ",
        "America/New York",
        "UTC\n",
        "UTC/UTC",
        "utc",
        "Eur\xC3\xB6pe",
        "A234567890123456789012345678901234567890123456789012345678901234x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (zones_get(zs, str_of(bad[i]), &z) != ERR_NOT_FOUND)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(zones_get(zs, (struct str){"UTC\0", 4}, &z), ERR_NOT_FOUND);
    assert_null(z);
    assert_int_equal(zones_get(zs, STR("Etc/GMT+5"), &z), 0);
    assert_int_equal(offset_at(z, 0), -18000);
    zones_free(zs);
}

static void names_end_at_64_bytes(void **state)
{
    struct place *p = *state;
    struct buf b;
    const struct zone *z;
    char name[66];
    buf_init(&b);
    make_v2(&b, "");
    memset(name, 'N', sizeof(name));
    name[65] = '\0';
    assert_int_equal(zone_of_bytes(p, name, buf_slice(&b), &z), ERR_NOT_FOUND);
    name[64] = '\0';
    assert_int_equal(zone_of_bytes(p, name, buf_slice(&b), &z), 0);
    buf_end(&b);
}

static void a_zone_is_loaded_once(void **state)
{
    (void)state;
    struct zones *zs = zones_new(NULL);
    assert_ptr_equal(zone_named(zs, "Europe/Paris"), zone_named(zs, "Europe/Paris"));
    assert_ptr_not_equal(zone_named(zs, "Europe/Paris"), zone_named(zs, "Europe/Rome"));
    zones_free(zs);
    zones_free(NULL);
}

static void at_most_2000_are_kept(void **state)
{
    struct place *p = *state;
    struct buf b;
    const struct zone *z;
    char name[16];
    buf_init(&b);
    make_v2(&b, "");
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "N%d", i);
        assert_int_equal(zone_of_bytes(p, name, buf_slice(&b), &z), 0);
    }
    assert_int_equal(zone_of_bytes(p, "More", buf_slice(&b), &z), ERR_FULL);
    assert_int_equal(zones_get(p->zones, STR("N7"), &z), 0);
    buf_end(&b);
}

static void *get_many(void *arg)
{
    static const char *const names[] = {"Asia/Tokyo",  "Asia/Seoul",  "Europe/Oslo",
                                        "Asia/Dubai",  "Europe/Rome", "Asia/Dhaka",
                                        "Africa/Lagos"};
    const struct zone *z;
    for (size_t i = 0; i < 7000; i++)
        if (zones_get(arg, str_of(names[i % 7]), &z) < 0)
            return arg;
    return NULL;
}

static void threads_share_them(void **state)
{
    (void)state;
    pthread_t threads[4];
    void *failed;
    struct zones *zs = zones_new(NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_many, zs), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    zones_free(zs);
}

#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_integer_may_be_asked_about),
        WITH_PLACE(version_1_has_only_its_table),
        WITH_PLACE(cut_or_damaged_files_are_refused_or_harmless),
        WITH_PLACE(faults_in_a_table_are_found),
        WITH_PLACE(the_rule_goes_on_where_the_table_ends),
        cmocka_unit_test(names_are_no_paths),
        WITH_PLACE(names_end_at_64_bytes),
        cmocka_unit_test(a_zone_is_loaded_once),
        WITH_PLACE(at_most_2000_are_kept),
        cmocka_unit_test(threads_share_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
