#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "writer_bench.h"

enum { MANY = 200, THREADS = 4 };

static int set_up(void **state)
{
    struct bench *b = bench_new();
    bench_start(b, 0, 1024, 1000);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    bench_free(*state);
    return 0;
}

static int64_t items(struct bench *b)
{
    return scratch_one(b->witness, "SELECT count(*) FROM item") - 1;
}

static struct writer_stats stats(struct bench *b)
{
    struct writer_stats s;
    writer_stats(b->w, &s);
    return s;
}

/* Queues MANY from each of some threads, as fast as the queue takes them. */
struct producer {
    pthread_t thread;
    struct bench *b;
    struct job jobs[MANY];
    int first;
};

static void *produce(void *arg)
{
    struct producer *p = arg;
    for (int i = 0; i < MANY; i++) {
        p->jobs[i].id = p->first + i;
        while (bench_queue(p->b, &p->jobs[i]) == ERR_BUSY)
            sched_yield();
    }
    return NULL;
}

static void load(struct bench *b)
{
    struct producer *all = calloc(THREADS, sizeof(*all));
    for (int t = 0; t < THREADS; t++) {
        all[t].b = b;
        all[t].first = 10000 * (t + 1);
        assert_int_equal(pthread_create(&all[t].thread, NULL, produce, &all[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(all[t].thread, NULL);
    bench_wait(b);
    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < MANY; i++) {
            const struct job *j = &all[t].jobs[i];
            assert_int_equal(j->w.result, 0);
            assert_int_equal(j->runs, 1);
            assert_int_equal(j->dones, 1);
            assert_true(j->seen); /* it was in the file before it was told */
        }
    free(all);
    assert_int_equal(items(b), MANY * THREADS);
}

static void load_makes_groups(void **state)
{
    struct bench *b = *state;
    load(b);
    assert_int_equal(stats(b).members, MANY * THREADS);
    assert_true(stats(b).groups * 2 < stats(b).members);
    assert_int_equal(stats(b).groups, writer_commits(b->w));
    assert_int_equal(stats(b).reruns, 0);
}

static void one_a_commit_when_asked(void **state)
{
    struct bench *b = *state;
    writer_free(b->w);
    bench_start(b, 1, 1024, 1000);
    load(b);
    assert_int_equal(stats(b).members, MANY * THREADS);
    assert_int_equal(stats(b).groups, MANY * THREADS);
}

static void groups_have_at_most_so_many(void **state)
{
    struct bench *b = *state;
    struct job jobs[10] = {{.id = 1}};
    for (int i = 0; i < 10; i++)
        jobs[i].id = i + 1;
    writer_free(b->w);
    bench_start(b, 4, 1024, 1000);
    bench_group(b, jobs, 10);
    assert_int_equal(writer_commits(b->w), 3);
    assert_int_equal(items(b), 10);
}

static void the_queue_is_bounded(void **state)
{
    struct bench *b = *state;
    struct job plug, jobs[6] = {{.id = 0}};
    writer_free(b->w);
    bench_start(b, 0, 5, 1000);
    bench_plug(b, &plug);
    for (int i = 0; i < 5; i++) {
        jobs[i].id = i + 1;
        assert_int_equal(bench_queue(b, &jobs[i]), 0);
    }
    jobs[5].id = 6;
    assert_int_equal(bench_queue(b, &jobs[5]), ERR_BUSY);
    bench_pull(b);
    bench_wait(b);
    assert_int_equal(jobs[5].dones, 0); /* refused: it was never the writer's */
    assert_int_equal(bench_queue(b, &jobs[5]), 0);
    bench_wait(b);
    assert_int_equal(items(b), 6);
}

static void stopping_finishes_what_is_queued(void **state)
{
    struct bench *b = *state;
    struct job plug, jobs[20] = {{.id = 0}}, late = {.id = 99};
    bench_plug(b, &plug);
    for (int i = 0; i < 20; i++) {
        jobs[i].id = i + 1;
        assert_int_equal(bench_queue(b, &jobs[i]), 0);
    }
    bench_pull(b);
    writer_stop(b->w);
    for (int i = 0; i < 20; i++)
        assert_true(jobs[i].dones == 1 && jobs[i].w.result == 0);
    assert_int_equal(bench_queue(b, &late), ERR_CLOSED);
    assert_int_equal(items(b), 20);
    writer_stop(b->w); /* twice is fine */
}

static void one_that_fails_alone_disturbs_nobody(void **state)
{
    struct bench *b = *state;
    struct job jobs[] = {{.id = 1},
                         {.id = 1}, /* the key is taken, by a neighbour */
                         {.id = 2, .sql = "INSERT INTO item(id) VALUES (2); nonsense"},
                         {.id = 3}};
    bench_group(b, jobs, 4);
    assert_int_equal(jobs[0].w.result, 0);
    assert_int_equal(jobs[1].w.result, ERR_EXISTS);
    assert_int_equal(jobs[2].w.result, ERR_INVALID);
    assert_int_equal(jobs[3].w.result, 0);
    assert_false(jobs[2].seen);
    assert_int_equal(items(b), 2);
    assert_int_equal(writer_commits(b->w), 1);
    assert_int_equal(stats(b).members, 2);
    assert_int_equal(stats(b).reruns, 0);
}

static void nothing_to_keep_is_no_commit(void **state)
{
    struct bench *b = *state;
    struct job jobs[] = {{.id = 1000}, {.id = 1000}};
    bench_group(b, jobs, 2);
    assert_int_equal(bench_do(b, "nonsense"), ERR_INVALID);
    assert_int_equal(jobs[0].w.result, ERR_EXISTS);
    assert_int_equal(writer_commits(b->w), 0);
    assert_int_equal(bench_do(b, "SELECT 1"), 0);
    assert_int_equal(writer_commits(b->w), 1);
}

static void bookkeeping_changes_nothing(void **state)
{
    struct bench *b = *state;
    struct job quiet = {.w.bookkeeping = true, .id = 1},
               both[] = {{.w.bookkeeping = true, .id = 2}, {.id = 3}},
               failed[] = {{.w.bookkeeping = true, .id = 4}, {.id = 3}};
    bench_group(b, &quiet, 1);
    assert_int_equal(writer_commits(b->w), 1);
    assert_int_equal(writer_changes(b->w), 0);
    bench_group(b, both, 2);
    assert_int_equal(writer_commits(b->w), 2);
    assert_int_equal(writer_changes(b->w), 1);
    bench_group(b, failed, 2); /* of which only the bookkeeping stands */
    assert_int_equal(failed[1].w.result, ERR_EXISTS);
    assert_int_equal(writer_commits(b->w), 3);
    assert_int_equal(writer_changes(b->w), 1);
    assert_int_equal(bench_do(b, "SELECT 1"), 0);
    assert_int_equal(writer_changes(b->w), 2);
    assert_int_equal(items(b), 4);
}

/* A fence, a budget or a cursor that one member leaves behind is not the next one's. */
static int charge_never(void *ctx, int n)
{
    (void)ctx, (void)n;
    return 1;
}

static void leave_a_mess(struct job *j, struct db *db)
{
    static const struct fence nothing = {.ddl = false};
    struct stmt *s;
    if (db_prepare(db, STR("INSERT INTO item(id) VALUES (?) RETURNING id"), &s))
        abort();
    stmt_int(s, 1, j->id + 100);
    if (stmt_step(s) != 1)
        abort();
    db_fence(db, &nothing);
    db_budget(db, charge_never, NULL);
}

static void members_clean_up_after_each_other(void **state)
{
    struct bench *b = *state;
    struct job jobs[] = {{.id = 1, .before = leave_a_mess, .hide = true},
                         {.id = 2},
                         {.id = 3, .before = leave_a_mess, .hide = true}};
    bench_group(b, jobs, 3); /* the fence refuses 1 and 3 themselves */
    assert_int_equal(items(b), 3);
    assert_int_equal(writer_commits(b->w), 1);
    assert_int_equal(stats(b).reruns, 0);
}

static void each_group_begins_with_a_turn(void **state)
{
    struct bench *b = *state;
    struct job jobs[] = {{.id = 1}, {.id = 2}, {.id = 3}};
    bench_group(b, jobs, 3);
    assert_int_equal(b->turns, 2); /* the plug's and theirs */
    usleep(20000);
    assert_int_equal(b->turns, 2); /* nothing turns while there is nothing to do */
    assert_int_equal(bench_do(b, "SELECT 1"), 0);
    assert_int_equal(b->turns, 3);
}

static void starting_says_why_not(void **state)
{
    struct bench *b = *state;
    struct writer *w;
    struct buf why;
    buf_init(&why);
    struct writer_options o = {.path = "/nowhere/at/all.db", .queue_max = 1};
    assert_int_equal(writer_start(&w, &o, &why), ERR_NOT_FOUND);
    assert_true(why.n > 0);
    assert_null(w);
    buf_end(&why);
    (void)b;
}

/* ---- the WAL ---- */

enum { FAT = 100000, BOUND = 16 << 20 };

struct browser {
    pthread_t thread;
    struct bench *b;
    struct reader *r;
    atomic_bool stop;
};

/* A worker that is never idle: its snapshots touch each other. */
static void *browse(void *arg)
{
    struct browser *p = arg;
    struct db *db;
    while (!p->stop) {
        if (reader_fresh(p->r, &db))
            abort();
        scratch_one(db, "SELECT count(*) FROM item");
        usleep(500);
        scratch_one(db, "SELECT max(id) FROM item");
        reader_rest(p->r);
    }
    return NULL;
}

static void behind_the_gate_the_wal_stays_small(void **state)
{
    struct bench *b = *state;
    struct browser p[2] = {{.b = b}, {.b = b}};
    int64_t most = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(reader_open(&p[i].r, b->at.path, b->w, NULL), 0);
        assert_int_equal(pthread_create(&p[i].thread, NULL, browse, &p[i]), 0);
    }
    for (int i = 0; i < 400; i++) {
        assert_int_equal(bench_do(b, "REPLACE INTO item VALUES (1, zeroblob(100000))"),
                         0);
        int64_t now = scratch_wal_bytes(&b->at);
        most = now > most ? now : most;
    }
    for (int i = 0; i < 2; i++) {
        p[i].stop = true;
        pthread_join(p[i].thread, NULL);
        reader_close(p[i].r);
    }
    assert_true(stats(b).checkpoints > 0);
    assert_true(most > 1000 * 4096); /* it did get to the mark */
    assert_true(most < BOUND);
    assert_true(stats(b).wal_bytes <= most);
}

/* What the gate is for: two readers whose snapshots overlap, a checkpoint after every
 * commit, and the log only grows. */
static void without_the_gate_it_grows(void **state)
{
    struct bench *b = *state;
    writer_stop(b->w);
    struct db *db = scratch_open(&b->at, DB_WRITE, NULL);
    struct db *readers[2] = {scratch_open(&b->at, DB_READ, NULL),
                             scratch_open(&b->at, DB_READ, NULL)};
    for (int i = 0; i < BOUND / FAT + 10; i++) {
        struct db *r = readers[i % 2];
        assert_int_equal(db_exec(db, "REPLACE INTO item VALUES (1, zeroblob(100000))"),
                         0);
        db_rollback(r); /* the other one still holds its snapshot */
        assert_int_equal(db_begin(r), 0);
        assert_true(scratch_one(r, "SELECT count(*) FROM item") >= 1);
        if (db_wal_frames(db) > 1000)
            assert_int_equal(db_checkpoint(db, false), 0);
    }
    assert_true(scratch_wal_bytes(&b->at) > BOUND);
    db_close(readers[0]);
    db_close(readers[1]);
    db_close(db);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(load_makes_groups),
        T(one_a_commit_when_asked),
        T(groups_have_at_most_so_many),
        T(the_queue_is_bounded),
        T(stopping_finishes_what_is_queued),
        T(one_that_fails_alone_disturbs_nobody),
        T(nothing_to_keep_is_no_commit),
        T(bookkeeping_changes_nothing),
        T(members_clean_up_after_each_other),
        T(each_group_begins_with_a_turn),
        T(starting_says_why_not),
        T(behind_the_gate_the_wal_stays_small),
        T(without_the_gate_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
