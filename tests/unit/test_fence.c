#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "store_scene.h"

static const struct fence fence_ddl = {writes, reads, 1, 2, true};

static void refused(struct db *db, const char *sql, const char *name)
{
    int err = run(db, sql);
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
        {"INSERT INTO mine VALUES (1, 1, 1) ON CONFLICT DO UPDATE SET a=(SELECT s FROM "
         "secret)",
         "secret"},
        {"INSERT INTO mine VALUES (7, 7, 7) RETURNING (SELECT s FROM secret)",
         "secret"},
        {"SELECT * FROM sqlite_schema", "sqlite_master"},
        {"SELECT count(*) FROM sqlite_master", "sqlite_master"},
        {"SELECT * FROM sqlite_temp_schema", "sqlite_temp"},
        {"SELECT * FROM pragma_table_info('secret')", "table"},
        {"SELECT count(*) FROM pragma_table_list", "table"},
        {"SELECT count(*) FROM dbstat", "table"},
        {"SELECT count(*) FROM sqlite_stmt", "table"},
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
    allowed(f->db, "SELECT count(*) FROM pragma_table_list");
    db_fence(f->db, &fence);
    refused(f->db, "SELECT count(*) FROM pragma_table_list", "pragma_table_list");
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
    allowed(f->db,
            "INSERT INTO mine VALUES (1, 'u', 1) ON CONFLICT(id) DO UPDATE SET a='u'");
    allowed(f->db, "INSERT INTO mine(a) VALUES ('r') RETURNING id, a");
    allowed(f->db, "DELETE FROM mine WHERE id > 1");
    allowed(f->db, "UPDATE mine SET n = (SELECT count(*) FROM other)");
    allowed(f->db, "WITH t(x) AS (SELECT 1) SELECT count(*) FROM t");
    allowed(f->db,
            "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM t WHERE x<9)"
            " SELECT count(*) FROM t");
    allowed(f->db, "WITH t(x) AS (SELECT 1) SELECT a FROM mine, t");
    allowed(f->db, "SELECT count(*) FROM (SELECT a FROM mine) AS s");
    allowed(f->db, "SELECT value FROM json_each('[1,2]')");
    allowed(f->db, "SELECT row_number() OVER (ORDER BY a) FROM mine");
}

static void triggers_keep_to_the_lists(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(db_exec(f->db,
                             "CREATE TRIGGER good AFTER UPDATE OF n ON mine BEGIN"
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

/* After a change of the schema SQLite compiles again inside the step; also then the
 * owner counts, not who happens to be fenced in at that moment. */
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

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_fence_refuses),           T(the_fence_lets_through),
        T(triggers_keep_to_the_lists),  T(a_migration_shapes_only_its_own),
        T(recompiling_keeps_the_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
