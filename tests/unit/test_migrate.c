#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "store/migrate.h"
#include "store_scratch.h"

struct fixture {
    struct scratch at;
    struct db *db;
    struct buf why;
    int ran;
};

#define STEP(name, sql)              \
    {                                \
        {"" name, sizeof(name) - 1}, \
        {                            \
            "" sql, sizeof(sql) - 1  \
        }                            \
    }
#define RUN(f, owner, steps) \
    run((f), owner, (steps), sizeof(steps) / sizeof((steps)[0]), false)

static const struct migration three[] = {
    STEP("001_first", "CREATE TABLE one(x, y); -- a remark; with a semicolon\n"
                      "CREATE INDEX one_x ON one(x);"),
    STEP("002_second", "INSERT INTO one VALUES ('a;b', 1);\n"
                       "CREATE TABLE two(id INTEGER PRIMARY KEY AUTOINCREMENT);\n"
                       "CREATE TRIGGER t AFTER INSERT ON one BEGIN\n"
                       "  INSERT INTO two VALUES (NULL); UPDATE one SET y = 0;\n"
                       "END;\n"),
    STEP("003_third", "INSERT INTO one VALUES ('c', 1)"),
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->at);
    f->db = scratch_open(&f->at, DB_WRITE, NULL);
    buf_init(&f->why);
    assert_int_equal(migrate_init(f->db), 0);
    assert_int_equal(migrate_init(f->db), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    buf_end(&f->why);
    scratch_remove(&f->at);
    free(f);
    return 0;
}

static int run(struct fixture *f, const char *owner, const struct migration *steps,
               size_t n, bool dry)
{
    buf_clear(&f->why);
    f->ran = -1;
    int err = migrate_run(f->db, str_of(owner), steps, n, dry, &f->ran, &f->why);
    *buf_reserve(&f->why, 1) = '\0';
    return err;
}

static void says(struct fixture *f, const char *words)
{
    if (!strstr(f->why.p, words))
        fail_msg("\"%s\" should say \"%s\"", f->why.p, words);
}

static void add(void *ctx, struct str table)
{
    buf_str(ctx, table);
    buf_char(ctx, ' ');
}

static void owns(struct fixture *f, const char *owner, const char *tables)
{
    struct buf b;
    buf_init(&b);
    assert_int_equal(migrate_tables(f->db, str_of(owner), add, &b), 0);
    buf_char(&b, '\0');
    assert_string_equal(b.p, tables);
    buf_end(&b);
}

/* Nothing but the two tables of the bookkeeping is there, and they are empty but for
 * themselves. */
static void nothing_stands(struct db *db)
{
    assert_int_equal(
        scratch_one(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 2);
    assert_int_equal(scratch_one(db, "SELECT count(*) FROM schema_step"), 0);
    assert_int_equal(scratch_one(db, "SELECT count(*) FROM schema_table"), 2);
}

static void each_step_runs_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "p", three, 1, false), 0);
    assert_int_equal(f->ran, 1);
    owns(f, "p", "one ");
    assert_int_equal(RUN(f, "p", three), 0);
    assert_int_equal(f->ran, 2);
    assert_int_equal(RUN(f, "p", three), 0);
    assert_int_equal(f->ran, 0);
    owns(f, "p", "one two ");
    owns(f, "q", "");
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM one"), 2);
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM two"), 1);
    assert_int_equal(f->why.n, 0);
}

static void an_empty_list_is_fine(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "p", NULL, 0, false), 0);
    assert_int_equal(f->ran, 0);
    nothing_stands(f->db);
}

static void the_past_must_be_as_it_was(void **state)
{
    struct fixture *f = *state;
    const struct migration changed[] = {three[0], STEP("002_second", "SELECT 1"),
                                        three[2]};
    const struct migration gone[] = {three[0], three[2]};
    const struct migration swapped[] = {three[1], three[0], three[2]};
    const struct migration before[] = {three[0], STEP("001_late", "SELECT 1"), three[1],
                                       three[2]};
    const struct migration twice[] = {three[0], three[1], three[2], three[2]};
    assert_int_equal(RUN(f, "p", three), 0);
    assert_int_equal(RUN(f, "p", changed), ERR_INVALID);
    says(f, "002_second: it was changed");
    assert_int_equal(RUN(f, "p", gone), ERR_INVALID);
    says(f, "002_second: it ran here before, but its file is gone");
    assert_int_equal(run(f, "p", three, 2, false), ERR_INVALID);
    says(f, "003_third");
    assert_int_equal(run(f, "p", NULL, 0, false), ERR_INVALID);
    assert_int_equal(RUN(f, "p", swapped), ERR_INVALID);
    says(f, "002_second: it comes before");
    assert_int_equal(RUN(f, "p", before), ERR_INVALID);
    says(f, "001_late: it comes before");
    assert_int_equal(RUN(f, "p", twice), ERR_INVALID);
    says(f, "003_third: the name is there twice");
    assert_int_equal(RUN(f, "p", three), 0); /* and nothing was spoilt */
    assert_int_equal(f->ran, 0);
}

static void owners_do_not_meet(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct migration step;
        const char *table;
    } bad[] = {
        {STEP("1", "DROP TABLE one"), "one"},
        {STEP("1", "CREATE TABLE z(x); INSERT INTO z SELECT x FROM one"), "one"},
        {STEP("1", "CREATE TABLE one_b(x); UPDATE one SET x = 1"), "one"},
        {STEP("1", "CREATE INDEX i ON One(y)"), "one"},
        {STEP("1", "CREATE TRIGGER tt AFTER INSERT ON one BEGIN SELECT 1; END"), "one"},
        {STEP("1", "ALTER TABLE one ADD COLUMN q"), "one"},
        {STEP("1", "DELETE FROM schema_step"), "schema_step"},
        {STEP("1", "PRAGMA foreign_keys = OFF"), "foreign_keys"},
        {STEP("1", "COMMIT"), "COMMIT"},
        {STEP("1", "ATTACH '/tmp/x' AS x"), "attach"},
        {STEP("1", "CREATE TEMP TABLE z(x)"), "z"},
    };
    assert_int_equal(RUN(f, "p", three), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(run(f, "q", &bad[i].step, 1, false), ERR_DENIED);
        says(f, "q, migration 1: ");
        says(f, bad[i].table);
        owns(f, "q", "");
    }
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM one"), 2);
    assert_int_equal(
        run(f, "q", (struct migration[]){STEP("1", "CREATE TABLE one(z)")}, 1, false),
        ERR_INVALID);
    says(f, "already exists");
}

static void tables_come_go_and_change_their_names(void **state)
{
    struct fixture *f = *state;
    static const struct migration steps[] = {
        STEP("1", "CREATE TABLE Big(x); CREATE VIEW v AS SELECT x FROM Big"),
        STEP("2",
             "CREATE TABLE new_big(x, y); INSERT INTO new_big SELECT x, 1 FROM big;"
             "DROP VIEW v; DROP TABLE big; ALTER TABLE new_big RENAME TO big;"
             "CREATE INDEX big_y ON big(y)"),
        STEP("3", "ALTER TABLE big RENAME TO huge; INSERT INTO huge VALUES (1, 2);"
                  "CREATE TABLE copied AS SELECT * FROM huge; INSERT INTO copied "
                  "VALUES (3, 4)"),
        STEP("4", "DROP TABLE huge"),
    };
    const char *after[] = {"big v ", "big ", "copied huge ", "copied "};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(run(f, "p", steps, i + 1, false), 0);
        owns(f, "p", after[i]);
    }
    assert_int_equal(
        run(f, "q", (struct migration[]){STEP("1", "CREATE TABLE huge(z)")}, 1, false),
        0);
    owns(f, "q", "huge ");
}

static void a_table_may_have_everything(void **state)
{
    struct fixture *f = *state;
    static const struct migration steps[] = {STEP(
        "1", "CREATE TABLE p(id TEXT PRIMARY KEY, n INTEGER UNIQUE) WITHOUT ROWID;"
             "CREATE TABLE IF NOT EXISTS q(a TEXT NOT NULL REFERENCES p(id) ON DELETE "
             "CASCADE, b INTEGER CHECK(b > 0 AND b < length(a)), c AS (b + 1) STORED,"
             " UNIQUE(a, b), CHECK(a <> 'x'));"
             "CREATE UNIQUE INDEX q_part ON q(b) WHERE b > 5;"
             "CREATE INDEX q_expr ON q(lower(a));"
             "INSERT INTO p VALUES ('key', 1); INSERT INTO q VALUES ('key', 2);"
             "ALTER TABLE q ADD COLUMN d INTEGER NOT NULL DEFAULT 0 CHECK(d >= 0);"
             "UPDATE q SET d = 1; DELETE FROM p")};
    int err = RUN(f, "p", steps);
    if (err)
        fail_msg("%s", f->why.p);
    owns(f, "p", "p q ");
    assert_int_equal(scratch_one(f->db, "SELECT count(*) FROM q"), 0);
}

static void what_was_there_is_not_given_away(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_exec(f->db, "CREATE TABLE by_hand(x)"), 0);
    assert_int_equal(RUN(f, "p", three), 0);
    owns(f, "p", "one two ");
    assert_int_equal(
        run(f, "q", (struct migration[]){STEP("1", "DROP TABLE by_hand")}, 1, false),
        ERR_DENIED);
}

static void a_failure_undoes_the_whole_call(void **state)
{
    struct fixture *f = *state;
    const struct migration bad[] = {three[0], three[1],
                                    STEP("003_bad", "INSERT INTO one VALUES (1, 1);"
                                                    "INSERT INTO one VALUES (1)")};
    assert_int_equal(RUN(f, "p", bad), ERR_INVALID);
    says(f, "p, migration 003_bad: ");
    says(f, "2 columns");
    assert_int_equal(f->ran, 0);
    assert_false(db_in_transaction(f->db));
    nothing_stands(f->db);
    assert_int_equal(RUN(f, "p", three), 0); /* mended, it goes through */
}

static void a_full_disk_undoes_the_whole_call(void **state)
{
    struct fixture *f = *state;
    const struct migration fat[] = {
        three[0], STEP("2", "CREATE TABLE fat AS SELECT zeroblob(1000000) AS b")};
    assert_int_equal(db_exec(f->db, "PRAGMA max_page_count=40"), 0);
    assert_int_equal(RUN(f, "p", fat), ERR_FULL);
    assert_false(db_in_transaction(f->db));
    nothing_stands(f->db);
}

static void a_broken_foreign_key_undoes_the_whole_call(void **state)
{
    struct fixture *f = *state;
    static const struct migration bad[] = {
        STEP("1", "CREATE TABLE a(id INTEGER PRIMARY KEY);"
                  "CREATE TABLE b(a REFERENCES a(id) DEFERRABLE INITIALLY DEFERRED);"
                  "INSERT INTO b VALUES (7)")};
    assert_int_equal(RUN(f, "p", bad), ERR_CONSTRAINT);
    says(f, "FOREIGN KEY");
    assert_false(db_in_transaction(f->db));
    nothing_stands(f->db);
}

static void several_owners_as_one(void **state)
{
    struct fixture *f = *state;
    const struct migration bad[] = {STEP("1", "CREATE TABLE b(x); nonsense")};
    assert_int_equal(db_begin(f->db), 0);
    assert_int_equal(RUN(f, "p", three), 0);
    assert_int_equal(RUN(f, "q", bad), ERR_INVALID);
    owns(f, "p",
         "one two "); /* q's failure alone is undone; the rest is the caller's */
    owns(f, "q", "");
    db_rollback(f->db);
    nothing_stands(f->db);
}

static void dry_runs_leave_nothing(void **state)
{
    struct fixture *f = *state;
    const struct migration bad[] = {three[0], STEP("2", "nonsense")};
    assert_int_equal(run(f, "p", three, 3, true), 0);
    assert_int_equal(f->ran, 3);
    nothing_stands(f->db);
    assert_int_equal(run(f, "p", bad, 2, true), ERR_INVALID);
    nothing_stands(f->db);
    assert_int_equal(run(f, "p", three, 1, false), 0);
    struct db *writer = f->db;
    f->db = scratch_open(&f->at, DB_READ, NULL);
    assert_int_equal(run(f, "p", three, 3, true), 0);
    assert_int_equal(f->ran, 2);
    db_close(f->db);
    f->db = writer;
}

/* ---- a crash ---- */

static void die_at_step(const struct scratch *at, size_t fatal)
{
    struct db *db = scratch_open(at, DB_WRITE, "PRAGMA cache_size=2");
    static const struct migration steps[] = {
        STEP("1", "CREATE TABLE a AS WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL "
                  "SELECT x+1 FROM t WHERE x<5000) SELECT x, hex(randomblob(50)) AS y "
                  "FROM t"),
        STEP("2", "CREATE INDEX a_y ON a(y)"), STEP("3", "CREATE TABLE c(x)")};
    int ran;
    if (db_begin(db) || migrate_run(db, STR("p"), steps, fatal, false, &ran,
                                    NULL)) /* no COMMIT comes */
        _exit(1);
    kill(getpid(), SIGKILL);
}

static void a_crash_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    for (size_t fatal = 1; fatal <= 3; fatal++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            die_at_step(&f->at, fatal);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        struct db *db = scratch_open(&f->at, DB_WRITE, NULL);
        nothing_stands(db);
        assert_int_equal(scratch_one(db, "SELECT count(*) FROM pragma_integrity_check "
                                         "WHERE integrity_check = 'ok'"),
                         1);
        db_close(db);
    }
    f->db = scratch_open(&f->at, DB_WRITE, NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_step_runs_once),
        T(an_empty_list_is_fine),
        T(the_past_must_be_as_it_was),
        T(owners_do_not_meet),
        T(tables_come_go_and_change_their_names),
        T(a_table_may_have_everything),
        T(what_was_there_is_not_given_away),
        T(a_failure_undoes_the_whole_call),
        T(a_full_disk_undoes_the_whole_call),
        T(a_broken_foreign_key_undoes_the_whole_call),
        T(several_owners_as_one),
        T(dry_runs_leave_nothing),
        T(a_crash_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
