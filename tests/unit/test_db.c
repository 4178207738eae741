#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "store_scene.h"

static void settings(struct db *db)
{
    struct stmt *s;
    assert_int_equal(scratch_one(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(scratch_one(db, "PRAGMA synchronous"), 2);
    assert_int_equal(scratch_one(db, "PRAGMA mmap_size"), 0);
    assert_int_equal(scratch_one(db, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(db_prepare(db, STR("PRAGMA journal_mode"), &s), 0);
    assert_int_equal(stmt_step(s), 1);
    assert_true(str_eq(stmt_get(s, 0), STR("wal")));
    stmt_done(s);
}

static void every_connection_has_the_settings(void **state)
{
    struct fixture *f = *state;
    struct db *reader = scratch_open(&f->at, DB_READ, NULL);
    settings(f->db);
    settings(reader);
    assert_int_equal(run(reader, "INSERT INTO mine VALUES (9, 'x', 1)"), ERR_DENIED);
    db_close(reader);
}

static void nothing_checkpoints_by_itself(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_exec(f->db, "CREATE TABLE fat(b BLOB)"), 0);
    for (int i = 0; i < 30; i++)
        assert_int_equal(db_exec(f->db, "INSERT INTO fat VALUES (zeroblob(200000))"),
                         0);
    assert_true(db_wal_frames(f->db) > 1400);
    assert_true(scratch_wal_bytes(&f->at) > 1400 * 4096);
    assert_int_equal(db_checkpoint(f->db, true), 0);
    assert_int_equal(db_exec(f->db, "INSERT INTO fat VALUES (1)"), 0);
    assert_in_range(db_wal_frames(f->db), 1, 10);
}

static void the_file_is_private(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(f->at.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void opening_says_why_not(void **state)
{
    struct fixture *f = *state;
    struct db *db;
    struct buf why;
    char path[320];
    buf_init(&why);
    snprintf(path, sizeof(path), "%s/none/kordless.db", f->at.dir);
    assert_true(db_open(&db, path, DB_WRITE, &why) < 0);
    assert_true(why.n > 0);
    assert_null(db);
    snprintf(path, sizeof(path), "%s/none.db", f->at.dir);
    assert_int_equal(db_open(&db, path, DB_READ, &why), ERR_NOT_FOUND);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", file);
    fclose(file);
    assert_int_equal(db_open(&db, path, DB_WRITE, &why), ERR_CORRUPT);
    unlink(path);
    buf_end(&why);
}

static void errors_by_kind(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f->db, "INSERT INTO mine VALUES (1, 'x', 1)"), ERR_EXISTS);
    assert_int_equal(run(f->db, "INSERT INTO mine VALUES (3, 'one', 1)"), ERR_EXISTS);
    assert_int_equal(run(f->db, "INSERT INTO mine VALUES (3, 'x', 100)"),
                     ERR_CONSTRAINT);
    assert_int_equal(db_exec(f->db, "CREATE TRIGGER t BEFORE DELETE ON mine BEGIN"
                                    " SELECT RAISE(ABORT, 'not this one'); END"),
                     0);
    assert_int_equal(run(f->db, "DELETE FROM mine"), ERR_CONSTRAINT);
    assert_string_equal(db_message(f->db), "not this one");
    assert_int_equal(run(f->db, "SELECT zeroblob(20000000)"), ERR_TOO_LARGE);
    assert_int_equal(db_exec(f->db, "PRAGMA max_page_count=20"), 0);
    assert_int_equal(run(f->db, "INSERT INTO secret(s) VALUES (zeroblob(100000))"),
                     ERR_FULL);
}

static void exec_runs_all_and_stops_at_the_first_error(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_exec(f->db, "INSERT INTO mine VALUES (3, 'c', 1); -- remark\n"
                                    "SELECT * FROM mine;\n UPDATE mine SET n = 7;"),
                     0);
    assert_int_equal(db_changes(f->db), 3);
    assert_int_equal(
        db_exec(f->db, "DELETE FROM mine; DELETE FROM nowhere; DELETE FROM other"),
        ERR_INVALID);
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM mine"), 0);
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM other"), 1);
}

/* ---- the budget ---- */

static int charge(void *ctx, int n)
{
    int64_t *left = ctx;
    *left -= n;
    return *left < 0;
}

static void an_endless_statement_ends(void **state)
{
    struct fixture *f = *state;
    const char *endless = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x FROM t)"
                          " SELECT sum(x) FROM t";
    int64_t left = 200000;
    db_budget(f->db, charge, &left);
    assert_int_equal(run(f->db, endless), ERR_BUDGET);
    assert_in_range(left + 1000, 0, 999);
    assert_int_equal(db_begin(f->db), 0);
    assert_int_equal(run(f->db, endless), ERR_BUDGET);
    assert_int_equal(db_lost(f->db), 0); /* a read harms nobody */
    left = 200000;
    assert_int_equal(run(f->db,
                         "INSERT INTO other(b) WITH RECURSIVE t(x) AS (SELECT 1 UNION "
                         "ALL SELECT x FROM t) SELECT x FROM t"),
                     ERR_BUDGET);
    assert_int_equal(db_lost(f->db), ERR_BUDGET);
    db_rollback(f->db);
    db_budget(f->db, NULL, NULL);
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM other"), 1);
}

static void small_statements_are_charged_too(void **state)
{
    struct fixture *f = *state;
    int64_t left = 1000000;
    db_budget(f->db, charge, &left);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(run(f->db, "SELECT a FROM mine ORDER BY n"), 0);
    assert_true(left < 1000000 - 10000);
    db_budget(f->db, NULL, NULL);
}

/* ---- transactions ---- */

static void nobody_else_commits(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_begin(f->db), 0);
    assert_int_equal(run(f->db, "INSERT INTO other(b) VALUES ('x')"), 0);
    assert_int_equal(db_exec(f->db, "COMMIT"), ERR_DENIED);
    assert_int_equal(db_lost(f->db), ERR_DENIED);
    assert_int_equal(run(f->db, "INSERT INTO other(b) VALUES ('y')"), ERR_DENIED);
    assert_int_equal(db_exec(f->db, "BEGIN"), 0);
    assert_int_equal(db_lost(f->db), ERR_DENIED); /* not the one that db_begin began */
    assert_true(db_commit(f->db) < 0);
    assert_false(db_in_transaction(f->db));
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM other"), 1);
    assert_int_equal(run(f->db, "INSERT INTO other(b) VALUES ('z')"), 0);
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM other"), 2);
}

static void marks(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_begin(f->db), 0);
    assert_int_equal(db_mark(f->db), 0);
    assert_int_equal(run(f->db, "INSERT INTO other(b) VALUES ('x')"), 0);
    assert_int_equal(db_keep(f->db), 0);
    assert_int_equal(db_mark(f->db), 0);
    assert_int_equal(run(f->db, "INSERT INTO other(b) VALUES ('y')"), 0);
    assert_int_equal(db_undo(f->db), 0);
    assert_int_equal(db_commit(f->db), 0);
    assert_int_equal(scratch_one(f->db, "SELECT group_concat(b) = 'b,x' FROM other"),
                     1);
    db_rollback(f->db);
}

/* A cursor that somebody forgot would keep the snapshot of a rolled back BEGIN. */
static void forgotten_cursors_hold_nothing(void **state)
{
    struct fixture *f = *state;
    struct db *reader = scratch_open(&f->at, DB_READ, NULL);
    struct stmt *s;
    assert_int_equal(db_begin(reader), 0);
    assert_int_equal(db_prepare(reader, STR("SELECT * FROM mine"), &s), 0);
    assert_int_equal(stmt_step(s), 1);
    assert_int_equal(run(f->db, "DELETE FROM mine"), 0);
    db_reset(reader);
    db_rollback(reader);
    assert_int_equal(db_checkpoint(f->db, true), 0);
    assert_int_equal(scratch_one(reader, "SELECT count(*) FROM mine"), 0);
    stmt_done(s);
    db_close(reader);
}

static void a_checkpoint_gives_up_on_a_reader_that_stays(void **state)
{
    struct fixture *f = *state;
    struct db *reader = scratch_open(&f->at, DB_READ, NULL);
    assert_int_equal(db_begin(reader), 0);
    assert_int_equal(scratch_one(reader, "SELECT count(*) FROM mine"), 2);
    assert_int_equal(run(f->db, "DELETE FROM mine"), 0);
    assert_int_equal(db_checkpoint(f->db, true), ERR_BUSY);
    assert_int_equal(scratch_one(reader, "SELECT count(*) FROM mine"), 2);
    db_rollback(reader);
    assert_int_equal(db_checkpoint(f->db, true), 0);
    db_close(reader);
}

/* ---- failures on demand ---- */

/* What a crash would leave: the files as they are, without this process. */
static int64_t others_after_a_crash(const struct scratch *at)
{
    struct scratch copy;
    char command[1400];
    scratch_make(&copy);
    snprintf(command, sizeof(command), "cp %s %s && cp %s-wal %s-wal", at->path,
             copy.path, at->path, copy.path);
    assert_int_equal(system(command), 0);
    struct db *after = scratch_open(&copy, DB_WRITE, NULL);
    int64_t n = scratch_one(after, "SELECT count(*) FROM other");
    db_close(after);
    scratch_remove(&copy);
    return n;
}

/* Whichever write of a COMMIT fails, the fsync last: refused means it is not there,
 * after a crash neither. The shim only sees connections opened after it. */
static void no_refused_commit_rises_again(void **state)
{
    struct fixture *f = *state;
    int nth = 0, err;
    db_fail_after(0, 0);
    do {
        int fault = ++nth % 2 ? ERR_IO : ERR_FULL;
        struct db *db = scratch_open(&f->at, DB_WRITE, "DELETE FROM other");
        assert_int_equal(db_begin(db), 0);
        assert_int_equal(run(db, "INSERT INTO other(b) VALUES (hex(zeroblob(5000)))"),
                         0);
        db_fail_after(nth, fault);
        err = db_commit(db);
        db_fail_after(0, 0);
        assert_true(err == 0 || err == fault);
        assert_int_equal(scratch_one(db, "SELECT count(*) FROM other"), err == 0);
        assert_int_equal(others_after_a_crash(&f->at), err == 0);
        db_close(db);
    } while (err);
    assert_in_range(nth, 8, 40);
}

static void failures_can_stay(void **state)
{
    struct fixture *f = *state;
    db_fail_after(0, 0);
    struct db *db = scratch_open(&f->at, DB_WRITE, NULL);
    db_fail_after(-1, ERR_FULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(run(db, "INSERT INTO other(b) VALUES (1)"), ERR_FULL);
    db_fail_after(0, 0);
    assert_int_equal(run(db, "INSERT INTO other(b) VALUES (1)"), 0);
    db_close(db);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_connection_has_the_settings),
        T(nothing_checkpoints_by_itself),
        T(the_file_is_private),
        T(opening_says_why_not),
        T(errors_by_kind),
        T(exec_runs_all_and_stops_at_the_first_error),
        T(an_endless_statement_ends),
        T(small_statements_are_charged_too),
        T(nobody_else_commits),
        T(marks),
        T(forgotten_cursors_hold_nothing),
        T(a_checkpoint_gives_up_on_a_reader_that_stays),
        T(no_refused_commit_rises_again),
        T(failures_can_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
