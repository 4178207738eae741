#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "guard/keyring.h"
#include "guard/tally.h"

static struct key keys[5000];

static struct cell cell(int key, uint32_t minute, int route, enum outcome o)
{
    return (struct cell){.key = &keys[key],
                         .minute = minute,
                         .route = (uint16_t)route,
                         .outcome = (uint16_t)o,
                         .n = 1,
                         .cost = o != OUTCOME_REFUSED};
}

static const struct cell *find(struct tally *t, struct cell want)
{
    for (size_t i = 0; i < tally_places(t); i++) {
        const struct cell *c = tally_at(t, i);
        if (c->key == want.key && c->minute == want.minute && c->route == want.route &&
            c->outcome == want.outcome)
            return c;
    }
    return NULL;
}

static uint64_t sum(struct tally *t)
{
    uint64_t n = 0;
    for (size_t i = 0; i < tally_places(t); i++)
        n += tally_at(t, i)->key ? tally_at(t, i)->n : 0;
    return n;
}

static void what_differs_in_anything_is_apart(void **state)
{
    (void)state;
    struct tally *t = tally_new(TALLY_MAX);
    const struct cell all[] = {
        cell(0, 7, 1, OUTCOME_2XX), cell(1, 7, 1, OUTCOME_2XX),
        cell(0, 8, 1, OUTCOME_2XX), cell(0, 7, 2, OUTCOME_2XX),
        cell(0, 7, 1, OUTCOME_4XX), cell(0, 7, 1, OUTCOME_REFUSED)};
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k <= i; k++)
            tally_add(t, &all[i]);
    assert_int_equal(tally_count(t), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(find(t, all[i])->n, i + 1);
        assert_int_equal(find(t, all[i])->cost, i < 5 ? i + 1 : 0);
    }
    tally_clear(t);
    assert_int_equal(tally_count(t), 0);
    assert_int_equal(sum(t), 0);
    tally_free(t);
    tally_free(NULL);
}

static void it_grows_and_becomes_small_again(void **state)
{
    (void)state;
    struct tally *t = tally_new(TALLY_MAX), *to = tally_new(TALLY_MAX);
    size_t first = tally_places(t);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 20000; i++) {
            struct cell c = cell(i % 5000, (uint32_t)(i / 5000), i % 3, OUTCOME_2XX);
            tally_add(t, &c);
        }
    assert_int_equal(tally_count(t), 20000);
    assert_int_equal(sum(t), 40000);
    assert_true(tally_places(t) > 20000);
    struct cell one = cell(3, 0, 0, OUTCOME_2XX);
    tally_add(to, &one);
    tally_pour(t, to);
    assert_int_equal(tally_count(t), 0);
    assert_int_equal(tally_places(t), first);
    assert_int_equal(tally_count(to), 20000);
    assert_int_equal(find(to, one)->n, 3); /* twice there, once here */
    tally_free(t);
    tally_free(to);
}

static void at_the_cap_the_lost_are_counted(void **state)
{
    (void)state;
    struct tally *t = tally_new(100), *to = tally_new(150);
    for (int i = 0; i < 130; i++) {
        struct cell c = cell(i, 0, 0, OUTCOME_2XX);
        tally_add(t, &c);
        tally_add(t, &c);
    }
    assert_int_equal(tally_count(t), 100);
    assert_int_equal(sum(t), 200); /* those that have a cell go on */
    struct cell other = cell(4000, 0, 0, OUTCOME_2XX);
    for (int i = 0; i < 60; i++, other.minute++)
        tally_add(to, &other);
    tally_pour(t, to);
    assert_int_equal(tally_count(to), 150);
    assert_int_equal(sum(to) + tally_lost(to), 60 + 260);
    assert_int_equal(tally_lost(to), 0); /* told once */
    assert_int_equal(tally_lost(t), 0);
    tally_free(t);
    tally_free(to);
}

/* No assertion on time: the number is for whoever reads the log. */
static void counting_is_cheap(void **state)
{
    (void)state;
    enum { ROUNDS = 2000000 };
    struct tally *t = tally_new(TALLY_MAX);
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (int i = 0; i < ROUNDS; i++) {
        struct cell c = cell((i * 37) % 1000, 5, i % 4, OUTCOME_2XX);
        tally_add(t, &c);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    double ns = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
    assert_int_equal(sum(t), ROUNDS);
    print_message("note: counting a request of 1,000 keys takes %.0f ns\n",
                  ns / ROUNDS);
    tally_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_in_anything_is_apart),
        cmocka_unit_test(it_grows_and_becomes_small_again),
        cmocka_unit_test(at_the_cap_the_lost_are_counted),
        cmocka_unit_test(counting_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
