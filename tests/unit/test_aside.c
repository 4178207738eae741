#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "aside.h"

struct errand {
    struct aside *a;
    pthread_mutex_t gate; /* held: `run` waits */
    pthread_t on;
    atomic_int begun, ran, done;
};

static void run(void *ctx)
{
    struct errand *e = ctx;
    e->on = pthread_self();
    atomic_fetch_add(&e->begun, 1);
    pthread_mutex_lock(&e->gate);
    pthread_mutex_unlock(&e->gate);
    atomic_fetch_add(&e->ran, 1);
}

static void done(void *ctx)
{
    struct errand *e = ctx;
    if (pthread_equal(e->on, pthread_self()) &&
        atomic_load(&e->ran) > atomic_load(&e->done))
        atomic_fetch_add(&e->done, 1); /* behind `run`, on the same thread */
}

static void wait_for(atomic_int *n, int value)
{
    while (atomic_load(n) < value)
        sched_yield();
}

static void one_runs_at_a_time_on_its_own_thread(void **state)
{
    struct errand e = {.a = aside_new(), .gate = PTHREAD_MUTEX_INITIALIZER},
                  other = {.gate = PTHREAD_MUTEX_INITIALIZER};
    (void)state;
    pthread_mutex_lock(&e.gate);
    assert_int_equal(aside_run(e.a, run, done, &e), 0);
    wait_for(&e.begun, 1);
    assert_int_equal(aside_run(e.a, run, done, &other), ERR_BUSY);
    assert_int_equal(atomic_load(&other.begun), 0);
    assert_int_equal(atomic_load(&e.ran), 0); /* who asked went on meanwhile */
    pthread_mutex_unlock(&e.gate);
    wait_for(&e.done, 1);
    assert_false(pthread_equal(e.on, pthread_self()));
    assert_int_equal(aside_run(e.a, run, done, &other),
                     0); /* what is done is not busy */
    wait_for(&other.done, 1);
    aside_free(e.a);
}

static void the_end_waits_for_what_runs(void **state)
{
    struct errand e = {.a = aside_new(), .gate = PTHREAD_MUTEX_INITIALIZER};
    (void)state;
    assert_int_equal(aside_run(e.a, run, done, &e), 0);
    aside_free(e.a);
    assert_int_equal(atomic_load(&e.done), 1);
    aside_free(aside_new()); /* nothing ever ran */
    aside_free(NULL);
}

/* ---- many at once ---- */

enum { CALLERS = 4, EACH = 200 };

struct crowd {
    struct aside *a;
    atomic_int inside, most, ran, taken;
};

static void crowd_run(void *ctx)
{
    struct crowd *c = ctx;
    int now = atomic_fetch_add(&c->inside, 1) + 1, most = atomic_load(&c->most);
    while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
        ;
    atomic_fetch_add(&c->ran, 1);
    atomic_fetch_sub(&c->inside, 1);
}

static void crowd_done(void *ctx)
{
    (void)ctx;
}

static void *press(void *ctx)
{
    struct crowd *c = ctx;
    for (int i = 0; i < EACH; i++)
        if (aside_run(c->a, crowd_run, crowd_done, c) == 0)
            atomic_fetch_add(&c->taken, 1);
    return NULL;
}

static void whoever_is_taken_is_run_and_never_two_at_once(void **state)
{
    struct crowd c = {.a = aside_new()};
    pthread_t threads[CALLERS];
    (void)state;
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, press, &c), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    aside_free(c.a);
    assert_true(atomic_load(&c.taken) > 0);
    assert_int_equal(atomic_load(&c.ran), atomic_load(&c.taken));
    assert_int_equal(atomic_load(&c.most), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_runs_at_a_time_on_its_own_thread),
        cmocka_unit_test(the_end_waits_for_what_runs),
        cmocka_unit_test(whoever_is_taken_is_run_and_never_two_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
