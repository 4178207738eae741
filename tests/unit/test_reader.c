#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "writer_bench.h"

struct fixture {
    struct bench *b;
    struct reader *r;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->b = bench_new();
    bench_start(f->b, 0, 1024, 1000);
    assert_int_equal(reader_open(&f->r, f->b->at.path, f->b->w, NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    reader_close(f->r);
    bench_free(f->b);
    free(f);
    return 0;
}

static struct db *fresh(struct reader *r)
{
    struct db *db;
    assert_int_equal(reader_fresh(r, &db), 0);
    return db;
}

static int64_t count(struct db *db)
{
    return scratch_one(db, "SELECT count(*) FROM item") - 1;
}

static void put(struct bench *b, int id)
{
    struct job j = {.id = id};
    assert_int_equal(bench_queue(b, &j), 0);
    bench_wait(b);
    assert_int_equal(j.w.result, 0);
}

static void each_acknowledged_commit_is_seen(void **state)
{
    struct fixture *f = *state;
    for (int i = 1; i <= 200; i++) {
        put(f->b, i);
        assert_int_equal(count(fresh(f->r)), i);
        if (i % 3 == 0)
            reader_rest(f->r);
    }
}

/* Several workers, each with its own writes, all at once. */
struct worker {
    pthread_t thread;
    struct fixture *f;
    int first;
};

static void done_quietly(struct write *w)
{
    bench_less(((struct job *)w)->b);
}

static void *work(void *arg)
{
    struct worker *p = arg;
    struct bench own = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .moved = PTHREAD_COND_INITIALIZER};
    struct reader *r;
    char sql[80];
    if (reader_open(&r, p->f->b->at.path, p->f->b->w, NULL))
        abort();
    for (int i = 0; i < 100; i++) {
        struct job j = {
            .b = &own, .w = {.run = job_run, .done = done_quietly}, .id = p->first + i};
        own.pending = 1;
        if (writer_queue(p->f->b->w, &j.w))
            abort();
        bench_wait(&own);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM item WHERE id = %d", j.id);
        struct db *db;
        if (reader_fresh(r, &db) || scratch_one(db, sql) != 1)
            abort();
    }
    reader_close(r);
    return NULL;
}

static void each_worker_sees_its_own(void **state)
{
    struct fixture *f = *state;
    struct worker p[4];
    for (int i = 0; i < 4; i++) {
        p[i] = (struct worker){.f = f, .first = 10000 * (i + 1)};
        assert_int_equal(pthread_create(&p[i].thread, NULL, work, &p[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(p[i].thread, NULL);
    assert_int_equal(count(fresh(f->r)), 400);
}

static void a_snapshot_is_used_again_within_a_turn(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(count(fresh(f->r)), 0);
    assert_int_equal(reader_begins(f->r), 1);
    put(f->b, 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(count(fresh(f->r)), 1);
    assert_int_equal(reader_begins(f->r), 2);
    reader_rest(f->r);
    reader_rest(f->r);
    assert_int_equal(count(fresh(f->r)), 1);
    assert_int_equal(reader_begins(f->r), 3);
}

static void a_snapshot_stands_still(void **state)
{
    struct fixture *f = *state;
    struct db *db = fresh(f->r);
    assert_int_equal(count(db), 0);
    put(f->b, 1);
    assert_int_equal(count(db), 0); /* nobody asked for a fresh one */
    assert_int_equal(count(fresh(f->r)), 1);
}

static void rest_lets_go(void **state)
{
    struct fixture *f = *state;
    struct db *db = fresh(f->r);
    struct stmt *s;
    assert_int_equal(db_prepare(db, STR("SELECT id FROM item"), &s), 0);
    assert_int_equal(stmt_step(s), 1); /* and forgotten */
    put(f->b, 1);
    reader_rest(f->r);
    assert_false(db_in_transaction(db));
    struct db *other = scratch_open(&f->b->at, DB_WRITE, NULL);
    assert_int_equal(db_checkpoint(other, true), 0); /* nobody is in its way */
    db_close(other);
    stmt_done(s);
    assert_int_equal(count(fresh(f->r)), 1);
}

static int charge_nothing_left(void *ctx, int n)
{
    (void)ctx, (void)n;
    return 1;
}

static void fresh_means_without_fence_and_budget(void **state)
{
    struct fixture *f = *state;
    static const struct fence nothing = {.ddl = false};
    struct db *db = fresh(f->r);
    db_fence(db, &nothing);
    db_budget(db, charge_nothing_left, NULL);
    put(f->b, 1);
    db = fresh(f->r);
    assert_int_equal(
        scratch_one(db, "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x+1 "
                        "FROM t WHERE x < 9999) SELECT max(x) FROM t"),
        9999);
    assert_int_equal(count(db), 1);
}

static void it_cannot_write(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_exec(fresh(f->r), "INSERT INTO item(id) VALUES (1)"),
                     ERR_DENIED);
}

static void it_needs_a_store(void **state)
{
    struct fixture *f = *state;
    struct reader *r;
    struct buf why;
    buf_init(&why);
    assert_int_equal(reader_open(&r, "/nowhere/at/all.db", f->b->w, &why),
                     ERR_NOT_FOUND);
    assert_null(r);
    assert_true(why.n > 0);
    buf_end(&why);
}

/* Queues until the gate has been seen up; how many items there are then. Once is enough
 * unless this thread sleeps through all of a checkpoint. */
static int put_until_the_gate_is_up(struct bench *b)
{
    int id = 0;
    for (int i = 0; !writer_gate(b->w); i++) {
        if (i % 20000 == 0)
            put(b, ++id);
        usleep(50);
    }
    return id;
}

/* A snapshot of somebody who does not look at the gate keeps a checkpoint waiting;
 * while it waits, a reader drops its own and begins none. */
static void at_the_gate_it_waits(void **state)
{
    struct fixture *f = *state;
    reader_close(f->r);
    writer_free(f->b->w);
    bench_start(f->b, 0, 1024, 1); /* a checkpoint after each group */
    assert_int_equal(reader_open(&f->r, f->b->at.path, f->b->w, NULL), 0);
    struct db *rude = scratch_open(&f->b->at, DB_READ, NULL);
    assert_int_equal(db_begin(rude), 0);
    assert_int_equal(count(rude), 0);
    assert_int_equal(count(fresh(f->r)), 0);
    int n = put_until_the_gate_is_up(f->b);
    assert_int_equal(count(fresh(f->r)), n);
    assert_false(writer_gate(f->b->w));
    db_close(rude);
}

/* What the checkpoint waits for may be the reader's own snapshot. */
static void at_the_gate_it_lets_go(void **state)
{
    struct fixture *f = *state;
    struct writer_stats stats;
    reader_close(f->r);
    writer_free(f->b->w);
    bench_start(f->b, 0, 1024, 1);
    assert_int_equal(reader_open(&f->r, f->b->at.path, f->b->w, NULL), 0);
    assert_int_equal(count(fresh(f->r)), 0);
    int n = put_until_the_gate_is_up(f->b);
    assert_int_equal(count(fresh(f->r)), n);
    reader_rest(f->r);
    writer_stop(f->b->w);
    writer_stats(f->b->w, &stats);
    assert_int_equal(stats.checkpoints, 2); /* this one, and that of the end */
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_acknowledged_commit_is_seen),
        T(each_worker_sees_its_own),
        T(a_snapshot_is_used_again_within_a_turn),
        T(a_snapshot_stands_still),
        T(rest_lets_go),
        T(fresh_means_without_fence_and_budget),
        T(it_cannot_write),
        T(it_needs_a_store),
        T(at_the_gate_it_waits),
        T(at_the_gate_it_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
