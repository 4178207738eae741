#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"

/* The model: a set of instants 0 … 63 is one bit each. */
enum { WORLD = 64 };

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static uint64_t bits_between(int64_t a, int64_t b)
{
    uint64_t bits = 0;
    for (int64_t i = a; i < b; i++)
        bits |= UINT64_C(1) << i;
    return bits;
}

static uint64_t bits_of(const struct spans *s)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < s->n; i++) {
        assert_true(s->at[i].a < s->at[i].b);
        if (i)
            assert_true(s->at[i - 1].b < s->at[i].a); /* sorted, disjoint, coalesced */
        bits |= bits_between(s->at[i].a, s->at[i].b);
    }
    return bits;
}

static uint64_t random_set(struct spans *s, uint64_t *seed)
{
    uint64_t bits = 0;
    spans_clear(s);
    for (uint64_t n = next_random(seed) % 9; n > 0; n--) {
        int64_t a = (int64_t)(next_random(seed) % WORLD);
        int64_t b = a + (int64_t)(next_random(seed) % 12) - 2;
        b = b > WORLD ? WORLD : b;
        spans_add(s, a, b);
        bits |= bits_between(a, b);
        assert_true(bits_of(s) == bits);
    }
    return bits;
}

static void check_questions(const struct spans *s, uint64_t bits, uint64_t *seed)
{
    int64_t a = (int64_t)(next_random(seed) % WORLD);
    int64_t b = a + (int64_t)(next_random(seed) % 10);
    uint64_t asked = bits_between(a, b = b > WORLD ? WORLD : b);
    assert_int_equal(spans_cover(s, a, b), asked && (bits & asked) == asked);
    assert_int_equal(spans_touch(s, a, b), (bits & asked) != 0);
    assert_int_equal(spans_total(s), __builtin_popcountll(bits));
}

static void sets_behave_like_bits(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct spans x, y, out;
    spans_init(&x), spans_init(&y), spans_init(&out);
    for (int i = 0; i < 100000; i++) {
        uint64_t p = random_set(&x, &seed), q = random_set(&y, &seed);
        spans_union(&out, &x, &y);
        assert_true(bits_of(&out) == (p | q));
        spans_intersect(&out, &x, &y);
        assert_true(bits_of(&out) == (p & q));
        spans_subtract(&out, &x, &y);
        assert_true(bits_of(&out) == (p & ~q));
        check_questions(&out, p & ~q, &seed);
        assert_true(bits_of(&x) == p && bits_of(&y) == q);
    }
    spans_end(&x), spans_end(&y), spans_end(&out);
}

static void a_set_meets_itself(void **state)
{
    (void)state;
    struct spans x, out;
    spans_init(&x), spans_init(&out);
    spans_add(&x, 1, 3);
    spans_add(&x, 5, 9);
    spans_union(&out, &x, &x);
    assert_true(bits_of(&out) == bits_of(&x));
    spans_intersect(&out, &x, &x);
    assert_true(bits_of(&out) == bits_of(&x));
    spans_subtract(&out, &x, &x);
    assert_int_equal(out.n, 0);
    spans_end(&x), spans_end(&out);
}

static void touching_intervals_are_one(void **state)
{
    (void)state;
    struct spans s;
    spans_init(&s);
    spans_add(&s, 10, 20);
    spans_add(&s, 0, 10);
    spans_add(&s, 20, 30);
    spans_add(&s, 40, 40);
    spans_add(&s, 50, 45);
    assert_int_equal(s.n, 1);
    assert_true(spans_cover(&s, 0, 30) && !spans_cover(&s, 0, 31));
    assert_true(!spans_touch(&s, 30, 31) && !spans_touch(&s, -1, 0));
    assert_true(!spans_cover(&s, 5, 5) && !spans_touch(&s, 5, 5));
    spans_end(&s);
}

static void all_integers_are_allowed(void **state)
{
    (void)state;
    struct spans all, most, out;
    spans_init(&all), spans_init(&most), spans_init(&out);
    spans_add(&all, INT64_MIN, INT64_MAX);
    assert_int_equal(spans_total(&all), INT64_MAX);
    assert_true(spans_cover(&all, INT64_MIN, INT64_MAX));
    assert_true(spans_touch(&all, INT64_MAX - 1, INT64_MAX));
    assert_false(spans_touch(&all, INT64_MAX, INT64_MAX));
    spans_add(&most, INT64_MIN, 0);
    spans_subtract(&out, &all, &most);
    assert_int_equal(out.n, 1);
    assert_true(out.at[0].a == 0 && out.at[0].b == INT64_MAX);
    spans_end(&all), spans_end(&most), spans_end(&out);
}

static void empty_sets_need_no_memory(void **state)
{
    (void)state;
    struct spans x, y, out;
    spans_init(&x), spans_init(&y), spans_init(&out);
    spans_union(&out, &x, &y);
    spans_intersect(&out, &x, &y);
    spans_subtract(&out, &x, &y);
    assert_false(spans_cover(&x, 0, 1) || spans_touch(&x, 0, 1));
    assert_null(out.at);
    assert_int_equal(loads_peak(NULL, 0, 0, 10), 0);
}

static int64_t peak_by_counting(const struct load *l, size_t n, int64_t a, int64_t b)
{
    int64_t peak = 0;
    for (int64_t t = a; t < b; t++) {
        int64_t level = 0;
        for (size_t i = 0; i < n; i++)
            level += l[i].a <= t && t < l[i].b ? l[i].units : 0;
        peak = level > peak ? level : peak;
    }
    return peak;
}

static void the_peak_is_found(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 100000; i++) {
        struct load l[12];
        size_t n = next_random(&seed) % (sizeof(l) / sizeof(*l));
        for (size_t k = 0; k < n; k++) {
            int64_t a = (int64_t)(next_random(&seed) % 40);
            l[k] = (struct load){a, a + (int64_t)(next_random(&seed) % 12),
                                 (int64_t)(next_random(&seed) % 4)};
        }
        int64_t a = (int64_t)(next_random(&seed) % 40);
        int64_t b = a + (int64_t)(next_random(&seed) % 20);
        int64_t expected = peak_by_counting(l, n, a, b);
        assert_int_equal(loads_peak(l, n, a, b), expected);
        assert_int_equal(loads_peak(l, n, a, b),
                         expected); /* all loads are still there */
    }
}

static void loads_that_never_meet_do_not_add_up(void **state)
{
    (void)state;
    struct load l[] = {{0, 10, 2}, {10, 20, 2}, {20, 30, 3}};
    assert_int_equal(loads_peak(l, 3, 0, 30), 3);
    assert_int_equal(loads_peak(l, 3, 0, 20), 2);
    assert_int_equal(loads_peak(l, 3, 30, 40), 0);
    assert_int_equal(loads_peak(l, 3, 20, 10), 0);
}

static void loads_below_one_unit_do_not_count(void **state)
{
    (void)state;
    struct load l[] = {{0, 10, 5}, {0, 10, -3}, {2, 4, 0}, {3, 5, 1}};
    assert_int_equal(loads_peak(l, 4, 0, 10), 6);
}

static void absurd_loads_do_not_overflow(void **state)
{
    (void)state;
    struct load l[] = {{0, 10, INT64_MAX}, {0, 5, INT64_MAX}, {6, 9, -7}, {7, 9, 0}};
    assert_int_equal(loads_peak(l, 4, INT64_MIN, INT64_MAX), INT64_MAX);
    assert_int_equal(loads_peak(l, 4, 6, 8), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_behave_like_bits),
        cmocka_unit_test(a_set_meets_itself),
        cmocka_unit_test(touching_intervals_are_one),
        cmocka_unit_test(all_integers_are_allowed),
        cmocka_unit_test(empty_sets_need_no_memory),
        cmocka_unit_test(the_peak_is_found),
        cmocka_unit_test(loads_that_never_meet_do_not_add_up),
        cmocka_unit_test(loads_below_one_unit_do_not_count),
        cmocka_unit_test(absurd_loads_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
