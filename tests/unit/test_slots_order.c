/* The order of slots: by start, then rank, then candidate, however long the list. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "slots_scene.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_by_start_then_rank_then_candidate),
        cmocka_unit_test(long_lists_are_in_the_same_order),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
