#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "store_scratch.h"

struct fixture {
    struct scratch at;
    struct db *db;
};

static const char tables[] =
    "CREATE TABLE mine(id INTEGER PRIMARY KEY, a TEXT, n INTEGER CHECK(n < 100));"
    "CREATE UNIQUE INDEX mine_a ON mine(a);"
    "CREATE TABLE other(id INTEGER PRIMARY KEY, b TEXT);"
    "CREATE TABLE secret(id INTEGER PRIMARY KEY, s TEXT);"
    "CREATE VIEW peek AS SELECT s FROM secret;"
    "INSERT INTO mine VALUES (1, 'one', 1), (2, 'two', 2); INSERT INTO other VALUES (1, 'b');"
    "INSERT INTO secret VALUES (1, 'hush')";

static const struct str writes[] = {{"mine", 4}}, reads[] = {{"other", 5}, {"peek", 4}};
static const struct fence fence = {writes, reads, 1, 2, false};
static const struct fence fence_ddl = {writes, reads, 1, 2, true};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->at);
    f->db = scratch_open(&f->at, DB_WRITE, tables);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    scratch_remove(&f->at);
    free(f);
    return 0;
}

static int prepare(struct db *db, const char *sql)
{
    struct stmt *s;
    int err = db_prepare(db, str_of(sql), &s);
    if (!err)
        stmt_done(s);
    return err;
}

static int run(struct db *db, const char *sql)
{
    struct stmt *s;
    int err = db_prepare(db, str_of(sql), &s);
    if (err)
        return err;
    while ((err = stmt_step(s)) == 1)
        ;
    stmt_done(s);
    return err;
}

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
        assert_int_equal(db_exec(f->db, "INSERT INTO fat VALUES (zeroblob(200000))"), 0);
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

/* ---- the fence ---- */

static void refused(struct db *db, const char *sql, const char *name)
{
    int err = prepare(db, sql);
    if (err != ERR_DENIED || !strstr(db_message(db), name))
        fail_msg("%s: %s, \"%s\"", sql, err_name(err), db_message(db));
}

static void allowed(struct db *db, const char *sql)
{
    int err = run(db, sql);
    if (err < 0)
        fail_msg("%s: %s, \"%s\"", sql, err_name(err), db_message(db));
}

static void the_fence_refuses(void **state)
{
    static const struct {
        const char *sql, *name;
    } cases[] = {
        {"SELECT s FROM secret", "secret"},
        {"SELECT s FROM SeCrEt", "secret"},
        {"SELECT s FROM main.secret", "secret"},
        {"SELECT count(*) FROM secret", "secret"},
        {"SELECT 1 FROM secret", "secret"},
        {"SELECT mine.a FROM mine, secret", "secret"},
        {"SELECT a FROM mine WHERE EXISTS (SELECT 1 FROM secret)", "secret"},
        {"WITH t AS (SELECT s FROM secret) SELECT * FROM t", "secret"},
        {"SELECT * FROM peek", "secret"},
        {"INSERT INTO secret VALUES (2, 'x')", "secret"},
        {"INSERT INTO mine(a) SELECT s FROM secret", "secret"},
        {"UPDATE mine SET a = (SELECT s FROM secret)", "secret"},
        {"UPDATE mine SET a = s FROM secret", "secret"},
        {"UPDATE other SET b = 1", "other"},
        {"DELETE FROM other", "other"},
        {"REPLACE INTO other VALUES (1, 1)", "other"},
        {"INSERT INTO mine VALUES (1, 1, 1) ON CONFLICT DO UPDATE SET a=(SELECT s FROM secret)",
         "secret"},
        {"INSERT INTO mine VALUES (7, 7, 7) RETURNING (SELECT s FROM secret)", "secret"},
        {"SELECT * FROM sqlite_schema", "sqlite_master"},
        {"SELECT count(*) FROM sqlite_master", "sqlite_master"},
        {"SELECT * FROM sqlite_temp_schema", "sqlite_temp"},
        {"UPDATE sqlite_schema SET sql = ''", "sqlite_master"},
        {"SELECT * FROM pragma_table_info('secret')", "pragma_table_info"},
        {"SELECT count(*) FROM pragma_table_list", "pragma_table_list"},
        {"SELECT count(*) FROM dbstat", "dbstat"},
        {"SELECT count(*) FROM sqlite_stmt", "sqlite_stmt"},
        {"BEGIN", "transactions"},
        {"COMMIT", "transactions"},
        {"ROLLBACK", "transactions"},
        {"SAVEPOINT x", "transactions"},
        {"RELEASE x", "transactions"},
        {"PRAGMA foreign_keys=OFF", "foreign_keys"},
        {"PRAGMA user_version", "user_version"},
        {"ATTACH '/tmp/x.db' AS x", "attach"},
        {"DETACH main", "detach"},
        {"VACUUM", "attach"},
        {"ANALYZE", "analyze"},
        {"REINDEX", "reindex"},
        {"CREATE TABLE t(x)", "create"},
        {"CREATE TEMP TABLE t(x)", "create"},
        {"CREATE INDEX i ON mine(n)", "create"},
        {"CREATE VIEW v AS SELECT 1", "create"},
        {"CREATE TRIGGER t AFTER INSERT ON mine BEGIN SELECT 1; END", "create"},
        {"CREATE VIRTUAL TABLE v USING fts5(x)", "create"},
        {"DROP TABLE mine", "drop"},
        {"DROP INDEX mine_a", "drop"},
        {"ALTER TABLE mine ADD COLUMN z", "mine"},
        {"SELECT load_extension('x')", "load_extension"},
    };
    struct fixture *f = *state;
    db_fence(f->db, &fence);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(f->db, cases[i].sql, cases[i].name);
    db_fence(f->db, NULL);
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM secret"), 1);
}

static void the_fence_lets_through(void **state)
{
    struct fixture *f = *state;
    db_fence(f->db, &fence);
    allowed(f->db, "SELECT a, b FROM mine JOIN other USING (id)");
    allowed(f->db, "SELECT count(*) FROM other");
    allowed(f->db, "SELECT MINE.a FROM Mine, OTHER");
    allowed(f->db, "INSERT INTO mine(a, n) SELECT b, 3 FROM other");
    allowed(f->db, "INSERT INTO mine VALUES (1, 'u', 1) ON CONFLICT(id) DO UPDATE SET a='u'");
    allowed(f->db, "INSERT INTO mine(a) VALUES ('r') RETURNING id, a");
    allowed(f->db, "DELETE FROM mine WHERE id > 1");
    allowed(f->db, "UPDATE mine SET n = (SELECT count(*) FROM other)");
    allowed(f->db, "WITH t(x) AS (SELECT 1) SELECT count(*) FROM t");
    allowed(f->db, "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM t WHERE x<9)"
                   " SELECT count(*) FROM t");
    allowed(f->db, "WITH t(x) AS (SELECT 1) SELECT a FROM mine, t");
    allowed(f->db, "SELECT count(*) FROM (SELECT a FROM mine) AS s");
    allowed(f->db, "SELECT value FROM json_each('[1,2]')");
    allowed(f->db, "SELECT row_number() OVER (ORDER BY a) FROM mine");
}

static void triggers_keep_to_the_lists(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        db_exec(f->db, "CREATE TRIGGER good AFTER UPDATE OF n ON mine BEGIN"
                       " INSERT INTO mine(a) SELECT b || new.n FROM other; END;"
                       "CREATE TRIGGER bad AFTER DELETE ON mine BEGIN"
                       " INSERT INTO secret(s) VALUES (old.a); END"),
        0);
    db_fence(f->db, &fence);
    allowed(f->db, "UPDATE mine SET n = 5 WHERE id = 1");
    refused(f->db, "DELETE FROM mine", "secret");
}

static void a_migration_shapes_only_its_own(void **state)
{
    struct fixture *f = *state;
    static const char *const others[] = {
        "DROP TABLE secret",
        "ALTER TABLE secret ADD COLUMN x",
        "ALTER TABLE secret RENAME TO mine2",
        "CREATE INDEX i ON secret(s)",
        "CREATE TRIGGER t AFTER INSERT ON secret BEGIN SELECT 1; END",
        "CREATE TABLE copy AS SELECT * FROM secret",
    };
    db_fence(f->db, &fence_ddl);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        refused(f->db, others[i], "secret");
    refused(f->db, "CREATE TEMP TABLE t(x)", "t");
    refused(f->db, "CREATE VIRTUAL TABLE t USING fts5(x)", "create");
    refused(f->db, "PRAGMA foreign_keys=OFF", "foreign_keys");
    refused(f->db, "COMMIT", "transactions");
    allowed(f->db, "ALTER TABLE mine ADD COLUMN extra TEXT");
    allowed(f->db, "ALTER TABLE mine RENAME COLUMN extra TO more");
    allowed(f->db, "ALTER TABLE mine DROP COLUMN more");
    allowed(f->db, "CREATE INDEX i ON mine(n)");
    allowed(f->db, "DROP INDEX i");
    allowed(f->db, "CREATE TRIGGER t AFTER INSERT ON mine BEGIN SELECT 1; END");
    allowed(f->db, "DROP TRIGGER t");
    allowed(f->db, "CREATE TABLE copy AS SELECT * FROM other");
    allowed(f->db, "DROP TABLE mine");
    assert_true(run(f->db, "INSERT INTO sqlite_schema(name) VALUES ('x')") < 0);
}

/* After a change of the schema SQLite compiles again inside the step; also then the owner
 * counts, not who happens to be fenced in at that moment. */
static void recompiling_keeps_the_owner(void **state)
{
    struct fixture *f = *state;
    struct stmt *ours, *theirs;
    assert_int_equal(db_prepare(f->db, STR("SELECT s FROM secret"), &ours), 0);
    db_fence(f->db, &fence);
    assert_int_equal(db_prepare(f->db, STR("SELECT * FROM other"), &theirs), 0);
    db_fence(f->db, NULL);
    assert_int_equal(db_exec(f->db, "ALTER TABLE secret ADD COLUMN t;"
                                    "DROP TABLE other;"
                                    "CREATE VIEW other AS SELECT * FROM secret"),
                     0);
    db_fence(f->db, &fence);
    assert_int_equal(stmt_step(ours), 1);
    db_fence(f->db, NULL);
    assert_int_equal(stmt_step(theirs), ERR_DENIED);
    assert_non_null(strstr(db_message(f->db), "secret"));
    stmt_done(ours);
    stmt_done(theirs);
}

/* ---- statements ---- */

static void the_cache_is_by_owner(void **state)
{
    struct fixture *f = *state;
    const struct str sql = STR("SELECT a FROM mine WHERE id = ?");
    struct stmt *a, *b, *c;
    assert_int_equal(db_prepare(f->db, sql, &a), 0);
    stmt_done(a);
    assert_int_equal(db_prepare(f->db, sql, &b), 0);
    assert_ptr_equal(a, b); /* the same one again */
    assert_int_equal(db_prepare(f->db, sql, &c), 0);
    assert_ptr_not_equal(b, c); /* in use: another */
    stmt_int(b, 1, 1);
    stmt_int(c, 1, 2);
    assert_int_equal(stmt_step(b), 1);
    assert_int_equal(stmt_step(c), 1);
    assert_true(str_eq(stmt_get(b, 0), STR("one")));
    assert_true(str_eq(stmt_get(c, 0), STR("two")));
    stmt_done(b);
    stmt_done(c);
    db_fence(f->db, &fence);
    assert_int_equal(db_prepare(f->db, sql, &c), 0);
    assert_ptr_not_equal(a, c);
    assert_int_equal(prepare(f->db, "SELECT s FROM secret"), ERR_DENIED);
    db_fence(f->db, NULL);
    assert_int_equal(prepare(f->db, "SELECT s FROM secret"), 0);
    db_fence(f->db, &fence);
    assert_int_equal(prepare(f->db, "SELECT s FROM secret"), ERR_DENIED);
    db_forget(f->db, &fence); /* c is in use and ends with stmt_done */
    assert_int_equal(stmt_step(c), 0);
    stmt_done(c);
}

static void the_cache_is_bounded(void **state)
{
    struct fixture *f = *state;
    char sql[64];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++) {
            snprintf(sql, sizeof(sql), "SELECT n + %d FROM mine WHERE id = 2", i);
            assert_int_equal(scratch_one(f->db, sql), i + 2);
        }
}

static void a_statement_comes_back_clean(void **state)
{
    struct fixture *f = *state;
    struct stmt *s;
    const struct str sql = STR("SELECT ?1 IS NULL, ?2");
    assert_int_equal(db_prepare(f->db, sql, &s), 0);
    stmt_int(s, 1, 5);
    stmt_int(s, 3, 5); /* there is no third */
    assert_int_equal(stmt_step(s), ERR_INVALID);
    stmt_done(s);
    assert_int_equal(db_prepare(f->db, sql, &s), 0);
    assert_int_equal(stmt_step(s), 1);
    assert_int_equal(stmt_get_int(s, 0), 1);
    stmt_done(s);
}

static void values_come_back_as_they_went(void **state)
{
    struct fixture *f = *state;
    struct stmt *s;
    assert_int_equal(db_prepare(f->db, STR("SELECT ? AS i, ? AS r, ? AS t, ? AS b, ? AS n, ?"),
                                &s),
                     0);
    assert_int_equal(stmt_params(s), 6);
    assert_true(stmt_readonly(s));
    stmt_int(s, 1, INT64_MIN);
    stmt_real(s, 2, 0.1);
    stmt_text(s, 3, (struct str){"a\0b", 3});
    stmt_blob(s, 4, "\0\xff", 2);
    stmt_null(s, 5);
    stmt_text(s, 6, (struct str){NULL, 0});
    assert_int_equal(stmt_step(s), 1);
    assert_int_equal(stmt_columns(s), 6);
    assert_string_equal(stmt_name(s, 2), "t");
    assert_int_equal(stmt_type(s, 0), COL_INT);
    assert_true(stmt_get_int(s, 0) == INT64_MIN);
    assert_int_equal(stmt_type(s, 1), COL_REAL);
    assert_true(stmt_get_real(s, 1) == 0.1);
    assert_int_equal(stmt_type(s, 2), COL_TEXT);
    assert_true(str_eq(stmt_get(s, 2), (struct str){"a\0b", 3}));
    assert_int_equal(stmt_type(s, 3), COL_BLOB);
    assert_true(str_eq(stmt_get(s, 3), (struct str){"\0\xff", 2}));
    assert_int_equal(stmt_type(s, 4), COL_NULL);
    assert_int_equal(stmt_type(s, 5), COL_NULL);
    assert_int_equal(stmt_step(s), 0);
    stmt_done(s);
}

static void one_statement_at_a_time(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(prepare(f->db, "SELECT 1; -- and a remark\n ;"), 0);
    assert_int_equal(prepare(f->db, "SELECT 1; SELECT 2"), ERR_INVALID);
    assert_int_equal(prepare(f->db, ""), ERR_INVALID);
    assert_int_equal(prepare(f->db, " -- nothing"), ERR_INVALID);
    struct stmt *s;
    assert_int_equal(db_prepare(f->db, (struct str){"SELECT 1\0;", 10}, &s), ERR_INVALID);
    assert_null(s);
    assert_int_equal(prepare(f->db, "SELECT 1 FROMM mine"), ERR_INVALID);
    assert_non_null(strstr(db_message(f->db), "byte 14"));
    assert_int_equal(prepare(f->db, "SELECT \"no string\""), ERR_INVALID);
}

static void errors_by_kind(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f->db, "INSERT INTO mine VALUES (1, 'x', 1)"), ERR_EXISTS);
    assert_int_equal(run(f->db, "INSERT INTO mine VALUES (3, 'one', 1)"), ERR_EXISTS);
    assert_int_equal(run(f->db, "INSERT INTO mine VALUES (3, 'x', 100)"), ERR_CONSTRAINT);
    assert_int_equal(db_exec(f->db, "CREATE TRIGGER t BEFORE DELETE ON mine BEGIN"
                                    " SELECT RAISE(ABORT, 'not this one'); END"),
                     0);
    assert_int_equal(run(f->db, "DELETE FROM mine"), ERR_CONSTRAINT);
    assert_string_equal(db_message(f->db), "not this one");
    assert_int_equal(run(f->db, "SELECT zeroblob(20000000)"), ERR_TOO_LARGE);
    assert_int_equal(db_exec(f->db, "PRAGMA max_page_count=20"), 0);
    assert_int_equal(run(f->db, "INSERT INTO secret(s) VALUES (zeroblob(100000))"), ERR_FULL);
}

static void exec_runs_all_and_stops_at_the_first_error(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_exec(f->db, "INSERT INTO mine VALUES (3, 'c', 1); -- remark\n"
                                    "SELECT * FROM mine;\n UPDATE mine SET n = 7;"),
                     0);
    assert_int_equal(db_changes(f->db), 3);
    assert_int_equal(db_exec(f->db, "DELETE FROM mine; DELETE FROM nowhere; DELETE FROM other"),
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
    assert_int_equal(run(f->db, "INSERT INTO other(b) WITH RECURSIVE t(x) AS (SELECT 1 UNION "
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
    assert_int_equal(scratch_one(f->db, "SELECT group_concat(b) = 'b,x' FROM other"), 1);
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

/* Whatever write fails: refused means it is not there, after a crash neither. The shim
 * only sees connections opened after it, so this opens its own. */
static void no_refused_commit_rises_again(void **state)
{
    struct fixture *f = *state;
    int refusals = 0;
    db_fail_after(0, 0);
    for (int nth = 1; nth < 12; nth++) {
        struct db *db = scratch_open(&f->at, DB_WRITE, "DELETE FROM other");
        assert_int_equal(db_begin(db), 0);
        assert_int_equal(run(db, "INSERT INTO other(b) VALUES (hex(zeroblob(9000)))"), 0);
        db_fail_after(nth, nth % 2 ? ERR_IO : ERR_FULL);
        int err = db_commit(db);
        db_fail_after(0, 0);
        assert_true(err == 0 || err == (nth % 2 ? ERR_IO : ERR_FULL));
        refusals += err != 0;
        assert_int_equal(scratch_one(db, "SELECT count(*) FROM other"), err == 0);

        /* What a crash would leave: the files as they are, without this process. */
        struct scratch copy;
        char command[1400];
        scratch_make(&copy);
        snprintf(command, sizeof(command), "cp %s %s && cp %s-wal %s-wal", f->at.path,
                 copy.path, f->at.path, copy.path);
        assert_int_equal(system(command), 0);
        struct db *after = scratch_open(&copy, DB_WRITE, NULL);
        assert_int_equal(scratch_one(after, "SELECT count(*) FROM other"), err == 0);
        db_close(after);
        scratch_remove(&copy);
        db_close(db);
    }
    assert_true(refusals >= 4);
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
        T(the_fence_refuses),
        T(the_fence_lets_through),
        T(triggers_keep_to_the_lists),
        T(a_migration_shapes_only_its_own),
        T(recompiling_keeps_the_owner),
        T(the_cache_is_by_owner),
        T(the_cache_is_bounded),
        T(a_statement_comes_back_clean),
        T(values_come_back_as_they_went),
        T(one_statement_at_a_time),
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
