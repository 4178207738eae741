#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "store/writer.h"
#include "usage_world.h"

static void routes_beyond_the_cap_are_other(void **state)
{
    struct scene *s = *state;
    char label[40];
    assert_int_equal(usage_route(s->u, STR("GET /a")), s->route[0]);
    for (int i = 0; i < USAGE_ROUTES; i++) {
        snprintf(label, sizeof(label), "GET /many/%d", i);
        s->route[1] = usage_route(s->u, str_of(label));
    }
    assert_int_equal(s->route[1], 0);
    assert_int_not_equal(usage_route(s->u, STR("GET /many/7")), 0);
    count(s, 0, 1, OUTCOME_2XX, 0, 1);
    flush(s);
    struct usage_query q = query(USAGE_DAY, 0, DAY, USAGE_BY_ROUTE);
    struct usage_row *r;
    assert_int_equal(looked(s, &q, &r), 1);
    is_row(&r[0], 0, "other", 1, 0);
}

/* ---- what is kept how long ---- */

static int64_t rows(struct scene *s, int step)
{
    char sql[80];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM usage WHERE step = %d", step);
    return scratch_one(s->db, sql);
}

static int64_t sweep(struct scene *s, int64_t now, int most)
{
    int64_t gone;
    assert_int_equal(usage_sweep(s->db, now, most, &gone), 0);
    return gone;
}

static void each_step_is_kept_its_time(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 3; i++)
        count(s, 0, 0, OUTCOME_2XX, i * MINUTE, 1);
    flush(s);
    assert_int_equal(sweep(s, 48 * HOUR, 1000), 0);
    assert_int_equal(sweep(s, 48 * HOUR + MINUTE, 1000), 1);
    assert_int_equal(rows(s, USAGE_MINUTE), 2);
    assert_int_equal(sweep(s, 50 * HOUR, 1), 1); /* no more at once than asked */
    assert_int_equal(sweep(s, 50 * HOUR, 1000), 1);
    assert_int_equal(sweep(s, 90 * DAY, 1000), 0);
    assert_int_equal(sweep(s, 90 * DAY + HOUR, 1000), 1);
    assert_int_equal(rows(s, USAGE_HOUR), 0);
    assert_int_equal(sweep(s, 730 * DAY, 1000), 0);
    assert_int_equal(scratch_one(s->db, "SELECT n FROM usage"), 3); /* of the day */
    assert_int_equal(sweep(s, 731 * DAY, 1000), 1);
    assert_int_equal(rows(s, USAGE_DAY), 0);
}

/* ---- nothing twice, nothing lost ---- */

struct press {
    struct scene *s;
    struct tally *t, *spare;
    pthread_mutex_t lock; /* as a worker's loop: it counts, or it swaps */
    int index;
    uint64_t n;
    bool stop;
};

static void *press(void *arg)
{
    struct press *p = arg;
    for (int i = 0; i < 100000; i++) {
        struct cell c = {.key = &p->s->key[(i * 7 + p->index) % KEYS],
                         .minute = (uint32_t)(i / 30000),
                         .route = p->s->route[i % 3],
                         .outcome = (uint16_t)(i % 5 == 1 ? OUTCOME_5XX : i % 5),
                         .n = 1};
        pthread_mutex_lock(&p->lock);
        tally_add(p->t, &c);
        p->n++;
        pthread_mutex_unlock(&p->lock);
    }
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Collected while they count; every third transaction fails and its counts wait. */
static void gather(struct scene *s, struct press *p, int n, int round)
{
    for (int i = 0; i < n; i++) {
        pthread_mutex_lock(&p[i].lock);
        struct tally *full = p[i].t;
        p[i].t = p[i].spare;
        p[i].spare = full;
        pthread_mutex_unlock(&p[i].lock);
        usage_collect(s->u, full);
    }
    assert_int_equal(db_begin(s->db), 0);
    assert_int_equal(usage_flush(s->u, s->db), 0);
    if (round % 3 == 0) {
        db_rollback(s->db);
        return;
    }
    assert_int_equal(db_commit(s->db), 0);
    usage_flushed(s->u);
}

static void threads_and_failures_change_no_sum(void **state)
{
    enum { N = 3 };
    struct scene *s = *state;
    struct press p[N];
    pthread_t threads[N];
    for (int i = 0; i < N; i++) {
        p[i] = (struct press){.s = s,
                              .t = tally_new(TALLY_MAX),
                              .spare = tally_new(TALLY_MAX),
                              .lock = PTHREAD_MUTEX_INITIALIZER,
                              .index = i};
        assert_int_equal(pthread_create(&threads[i], NULL, press, &p[i]), 0);
    }
    for (int round = 0, stopped = 0; stopped < N; round++) {
        gather(s, p, N, round);
        stopped = 0;
        for (int i = 0; i < N; i++) {
            pthread_mutex_lock(&p[i].lock);
            stopped += p[i].stop;
            pthread_mutex_unlock(&p[i].lock);
        }
    }
    for (int i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    gather(s, p, N, 1);
    sums_are(s, 100000 * N);
    assert_int_equal(scratch_one(s->db, "SELECT sum(n) FROM usage WHERE step = 1 AND "
                                        "outcome = 0"),
                     20000 * N);
    for (int i = 0; i < N; i++) {
        tally_free(p[i].t);
        tally_free(p[i].spare);
    }
}

static void a_restart_goes_on(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 3; i++) {
        count(s, 0, i, OUTCOME_2XX, MINUTE, 2);
        flush(s);
        usage_free(s->u);
        db_close(s->db);
        s->db = scratch_open(&s->scratch, DB_WRITE, NULL);
        s->u = usage_new(); /* other numbers for the routes in this life */
        for (int r = 2; r >= 0; r--)
            s->route[r] = usage_route(
                s->u, (struct str[]){STR("GET /a"), STR("POST /a"), STR("GET /b")}[r]);
        count(s, 0, i, OUTCOME_2XX, MINUTE, 1);
        flush(s);
    }
    sums_are(s, 9);
    struct usage_query q = query(USAGE_MINUTE, 0, HOUR, USAGE_BY_ROUTE);
    struct usage_row *r;
    assert_int_equal(looked(s, &q, &r), 3);
    is_row(&r[0], MINUTE, "GET /a", 3, 0);
}

/* ---- through the writer, with a disk that fills ---- */

struct chore {
    struct write w;
    struct usage *u;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
};

static int chore_run(struct write *w, struct db *db)
{
    return usage_flush(((struct chore *)w)->u, db);
}

static int neighbour(struct write *w, struct db *db)
{
    (void)w;
    return db_exec(db, "UPDATE organization SET plan = plan || 'x'");
}

static void chore_done(struct write *w)
{
    struct chore *c = (struct chore *)w;
    pthread_mutex_lock(&c->lock);
    if (w->run == chore_run && w->result == 0)
        usage_flushed(c->u);
    c->done = true;
    pthread_cond_signal(&c->cond);
    pthread_mutex_unlock(&c->lock);
}

static void wait_for(struct chore *c)
{
    pthread_mutex_lock(&c->lock);
    while (!c->done)
        pthread_cond_wait(&c->cond, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

static struct chore chore(struct scene *s, int (*run)(struct write *, struct db *))
{
    return (struct chore){.w = {.run = run, .done = chore_done},
                          .u = s->u,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .cond = PTHREAD_COND_INITIALIZER};
}

/* The disk says no at the nth write, wherever that is; what was counted waits and is
 * there once when it says yes again. */
static void a_full_disk_loses_nothing(void **state)
{
    struct scene *s = *state;
    struct writer *w;
    struct buf why;
    int failed = 0;
    buf_init(&why);
    db_close(s->db);
    db_fail_after(1000000, ERR_FULL); /* from here on connections can be failed */
    struct writer_options o = {
        .path = s->scratch.path, .queue_max = 10, .wal_pages = 1000};
    assert_int_equal(writer_start(&w, &o, &why), 0);
    for (int nth = 1; nth <= 20; nth++) {
        for (int i = 0; i < 30; i++)
            count(s, i % KEYS, i % 3, OUTCOME_2XX, (nth * 30 + i) * MINUTE, 1);
        usage_collect(s->u, s->t);
        db_fail_after(-nth, ERR_FULL);
        struct chore c = chore(s, chore_run), n = chore(s, neighbour);
        assert_int_equal(writer_queue(w, &c.w), 0);
        assert_int_equal(writer_queue(w, &n.w), 0);
        wait_for(&c);
        wait_for(&n);
        db_fail_after(0, 0);
        failed += c.w.result != 0;
        assert_true(usage_waiting(s->u) == 0 || c.w.result != 0);
    }
    assert_true(failed > 0);
    struct chore c = chore(s, chore_run);
    assert_int_equal(writer_queue(w, &c.w), 0);
    wait_for(&c);
    assert_int_equal(c.w.result, 0);
    writer_stop(w);
    writer_free(w);
    buf_end(&why);
    s->db = scratch_open(&s->scratch, DB_WRITE, NULL);
    sums_are(s, s->counted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(routes_beyond_the_cap_are_other),    SCENE(each_step_is_kept_its_time),
        SCENE(threads_and_failures_change_no_sum), SCENE(a_restart_goes_on),
        SCENE(a_full_disk_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
