#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>

#include "net/loop.h"

enum { TASKS = 2000, THREADS = 4 };

struct world {
    struct loop *loop;
    int turns, ran, fired, stop_at;
    int order[8];
};

static void begin(struct world *w)
{
    *w = (struct world){.stop_at = -1};
    assert_int_equal(loop_new(&w->loop), 0);
}

static void count_turn(void *ctx)
{
    struct world *w = ctx;
    w->turns++;
}

static void stop_here(void *ctx)
{
    struct world *w = ctx;
    w->turns++;
    loop_stop(w->loop);
}

struct job {
    struct loop_task task; /* first: a task is its job */
    struct world *w;
    int n;
};

static void note(struct loop_task *t)
{
    struct job *j = (struct job *)t;
    if (j->w->ran < 8)
        j->w->order[j->w->ran] = j->n;
    if (++j->w->ran == j->w->stop_at)
        loop_stop(j->w->loop);
}

static void runs_tasks_in_order(void **state)
{
    (void)state;
    struct world w;
    struct job jobs[3];
    begin(&w);
    w.stop_at = 3;
    for (int i = 0; i < 3; i++) {
        jobs[i] = (struct job){.task = {.run = note}, .w = &w, .n = i};
        loop_post(w.loop, &jobs[i].task);
    }
    loop_run(w.loop, count_turn, &w);
    for (int i = 0; i < 3; i++)
        assert_int_equal(w.order[i], i);
    assert_int_equal(w.ran, 3);
    assert_true(w.turns >= 1);
    loop_free(w.loop);
}

static void again(struct loop_task *t)
{
    struct job *j = (struct job *)t;
    if (++j->w->ran == 5)
        loop_stop(j->w->loop);
    else
        loop_post(j->w->loop, t);
}

/* Each time in a turn of its own, so that what posts itself starves nobody. */
static void a_task_may_post_itself(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct job j = {.task = {.run = again}, .w = &w};
    loop_post(w.loop, &j.task);
    loop_run(w.loop, count_turn, &w);
    assert_int_equal(w.ran, 5);
    assert_true(w.turns >= 5);
    loop_free(w.loop);
}

struct poster {
    pthread_t thread;
    struct world *w;
    struct job jobs[TASKS];
    int seen; /* how many of its tasks ran, in their order */
    bool disorder;
};

static void note_of_many(struct loop_task *t)
{
    struct job *j = (struct job *)t;
    struct poster *p =
        (struct poster *)(void *)((char *)(j - j->n) - offsetof(struct poster, jobs));
    p->disorder |= p->seen++ != j->n;
    if (++j->w->ran == TASKS * THREADS)
        loop_stop(j->w->loop);
}

static void *post_many(void *ctx)
{
    struct poster *p = ctx;
    for (int i = 0; i < TASKS; i++) {
        p->jobs[i] = (struct job){.task = {.run = note_of_many}, .w = p->w, .n = i};
        loop_post(p->w->loop, &p->jobs[i].task);
    }
    return NULL;
}

static void loses_no_task_of_other_threads(void **state)
{
    (void)state;
    static struct poster posters[THREADS];
    struct world w;
    begin(&w);
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.w = &w};
        assert_int_equal(
            pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
    }
    loop_run(w.loop, NULL, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_false(posters[i].disorder);
    }
    assert_int_equal(w.ran, TASKS * THREADS);
    loop_free(w.loop);
}

static void what_was_posted_before_stop_runs(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct job j = {.task = {.run = note}, .w = &w};
    loop_stop(w.loop);
    loop_post(w.loop, &j.task);
    loop_run(w.loop, count_turn, &w); /* stops before its first turn */
    assert_int_equal(w.ran, 1);
    loop_post(w.loop, &j.task);
    loop_run(w.loop, stop_here, &w); /* and runs again */
    assert_int_equal(w.ran, 2);
    loop_free(w.loop);
}

struct alarm {
    struct world *w;
    struct loop_timer *timer;
    int n;
};

static void fire(void *ctx)
{
    struct alarm *a = ctx;
    a->w->order[a->w->fired] = a->n;
    if (++a->w->fired == a->w->stop_at)
        loop_stop(a->w->loop);
}

static void timers_fire_once_in_order(void **state)
{
    (void)state;
    struct world w;
    struct alarm a[4];
    static const int64_t in_ms[] = {40, 1, 20, 0};
    begin(&w);
    for (int i = 0; i < 4; i++) {
        a[i] = (struct alarm){.w = &w, .n = i};
        assert_int_equal(loop_timer_new(&a[i].timer, w.loop, fire, &a[i]), 0);
        loop_timer_set(a[i].timer, in_ms[i]);
    }
    loop_timer_set(a[1].timer, 60); /* moved */
    loop_timer_cancel(a[3].timer);
    loop_timer_set(a[2].timer, -7); /* now */
    w.stop_at = 3;
    loop_run(w.loop, NULL, NULL);
    assert_int_equal(w.fired, 3);
    assert_int_equal(w.order[0], 2);
    assert_int_equal(w.order[1], 0);
    assert_int_equal(w.order[2], 1);
    for (int i = 0; i < 4; i++)
        loop_timer_free(a[i].timer);
    loop_timer_free(NULL);
    loop_free(w.loop);
}

static void set_itself(void *ctx)
{
    struct alarm *a = ctx;
    if (++a->w->fired == 3)
        loop_stop(a->w->loop);
    else
        loop_timer_set(a->timer, 0);
}

/* A timer of 0 set from a timer waits for the next turn. */
static void turns_lie_between(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct alarm a = {.w = &w};
    assert_int_equal(loop_timer_new(&a.timer, w.loop, set_itself, &a), 0);
    loop_timer_set(a.timer, 0);
    loop_run(w.loop, count_turn, &w);
    assert_true(w.turns >= 3);
    loop_timer_free(a.timer);
    loop_free(w.loop);
}

static void *stop_it(void *ctx)
{
    loop_stop(ctx);
    return NULL;
}

static void stops_from_another_thread(void **state)
{
    (void)state;
    struct world w;
    pthread_t t;
    begin(&w);
    assert_non_null(loop_base(w.loop));
    assert_int_equal(pthread_create(&t, NULL, stop_it, w.loop), 0);
    loop_run(w.loop, NULL, NULL);
    pthread_join(t, NULL);
    loop_free(w.loop);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_tasks_in_order),
        cmocka_unit_test(a_task_may_post_itself),
        cmocka_unit_test(loses_no_task_of_other_threads),
        cmocka_unit_test(what_was_posted_before_stop_runs),
        cmocka_unit_test(timers_fire_once_in_order),
        cmocka_unit_test(turns_lie_between),
        cmocka_unit_test(stops_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
