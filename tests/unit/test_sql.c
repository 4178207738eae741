#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/sql.h"
#include "store_scratch.h"

struct scene {
    struct scratch at;
    struct db *db;
};

static int scene_make(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    db_fail_after(0, 0); /* the shim must be there before a connection is */
    scratch_make(&s->at);
    s->db = scratch_open(&s->at, DB_WRITE,
                         "CREATE TABLE t (id INTEGER PRIMARY KEY, v ANY, of INTEGER"
                         " REFERENCES t (id)) STRICT;"
                         "INSERT INTO t (id, v) VALUES (1, 'one'), (2, NULL)");
    *state = s;
    return 0;
}

static int scene_drop(void **state)
{
    struct scene *s = *state;
    db_close(s->db);
    scratch_remove(&s->at);
    free(s);
    return 0;
}

/* What SQLite sees of a value that was bound. */
static const char *seen(struct scene *s, struct sql_value v, char out[40])
{
    struct stmt *q;
    assert_int_equal(
        sql_row(s->db, STR("SELECT typeof(?1) || ' ' || quote(?1)"), SQL_WITH(v), &q),
        0);
    assert_int_equal(str_cstr(stmt_get(q, 0), out, 40), 0);
    stmt_done(q);
    return out;
}

static void values_arrive_as_what_they_are(void **state)
{
    struct scene *s = *state;
    char out[40];
    assert_string_equal(seen(s, sql_int(INT64_MIN), out),
                        "integer -9223372036854775808");
    assert_string_equal(seen(s, sql_null(), out), "null NULL");
    assert_string_equal(seen(s, sql_text(STR("a'b")), out), "text 'a''b'");
    assert_string_equal(seen(s, sql_text(STR("")), out), "text ''");
    assert_string_equal(seen(s, sql_text(str_of(NULL)), out), "null NULL");
    assert_string_equal(seen(s, sql_some(STR("a")), out), "text 'a'");
    assert_string_equal(seen(s, sql_some(STR("")), out), "null NULL");
    assert_string_equal(seen(s, sql_full(STR("a")), out), "text 'a'");
    assert_string_equal(seen(s, sql_full(str_of(NULL)), out), "text ''");
    assert_string_equal(seen(s, sql_time(7), out), "integer 7");
    assert_string_equal(seen(s, sql_time(0), out), "null NULL");
    assert_string_equal(seen(s, sql_blob("\0\x01", 2), out), "blob X'0001'");
}

static void several_stand_in_their_order(void **state)
{
    struct scene *s = *state;
    int64_t n;
    assert_int_equal(sql_number(s->db, STR("SELECT ?1 * 100 + ?2 * 10 + ?3"),
                                SQL_WITH(sql_int(1), sql_int(2), sql_int(3)), &n),
                     0);
    assert_int_equal(n, 123);
}

static void one_row_or_none(void **state)
{
    struct scene *s = *state;
    struct stmt *q;
    const struct str text = STR("SELECT v FROM t WHERE id = ?");
    for (int turn = 0; turn < 3; turn++) {
        assert_int_equal(sql_row(s->db, text, SQL_WITH(sql_int(1)), &q), 0);
        assert_true(str_eq(stmt_get(q, 0), STR("one")));
        stmt_done(q);
        assert_int_equal(sql_row(s->db, text, SQL_WITH(sql_int(9)), &q), ERR_NOT_FOUND);
    }
    assert_int_equal(db_exec(s->db, "DROP TABLE t"), 0); /* nobody reads it any more */
}

static void a_number_or_nothing(void **state)
{
    struct scene *s = *state;
    const struct str text = STR("SELECT v FROM t WHERE id = ?");
    int64_t n = 7;
    assert_int_equal(sql_number(s->db, text, SQL_WITH(sql_int(2)), &n), 0);
    assert_int_equal(n, 0); /* NULL */
    n = 7;
    assert_int_equal(sql_number(s->db, text, SQL_WITH(sql_int(9)), &n), ERR_NOT_FOUND);
    assert_int_equal(n, 0);
    assert_int_equal(
        sql_number(s->db, STR("SELECT id FROM t ORDER BY id"), SQL_ALONE, &n), 0);
    assert_int_equal(n, 1); /* of the first of several */
}

static void many_rows_are_stepped_by_who_asked(void **state)
{
    struct scene *s = *state;
    struct stmt *q;
    int got, n = 0;
    assert_int_equal(sql_open(s->db, STR("SELECT id FROM t WHERE id <= ?"),
                              SQL_WITH(sql_int(2)), &q),
                     0);
    while ((got = stmt_step(q)) == 1)
        n++;
    stmt_done(q);
    assert_int_equal(got, 0);
    assert_int_equal(n, 2);
}

static void what_is_run_is_done_whole(void **state)
{
    struct scene *s = *state;
    assert_int_equal(sql_run(s->db, STR("UPDATE t SET v = ? RETURNING id"),
                             SQL_WITH(sql_text(STR("all")))),
                     0);
    assert_int_equal(db_changes(s->db), 2);
    assert_int_equal(sql_run(s->db, STR("DELETE FROM t WHERE id = 9"), SQL_ALONE), 0);
    assert_int_equal(db_changes(s->db), 0);
}

/* The row that RETURNING gives comes before a foreign key that does not hold is told.
 */
static void a_broken_reference_is_told(void **state)
{
    struct scene *s = *state;
    int64_t n;
    const struct str text = STR("INSERT INTO t (id, of) VALUES (?1, ?2) RETURNING id");
    assert_int_equal(sql_number(s->db, text, SQL_WITH(sql_int(3), sql_int(77)), &n),
                     ERR_CONSTRAINT);
    assert_int_equal(sql_run(s->db, text, SQL_WITH(sql_int(3), sql_int(77))),
                     ERR_CONSTRAINT);
    assert_int_equal(scratch_one(s->db, "SELECT count(*) FROM t"), 2);
}

static void errors_come_through_and_leave_nothing(void **state)
{
    struct scene *s = *state;
    struct stmt *q;
    int64_t n;
    const struct str add = STR("INSERT INTO t (id) VALUES (?)");
    assert_int_equal(sql_run(s->db, STR("SELEKT 1"), SQL_ALONE), ERR_INVALID);
    assert_int_equal(sql_open(s->db, STR("SELECT 1 FROM moon"), SQL_ALONE, &q),
                     ERR_INVALID);
    assert_int_equal(sql_row(s->db, STR("SELECT 1 FROM moon"), SQL_ALONE, &q),
                     ERR_INVALID);
    assert_int_equal(sql_run(s->db, add, SQL_WITH(sql_int(1))), ERR_EXISTS);
    db_fail_after(-1, ERR_FULL);
    assert_int_equal(sql_run(s->db, add, SQL_WITH(sql_int(3))), ERR_FULL);
    assert_int_equal(sql_number(s->db, STR("INSERT INTO t (id) VALUES (?) RETURNING 1"),
                                SQL_WITH(sql_int(3)), &n),
                     ERR_FULL);
    db_fail_after(0, 0);
    assert_int_equal(sql_run(s->db, add, SQL_WITH(sql_int(3))), 0);
}

/* More values than places is a mistake that must not pass for the statement meant. */
static void values_too_many_are_refused(void **state)
{
    struct scene *s = *state;
    int64_t n;
    assert_int_equal(
        sql_number(s->db, STR("SELECT ?"), SQL_WITH(sql_int(1), sql_int(2)), &n),
        ERR_INVALID);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_make, scene_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(values_arrive_as_what_they_are),
        SCENE(several_stand_in_their_order),
        SCENE(one_row_or_none),
        SCENE(a_number_or_nothing),
        SCENE(many_rows_are_stepped_by_who_asked),
        SCENE(what_is_run_is_done_whole),
        SCENE(a_broken_reference_is_told),
        SCENE(errors_come_through_and_leave_nothing),
        SCENE(values_too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
