/* What a savepoint does not contain. In the middle of a group one member ends the whole
 * transaction; the others must come out as if it had never been there, and what
 * everybody was told must be what is in the file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "writer_bench.h"

static int set_up(void **state)
{
    struct bench *b = bench_new();
    bench_start(b, 0, 1024, 1000);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    db_fail_after(0, 0);
    bench_free(*state);
    return 0;
}

static uint64_t reruns(struct bench *b)
{
    struct writer_stats s;
    writer_stats(b->w, &s);
    return s.reruns;
}

static bool there(struct db *db, int id)
{
    char sql[80];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM item WHERE id = %d", id);
    return scratch_one(db, sql) == 1;
}

/* ---- members that take the group down ---- */

static int charge_little(void *ctx, int n)
{
    (void)ctx, (void)n;
    return 1;
}

static void on_a_budget(struct job *j, struct db *db)
{
    (void)j;
    db_budget(db, charge_little, NULL);
}

static void on_a_full_disk(struct job *j, struct db *db)
{
    (void)j;
    if (db_exec(db, "PRAGMA max_page_count=1"))
        abort();
}

/* With next to no cache the pages of a large write go to the WAL before the COMMIT. */
static void on_a_disk_that_fails(struct job *j, struct db *db)
{
    if (db_exec(db, "PRAGMA cache_size=1"))
        abort();
    db_fail_after(2, j->id == 31 ? ERR_FULL : ERR_IO);
}

#define FAT_INSERT                                                                    \
    "INSERT INTO item WITH RECURSIVE t(x) AS (SELECT 5000 UNION ALL SELECT x+1 FROM " \
    "t "                                                                              \
    "WHERE x < 5500) SELECT x, zeroblob(3000) FROM t"

/* Without a statement journal: with one, FULL would undo just the statement. */
#define FAT_UPDATE "UPDATE item SET fat = zeroblob(3000000) WHERE id = 1000"

static const struct {
    const char *name, *sql;
    void (*before)(struct job *j, struct db *db);
    int id, err;
} culprits[] = {
    {"its own COMMIT", "INSERT INTO item(id) VALUES (30); COMMIT", NULL, 30,
     ERR_DENIED},
    {"its own END and BEGIN", "INSERT INTO item(id) VALUES (30); END; BEGIN", NULL, 30,
     ERR_DENIED},
    {"its own ROLLBACK", "INSERT INTO item(id) VALUES (30); ROLLBACK", NULL, 30,
     ERR_DENIED},
    {"its own ROLLBACK and BEGIN", "ROLLBACK; BEGIN; INSERT INTO item(id) VALUES (30)",
     NULL, 30, ERR_DENIED},
    {"the savepoint released", "INSERT INTO item(id) VALUES (30); RELEASE member", NULL,
     30, ERR_INVALID},
    {"OR ROLLBACK", "INSERT OR ROLLBACK INTO item(id) VALUES (30), (1000)", NULL, 30,
     ERR_EXISTS},
    {"RAISE(ROLLBACK)", "INSERT INTO item(id) VALUES (30), (-1)", NULL, 30,
     ERR_CONSTRAINT},
    {"interrupted", FAT_INSERT, on_a_budget, 30, ERR_BUDGET},
    {"full", FAT_UPDATE, on_a_full_disk, 30, ERR_FULL},
    {"full, by the VFS", FAT_INSERT, on_a_disk_that_fails, 31, ERR_FULL},
    {"I/O error", FAT_INSERT, on_a_disk_that_fails, 30, ERR_IO},
    {"deferred foreign key",
     "INSERT INTO child VALUES (7); INSERT INTO item(id) VALUES (30)", NULL, 30,
     ERR_CONSTRAINT},
};

/* Two good ones, one that fails by itself, the culprit, and again. `hide` and `then`:
 * the culprit notices nothing, or goes on writing. */
static void with_neighbours(size_t which, bool hide, const char *then)
{
    struct bench *b = bench_new();
    bench_start(b, 0, 1024, 1000);
    struct job jobs[] = {{.id = 1},
                         {.id = 2},
                         {.id = 1},
                         {.id = culprits[which].id,
                          .sql = culprits[which].sql,
                          .before = culprits[which].before,
                          .hide = hide,
                          .then = then},
                         {.id = 3},
                         {.id = 2},
                         {.id = 4}};
    static const int want[] = {0, 0, ERR_EXISTS, 0, 0, ERR_EXISTS, 0};
    bench_group(b, jobs, 7);
    db_fail_after(0, 0);
    for (int i = 0; i < 7; i++) {
        int expected = i == 3 ? culprits[which].err : want[i];
        if (jobs[i].w.result != expected)
            fail_msg("%s: member %d got %s instead of %s", culprits[which].name, i,
                     err_name(jobs[i].w.result), err_name(expected));
        assert_int_equal(jobs[i].dones, 1);
        if (!expected)
            assert_true(jobs[i].seen);
    }
    assert_int_equal(writer_commits(b->w), 4);
    assert_true(reruns(b) == 6 || reruns(b) == 7);
    assert_int_equal(scratch_one(b->witness, "SELECT count(*) FROM item"), 1 + 4);
    assert_int_equal(bench_do(b, "PRAGMA max_page_count=1000000"), 0);
    assert_int_equal(bench_do(b, FAT_INSERT), 0); /* the writer goes on */
    bench_free(b);
}

static void the_neighbours_notice_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(culprits) / sizeof(culprits[0]); i++)
        with_neighbours(i, false, NULL);
}

/* A script that catches its error may not turn a lost transaction into a success. But a
 * statement that fails alone it may catch. */
static void a_hidden_failure_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(culprits) / sizeof(culprits[0]); i++)
        with_neighbours(i, true, NULL);
}

static void nothing_is_written_after_the_loss(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(culprits) / sizeof(culprits[0]); i++)
        with_neighbours(i, true, "INSERT INTO item(id) VALUES (666)");
}

static void alone_it_fails_the_same(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof(culprits) / sizeof(culprits[0]); i++) {
        struct job j = {.id = culprits[i].id,
                        .sql = culprits[i].sql,
                        .before = culprits[i].before,
                        .hide = i % 2};
        assert_int_equal(bench_queue(b, &j), 0);
        bench_wait(b);
        db_fail_after(0, 0);
        if (j.w.result >= 0)
            fail_msg("%s: it went through", culprits[i].name);
        assert_int_equal(writer_commits(b->w), i);
        assert_int_equal(bench_do(b, "PRAGMA max_page_count=1000000"), 0);
    }
    assert_int_equal(scratch_one(b->witness, "SELECT count(*) FROM item"), 1);
}

/* ---- the COMMIT itself ---- */

static void commit_will_fail(struct job *j, struct db *db)
{
    (void)db;
    if (j->runs == 1)
        db_fail_after(j->id / 100, j->id % 2 ? ERR_IO : ERR_FULL);
}

/* One write fails, whichever it is, of those that the COMMIT of a group makes: all run
 * again and come through, unless the failure met one of them again. */
static void a_commit_that_fails_once(void **state)
{
    (void)state;
    for (int nth = 1; nth <= 12; nth++) {
        struct bench *b = bench_new();
        bench_start(b, 0, 1024, 1000);
        struct job jobs[] = {
            {.id = 1},
            {.id = 2},
            {.id = 1000},
            {.id = nth * 100 + 20 + nth % 2, .before = commit_will_fail}};
        bench_group(b, jobs, 4);
        int good = 0;
        for (int i = 0; i < 4; i++) {
            assert_int_equal(jobs[i].dones, 1);
            if (i != 2)
                assert_true(there(b->witness, jobs[i].id) == (jobs[i].w.result == 0));
            good += jobs[i].w.result == 0;
        }
        assert_true(good >= 2);
        assert_true(writer_commits(b->w) == 1 ||
                    writer_commits(b->w) == (uint64_t)good);
        db_fail_after(0, 0);
        bench_free(b);
    }
}

static void everything_fails(struct job *j, struct db *db)
{
    (void)db, (void)j;
    db_fail_after(-1, ERR_FULL);
}

static void a_full_disk_and_then_room_again(void **state)
{
    struct bench *b = *state;
    struct job jobs[] = {{.id = 1}, {.id = 2, .before = everything_fails}, {.id = 3}};
    bench_group(b, jobs, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(jobs[i].w.result, ERR_FULL);
        assert_false(there(b->witness, jobs[i].id));
    }
    assert_int_equal(writer_commits(b->w), 0);
    db_fail_after(0, 0);
    struct job again[] = {{.id = 1}, {.id = 2}, {.id = 3}};
    bench_group(b, again, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(again[i].w.result, 0);
    assert_int_equal(writer_commits(b->w), 1);
}

static void a_checkpoint_that_fails_loses_nothing(void **state)
{
    struct bench *b = *state;
    writer_free(b->w);
    bench_start(b, 0, 1024, 1); /* a checkpoint after every group */
    for (int i = 1; i <= 40; i++) {
        struct job j = {.id = i};
        db_fail_after(1 + i % 8, i % 2 ? ERR_IO : ERR_FULL);
        assert_int_equal(bench_queue(b, &j), 0);
        bench_wait(b);
        assert_true(there(b->witness, i) == (j.w.result == 0));
    }
    db_fail_after(0, 0);
    writer_stop(b->w);
    struct db *db = scratch_open(&b->at, DB_WRITE, NULL);
    assert_int_equal(scratch_one(db,
                                 "SELECT count(*) FROM pragma_integrity_check WHERE "
                                 "integrity_check = 'ok'"),
                     1);
    db_close(db);
}

/* ---- no memory: in a child, since SQLite's limit is the process's ---- */

static void no_memory(struct job *j, struct db *db)
{
    (void)j;
    if (db_exec(db, "PRAGMA hard_heap_limit=3000000"))
        abort();
}

static void out_of_memory_child(void)
{
    struct bench *b = bench_new();
    bench_start(b, 0, 1024, 1000);
    struct job jobs[] = {
        {.id = 1},
        {.id = 30,
         .sql = "INSERT INTO item VALUES (30, NULL), (31, zeroblob(8000000))",
         .before = no_memory},
        {.id = 2}};
    bench_group(b, jobs, 3);
    bool right = jobs[0].w.result == 0 && jobs[1].w.result == ERR_NOMEM &&
                 jobs[2].w.result == 0 && there(b->witness, 1) &&
                 there(b->witness, 2) && !there(b->witness, 30);
    bench_free(b);
    _exit(right ? 0 : 1);
}

static void out_of_memory(void **state)
{
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0)
        out_of_memory_child();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- kill -9 ---- */

/* The child writes pairs of rows and tells the parent each result as it becomes known,
 * while writes of the disk fail now and then. */
enum { PAIRS = 3000, ROUNDS = 6 };

struct report {
    int id, result;
};

struct pair {
    struct write w;
    int id, pipe;
};

static int pair_run(struct write *w, struct db *db)
{
    struct pair *p = (struct pair *)w;
    int err = bench_insert(db, p->id);
    if (!err && p->id % 7 == 0)
        return ERR_INVALID; /* half done, and then not wanted */
    if (!err && p->id % 11 == 0)
        err = db_exec(db, "INSERT OR ROLLBACK INTO item(id) VALUES (1000)");
    return err ? err : bench_insert(db, p->id + 1000000);
}

static void pair_done(struct write *w)
{
    struct pair *p = (struct pair *)w;
    struct report r = {p->id, w->result};
    if (write(p->pipe, &r, sizeof(r)) != (ssize_t)sizeof(r))
        _exit(1);
}

static void crashing_child(struct bench *b, int fd, int round)
{
    struct pair *pairs = calloc(PAIRS, sizeof(*pairs));
    bench_start(b, 0, 64, 50);
    for (int i = 0; i < PAIRS; i++) {
        pairs[i] = (struct pair){{.run = pair_run, .done = pair_done}, 2000 + i, fd};
        if (i % 50 == 25 && round % 2)
            db_fail_after(1 + i % 9, i % 4 ? ERR_IO : ERR_FULL);
        while (writer_queue(b->w, &pairs[i].w) == ERR_BUSY)
            usleep(200);
    }
    pause(); /* the parent ends it, here at the latest */
    _exit(1);
}

/* What was told up to the kill; `told[i]` is the result, or 1 where nothing was. */
static void listen_and_kill(pid_t child, int fd, int enough, int *told)
{
    struct report r;
    int n = 0, status;
    while (n < enough && read(fd, &r, sizeof(r)) == (ssize_t)sizeof(r)) {
        told[r.id - 2000] = r.result;
        n++;
    }
    assert_int_equal(n, enough);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(fd, &r, sizeof(r)) == (ssize_t)sizeof(r))
        told[r.id - 2000] = r.result;
}

static void check_what_is_left(struct bench *b, const int *told)
{
    struct db *db = scratch_open(&b->at, DB_WRITE, NULL);
    for (int i = 0; i < PAIRS; i++) {
        bool first = there(db, 2000 + i), second = there(db, 1002000 + i);
        if (first != second || (told[i] == 0 && !first) || (told[i] < 0 && first))
            fail_msg("pair %d was told %d and has %d, %d", i, told[i], first, second);
    }
    assert_int_equal(scratch_one(db,
                                 "SELECT count(*) FROM pragma_integrity_check WHERE "
                                 "integrity_check = 'ok'"),
                     1);
    db_close(db);
}

static void what_was_told_survives_kill(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int fds[2], told[PAIRS];
        for (int i = 0; i < PAIRS; i++)
            told[i] = 1;
        struct bench *b = calloc(1, sizeof(*b));
        scratch_make(&b->at);
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            db_fail_after(0, 0);
            db_close(scratch_open(&b->at, DB_WRITE, bench_tables));
            crashing_child(b, fds[1], round);
        }
        close(fds[1]);
        listen_and_kill(child, fds[0], 60 + 150 * round, told);
        close(fds[0]);
        check_what_is_left(b, told);
        scratch_remove(&b->at);
        free(b);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_of_memory), /* before anything set up SQLite */
        cmocka_unit_test(what_was_told_survives_kill),
        cmocka_unit_test(the_neighbours_notice_nothing),
        cmocka_unit_test(a_hidden_failure_is_found),
        cmocka_unit_test(nothing_is_written_after_the_loss),
        T(alone_it_fails_the_same),
        cmocka_unit_test(a_commit_that_fails_once),
        T(a_full_disk_and_then_room_again),
        T(a_checkpoint_that_fails_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
