#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slots.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static struct zones *zones;

static int begin(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static int64_t below(uint64_t *seed, int64_t n)
{
    return (int64_t)(next_random(seed) % (uint64_t)n);
}

static const struct zone *zone_named(const char *name)
{
    const struct zone *z = NULL;
    if (zones_get(zones, str_of(name), &z))
        fail_msg("%s", name);
    return z;
}

static struct grid plain_grid(int64_t lo, int64_t hi)
{
    return (struct grid){.zone = zone_named("UTC"),
                         .step = 30 * MINUTE,
                         .length = HOUR,
                         .lo = lo,
                         .hi = hi,
                         .capacity = 1,
                         .units = 1};
}

static void assert_starts(const struct slots *s, const int64_t *minutes, size_t n)
{
    assert_int_equal(s->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(s->at[i].start, minutes[i] * MINUTE);
}

/* --- by hand --- */

static void starts_are_every_step_from_where_it_opens(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, DAY);
    struct spans open;
    struct slots s;
    spans_init(&open);
    spans_add(&open, 550 * MINUTE, 650 * MINUTE); /* 09:10 to 10:50 */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, (int64_t[]){550, 580}, 2); /* not 610: it ends at 670 */
    assert_int_equal(s.at[0].free, 1);
    slots_end(&s);
    g.lo = 551 * MINUTE;
    g.hi = 580 * MINUTE;
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, NULL, 0); /* 580 is not before hi */
    slots_end(&s);
    spans_end(&open);
}

/* In Newfoundland clocks went back from 00:01 to 23:01 until 2011. What opens in the
 * hour that comes twice does not open at the midnight before it. */
static void clocks_that_go_back_over_midnight_open_nothing_early(void **state)
{
    (void)state;
    int64_t day = date_days((struct date){2006, 10, 29}) * DAY;
    struct grid g = plain_grid(day, day + DAY);
    struct spans open;
    struct slots s;
    g.zone = zone_named("America/St_Johns");
    g.length = 30 * MINUTE;
    spans_init(&open);
    spans_add(&open, day + 160 * MINUTE, day + 300 * MINUTE); /* 23:10, once more */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    int64_t first = day / MINUTE + 160;
    assert_starts(&s, (int64_t[]){first, first + 30, first + 60, first + 90}, 4);
    slots_end(&s);
    spans_end(&open);
}

static void the_grid_begins_anew_at_midnight(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, 2 * DAY);
    struct spans open;
    struct slots s;
    g.step = 50 * MINUTE;
    spans_init(&open);
    spans_add(&open, 1380 * MINUTE, 1560 * MINUTE); /* 23:00 to 02:00 */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, (int64_t[]){1380, 1430, 1440, 1490}, 4);
    slots_end(&s);
    g.lo = 1435 * MINUTE; /* from wherever one looks */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, (int64_t[]){1440, 1490}, 2);
    slots_end(&s);
    spans_clear(&open);
    spans_add(&open, -1000 * (int64_t)DAY, 1000 * (int64_t)DAY); /* never closed */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_int_equal(s.at[0].start, 1440 * MINUTE);
    assert_int_equal(s.n, 29);
    slots_end(&s);
    spans_end(&open);
}

static void buffers_count_and_may_lie_outside_the_hours(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, DAY);
    struct spans open;
    struct slots s;
    struct taken *t = taken_new();
    g.before = 10 * MINUTE;
    g.after = 20 * MINUTE;
    spans_init(&open);
    spans_add(&open, 600 * MINUTE, 720 * MINUTE);
    taken_busy(t, STR("ada"), 580 * MINUTE, 590 * MINUTE); /* ends as a buffer begins */
    taken_busy(t, STR("ada"), 709 * MINUTE, 710 * MINUTE);
    const struct taken_of *of[] = {taken_find(t, STR("ada"))};
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, (int64_t[]){600}, 1); /* 630 to 690, and until 710 */
    slots_end(&s);
    spans_end(&open);
    taken_free(t);
}

static void a_gathering_is_joined_while_it_fits(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, DAY);
    struct spans open;
    struct slots s;
    struct taken *t = taken_new();
    g.capacity = 5;
    g.step = HOUR;
    spans_init(&open);
    spans_add(&open, 600 * MINUTE, 840 * MINUTE);
    taken_gather(t, STR("ada"),
                 (struct gathering){600 * MINUTE, 600 * MINUTE, 660 * MINUTE, 3});
    taken_gather(t, STR("ada"), /* made when it was shorter */
                 (struct gathering){660 * MINUTE, 660 * MINUTE, 710 * MINUTE, 1});
    taken_gather(t, STR("ada"), /* somebody landed on it */
                 (struct gathering){720 * MINUTE, 720 * MINUTE, 780 * MINUTE, 1});
    taken_block(t, STR("ada"), 725 * MINUTE, 726 * MINUTE);
    taken_gather(t, STR("ada"), /* one of something else, half an hour off */
                 (struct gathering){810 * MINUTE, 810 * MINUTE, 830 * MINUTE, 1});
    const struct taken_of *of[] = {taken_find(t, STR("ada")), NULL};
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, (int64_t[]){600}, 1);
    assert_int_equal(s.at[0].free, 2);
    slots_end(&s);
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 2), 0); /* one of two is not there */
    assert_starts(&s, NULL, 0);
    slots_end(&s);
    g.units = 3; /* more than are left */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, NULL, 0);
    slots_end(&s);
    g.units = 0; /* all, free or not */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, (int64_t[]){600, 660, 720, 780}, 4);
    assert_int_equal(s.at[1].free, 0);
    slots_end(&s);
    spans_end(&open);
    taken_free(t);
}

static void too_many_is_an_error(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, 10 * DAY);
    struct spans open;
    struct slots s;
    spans_init(&open);
    spans_add(&open, 0, 10 * DAY);
    slots_init(&s, &g, 479, 1000);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0); /* the last is not covered */
    assert_int_equal(s.n, 479);
    slots_end(&s);
    slots_init(&s, &g, 478, 1000);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), ERR_TOO_LARGE);
    slots_end(&s);
    slots_init(&s, &g, 1000, 480);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_int_equal(s.unseen, 0);
    assert_int_equal(slots_add(&s, 2, &open, NULL, 0), ERR_TOO_LARGE);
    slots_end(&s);
    slots_init(&s, &g, 1000, 7); /* what came before it was too much is there */
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), ERR_TOO_LARGE);
    assert_int_equal(s.n, 7);
    slots_end(&s);
    spans_end(&open);
}

/* --- the order --- */

static void fill(struct slots *s, int n)
{
    struct grid g = plain_grid(0, DAY);
    struct spans open;
    spans_init(&open);
    g.length = 1;
    slots_init(s, &g, 10000, 10000);
    for (int who = 1; who <= n; who++) { /* each one opens a little later */
        spans_clear(&open);
        spans_add(&open, who % 7 * 30 * MINUTE, DAY - who % 5 * HOUR);
        assert_int_equal(slots_add(s, who, &open, NULL, 0), 0);
    }
    slots_sort(s);
    assert_true(slots_sorted(s));
    spans_end(&open);
}

static void assert_order(const struct slots *s)
{
    for (size_t i = 1; i < s->n; i++) {
        const struct slot *x = &s->at[i - 1], *y = &s->at[i];
        assert_true(x->start <= y->start);
        if (x->start == y->start)
            assert_true(x->rank < y->rank || (x->rank == y->rank && x->who < y->who));
    }
}

static void lists_are_by_start_then_rank_then_candidate(void **state)
{
    (void)state;
    static const int sizes[] = {0, 1, 2, 3, 7, 8, 50, 200};
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        struct slots s;
        uint64_t seed = 7;
        fill(&s, sizes[k]);
        assert_order(&s);
        size_t n = s.n;
        double *ranks = calloc(n + 1, sizeof(*ranks));
        for (size_t i = 0; i < n; i++)
            ranks[i] = i % 11 == 0 ? (double)NAN : (double)below(&seed, 3) - 1;
        int64_t sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += s.at[i].start * s.at[i].who;
        slots_rank(&s, ranks);
        assert_order(&s);
        for (size_t i = 0; i < n; i++)
            sum -= s.at[i].start * s.at[i].who;
        assert_int_equal(sum, 0); /* nobody came or went */
        slots_cut(&s, n / 2);
        assert_int_equal(s.n, n / 2);
        assert_order(&s);
        free(ranks);
        slots_end(&s);
    }
}

/* Adds one candidate's day, `first` days from the first. */
static void add_day(struct slots *s, int32_t who, int64_t first)
{
    struct spans open;
    spans_init(&open);
    spans_add(&open, first * DAY + who % 7 * 30 * MINUTE, (first + 1) * DAY);
    assert_int_equal(slots_add(s, who, &open, NULL, 0), 0);
    spans_end(&open);
}

/* Long lists are sorted in another way than short ones, if nothing forbids it. */
static void long_lists_are_in_the_same_order(void **state)
{
    (void)state;
    static const struct {
        int turn;     /* candidates are a multiple of it, by 101 */
        int64_t days; /* of the later half */
    } all[] = {{1, 0}, {1, 31}, {1, 62}, {1, 400}, {7, 0}, {7, 31}};
    for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
        struct grid g = plain_grid(0, 500 * (int64_t)DAY);
        struct slots s;
        double ranks[10000];
        g.length = 1;
        slots_init(&s, &g, 10000, 10000);
        for (int i = 1; i <= 100; i++)
            add_day(&s, i * all[k].turn % 101, i > 50 ? all[k].days : 0);
        assert_true(s.n > 4096);
        slots_sort(&s);
        assert_order(&s);
        for (size_t i = 0; i < s.n; i++)
            ranks[i] = -(double)(i % 3);
        slots_rank(&s, ranks);
        assert_order(&s);
        add_day(&s, 102, 0); /* it comes after those of a rank */
        slots_sort(&s);
        assert_order(&s);
        slots_end(&s);
    }
}

/* --- against a model that knows nothing but minutes --- */

enum { WORLD = 4 * 1440, SUBJECTS = 3, CLAIMS = 14 };

struct model_claim {
    int subject;
    int64_t a, b; /* minutes */
    int64_t at;   /* of a gathering, or -1 */
    int64_t units;
    bool blocks;
};

struct model {
    struct grid g;
    int64_t base; /* the world's first minute */
    bool open[WORLD];
    struct model_claim claims[CLAIMS];
    size_t n_claims;
    int subjects;
};

static int64_t instant(const struct model *m, int64_t minute)
{
    return m->base + minute * MINUTE;
}

static bool model_open(const struct model *m, int64_t a, int64_t b)
{
    for (int64_t i = a; i < b; i++)
        if (i < 0 || i >= WORLD || !m->open[i])
            return false;
    return true;
}

/* Where the grid is anchored: as a window opens, and with each new date on the wall (a
 * clock may leap over midnight). */
static bool model_anchors(const struct model *m, int64_t minute)
{
    struct civil here, before;
    if (minute == 0 || !m->open[minute - 1])
        return true;
    zone_civil(m->g.zone, instant(m, minute), &here);
    zone_civil(m->g.zone, instant(m, minute - 1), &before);
    return here.date.day != before.date.day;
}

static int64_t model_free(const struct model *m, int64_t start)
{
    int64_t a = start - m->g.before / MINUTE;
    int64_t b = start + (m->g.length + m->g.after) / MINUTE, units = 0;
    int gathered = 0;
    for (int who = 0; who < m->subjects; who++) {
        const struct model_claim *own = NULL;
        for (size_t i = 0; i < m->n_claims; i++)
            if (m->claims[i].subject == who && m->claims[i].at == start)
                own = &m->claims[i];
        for (size_t i = 0; i < m->n_claims; i++) {
            const struct model_claim *c = &m->claims[i];
            bool meets = c->subject == who && c->a < b && a < c->b;
            if (meets && (own ? c->blocks : true))
                return 0;
        }
        if (own && (own->a > a || own->b < b))
            return 0;
        gathered += own != NULL;
        units = own ? own->units : units;
    }
    if (gathered && gathered < m->subjects)
        return 0;
    return units < m->g.capacity ? m->g.capacity - units : 0;
}

static void random_model(struct model *m, uint64_t *seed)
{
    static const char *const names[] = {"UTC", "America/New_York", "Asia/Kolkata",
                                        "Australia/Lord_Howe", "America/Sao_Paulo"};
    static const int64_t changes[] = {/* some days before clocks change somewhere */
                                      1538524800, 1541030400, 1550102400,
                                      1551916800, 1554249600, 1560000000};
    memset(m, 0, sizeof(*m));
    m->base = changes[below(seed, 6)] + below(seed, 3) * DAY + below(seed, 24) * HOUR;
    m->g = (struct grid){.zone = zone_named(names[below(seed, 5)]),
                         .step = (5 + below(seed, 80)) * MINUTE,
                         .length = (5 + below(seed, 100)) * MINUTE,
                         .before = below(seed, 3) * 10 * MINUTE,
                         .after = below(seed, 3) * 10 * MINUTE,
                         .capacity = (int32_t)(1 + below(seed, 4)),
                         .units = (int32_t)below(seed, 3)};
    m->g.lo = instant(m, 1440 + below(seed, 600));
    m->g.hi = m->g.lo + below(seed, 2 * 1440) * MINUTE;
    m->subjects = (int)(1 + below(seed, SUBJECTS));
    for (int64_t w = below(seed, 9); w > 0; w--) {
        int64_t a = below(seed, WORLD), n = below(seed, 1500);
        for (int64_t i = a; i < a + n && i < WORLD; i++)
            m->open[i] = true;
    }
}

/* Each kind where it is likely to matter: on starts of the grid. */
static void random_claims(struct model *m, uint64_t *seed)
{
    m->n_claims = (size_t)below(seed, CLAIMS);
    for (size_t i = 0; i < m->n_claims; i++) {
        struct model_claim *c = &m->claims[i];
        int64_t start = below(seed, WORLD);
        if (m->open[start]) {
            int64_t anchor = start, step = m->g.step / MINUTE;
            while (!model_anchors(m, anchor))
                anchor--;
            start = anchor + (start - anchor) / step * step;
        }
        int64_t kind = below(seed, 3);
        c->subject = (int)below(seed, m->subjects);
        c->a = start - (kind == 1 ? m->g.before / MINUTE : 0);
        c->b = c->a + 1 + below(seed, 150);
        if (kind == 1 && below(seed, 2))
            c->b = start + (m->g.length + m->g.after) / MINUTE;
        c->at = kind == 1 && m->g.capacity > 1 ? start : -1;
        c->units = 1 + below(seed, 3);
        c->blocks = kind == 2;
        for (size_t k = 0; c->at >= 0 && k < i; k++) /* one of them is all there is */
            if (m->claims[k].subject == c->subject && m->claims[k].at == c->at)
                c->at = -1;
    }
}

static struct str subject_name(int i)
{
    static const char *const names[] = {"ada", "ben", "cyd"};
    return str_of(names[i]);
}

static struct taken *taken_of_model(const struct model *m)
{
    struct taken *t = taken_new();
    for (size_t i = 0; i < m->n_claims; i++) {
        const struct model_claim *c = &m->claims[i];
        struct str name = subject_name(c->subject);
        int64_t a = instant(m, c->a), b = instant(m, c->b);
        if (c->at >= 0)
            taken_gather(t, name,
                         (struct gathering){instant(m, c->at), a, b, c->units});
        else if (c->blocks)
            taken_block(t, name, a, b);
        else
            taken_busy(t, name, a, b);
    }
    return t;
}

static void spans_of_model(const struct model *m, struct spans *open)
{
    spans_init(open);
    for (int64_t i = 0; i < WORLD; i++)
        if (m->open[i])
            spans_add(open, instant(m, i), instant(m, i + 1));
}

static size_t compare(const struct model *m, const struct slots *s, uint64_t seed)
{
    int64_t anchor = 0;
    size_t n = 0;
    for (int64_t i = 0; i < WORLD; i++) {
        int64_t start = instant(m, i), length = m->g.length / MINUTE;
        if (m->open[i] && model_anchors(m, i))
            anchor = i;
        if (!m->open[i] || start < m->g.lo || start >= m->g.hi ||
            (i - anchor) % (m->g.step / MINUTE) != 0)
            continue;
        int64_t free = model_open(m, i, i + length) ? model_free(m, i) : 0;
        if (free < m->g.units)
            continue;
        if (n == s->n || s->at[n].start != start || s->at[n].free != free)
            fail_msg("seed %llu: minute %lld, %lld free, is not slot %zu",
                     (unsigned long long)seed, (long long)i, (long long)free, n);
        n++;
    }
    return n;
}

static void slots_are_what_a_walk_over_minutes_finds(void **state)
{
    (void)state;
    const char *torture = getenv("KORDLESS_TORTURE");
    uint64_t rounds = 300 * (uint64_t)(torture ? atoi(torture) : 1);
    size_t found = 0, taken = 0;
    for (uint64_t k = 1; k <= rounds; k++) {
        static struct model m;
        uint64_t seed = k * UINT64_C(0x9E3779B97F4A7C15);
        const struct taken_of *of[SUBJECTS];
        struct spans open;
        struct slots s;
        random_model(&m, &seed);
        random_claims(&m, &seed);
        struct taken *t = taken_of_model(&m);
        spans_of_model(&m, &open);
        for (int i = 0; i < m.subjects; i++)
            of[i] = taken_find(t, subject_name(i));
        slots_init(&s, &m.g, 10000, 10000);
        assert_int_equal(slots_add(&s, 1, &open, of, (size_t)m.subjects), 0);
        size_t n = compare(&m, &s, k);
        if (n != s.n)
            fail_msg("seed %llu: %zu slots, not %zu", (unsigned long long)k, s.n, n);
        for (size_t i = 0; i < n; i++)
            taken += s.at[i].free < m.g.capacity;
        found += n;
        slots_end(&s);
        spans_end(&open);
        taken_free(t);
    }
    assert_true(found > 10 * rounds && taken > rounds); /* it was worth asking */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_are_every_step_from_where_it_opens),
        cmocka_unit_test(clocks_that_go_back_over_midnight_open_nothing_early),
        cmocka_unit_test(the_grid_begins_anew_at_midnight),
        cmocka_unit_test(buffers_count_and_may_lie_outside_the_hours),
        cmocka_unit_test(a_gathering_is_joined_while_it_fits),
        cmocka_unit_test(too_many_is_an_error),
        cmocka_unit_test(lists_are_by_start_then_rank_then_candidate),
        cmocka_unit_test(long_lists_are_in_the_same_order),
        cmocka_unit_test(slots_are_what_a_walk_over_minutes_finds),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
