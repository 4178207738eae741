/* Slots against a model that knows nothing but minutes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "slots_scene.h"

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
        cmocka_unit_test(slots_are_what_a_walk_over_minutes_finds),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
