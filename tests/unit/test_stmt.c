#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "store_scene.h"

static int prepare(struct db *db, const char *sql)
{
    struct stmt *s;
    int err = db_prepare(db, str_of(sql), &s);
    if (!err)
        stmt_done(s);
    return err;
}

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
    assert_int_equal(
        db_prepare(f->db, STR("SELECT ? AS i, ? AS r, ? AS t, ? AS b, ? AS n, ?"), &s),
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
    assert_int_equal(db_prepare(f->db, (struct str){"SELECT 1\0;", 10}, &s),
                     ERR_INVALID);
    assert_null(s);
    assert_int_equal(prepare(f->db, "SELECT 1 FROMM mine"), ERR_INVALID);
    assert_string_equal(db_message(f->db), "near \"mine\": syntax error (at byte 16)");
    assert_int_equal(prepare(f->db, "SELECT \"no string\""), ERR_INVALID);
}

/* --- rows handed on --- */

struct seen {
    int rows, stop_at, columns;
    int64_t sum;
    struct buf names;
};

static int see(void *ctx, const struct row *r)
{
    struct seen *s = ctx;
    int64_t n = 0;
    struct str name;
    s->columns = row_columns(r);
    if (row_text(r, 0, &name))
        buf_str(&s->names, name);
    if (row_int(r, 1, &n))
        s->sum += n;
    return ++s->rows == s->stop_at ? ERR_NOMEM : 0;
}

static int fold(struct fixture *f, const char *sql, struct seen *s)
{
    struct stmt *st;
    int stop = s->stop_at, err = db_prepare_fold(f->db, str_of(sql), &st);
    buf_clear(&s->names);
    *s = (struct seen){.stop_at = stop, .names = s->names};
    if (err)
        return err;
    if (stmt_params(st))
        stmt_int(st, 1, 2);
    err = stmt_fold(st, see, s);
    stmt_done(st);
    return err;
}

static void rows_are_handed_on(void **state)
{
    struct fixture *f = *state;
    struct seen s = {0};
    assert_int_equal(fold(f, "SELECT a, n FROM mine ORDER BY id", &s), 0);
    assert_true(s.rows == 2 && s.columns == 2 && s.sum == 3);
    assert_true(str_eq(buf_slice(&s.names), STR("onetwo")));
    static const char *const same[] = {
        "SELECT a, n FROM mine WHERE id = ?",
        "SELECT a, n FROM mine WHERE id = ?;",
        "SELECT a, n FROM mine WHERE id = ? ; -- and no more",
        "SELECT a, n FROM mine WHERE id = ? -- two",
        "WITH x AS (SELECT * FROM mine) SELECT a, n FROM x WHERE id = ?",
        "SELECT a, n FROM mine WHERE id = ? UNION ALL SELECT a, n FROM mine WHERE 0"};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_int_equal(fold(f, same[i], &s), 0);
        assert_true(s.rows == 1 && s.sum == 2);
        assert_true(str_eq(buf_slice(&s.names), STR("two")));
    }
    assert_int_equal(fold(f, "SELECT a, n FROM mine WHERE 0", &s), 0);
    assert_int_equal(s.rows, 0);
    assert_int_equal(fold(f, "SELECT n, a, NULL, 1.5 FROM mine", &s), 0);
    assert_true(s.rows == 2 && s.columns == 4 && s.sum == 0 && s.names.n == 0);
    buf_end(&s.names);
}

/* The same text stepped to is another statement. */
static void who_is_handed_rows_may_stop(void **state)
{
    struct fixture *f = *state;
    struct seen s = {.stop_at = 1};
    struct stmt *st;
    assert_int_equal(fold(f, "SELECT a, n FROM mine", &s), ERR_NOMEM);
    assert_int_equal(s.rows, 1);
    s.stop_at = 0;
    assert_int_equal(fold(f, "SELECT a, n FROM mine", &s), 0);
    assert_int_equal(s.rows, 2);
    assert_int_equal(db_prepare(f->db, STR("SELECT a, n FROM mine"), &st), 0);
    assert_int_equal(stmt_columns(st), 2);
    assert_int_equal(stmt_step(st), 1);
    stmt_done(st);
    buf_end(&s.names);
}

static void what_hands_rows_on_is_fenced(void **state)
{
    struct fixture *f = *state;
    struct seen s = {0};
    struct stmt *st;
    db_fence(f->db, &fence);
    assert_int_equal(fold(f, "SELECT a, n FROM mine", &s), 0);
    assert_int_equal(fold(f, "SELECT s, id FROM secret", &s), ERR_DENIED);
    assert_int_equal(fold(f, "SELECT 1, 2) SELECT s, 1 FROM secret --", &s),
                     ERR_INVALID);
    assert_int_equal(fold(f, "SELECT 1; SELECT 2", &s), ERR_INVALID);
    assert_int_equal(fold(f, " ", &s), ERR_INVALID);
    /* By itself the function is of no use. */
    assert_int_equal(
        db_prepare(f->db, STR("SELECT kordless_fold(a, n) FROM mine"), &st), 0);
    assert_int_equal(stmt_step(st), 1);
    assert_int_equal(stmt_type(st, 0), COL_NULL);
    stmt_done(st);
    buf_end(&s.names);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_cache_is_by_owner),        T(the_cache_is_bounded),
        T(a_statement_comes_back_clean), T(values_come_back_as_they_went),
        T(one_statement_at_a_time),      T(rows_are_handed_on),
        T(who_is_handed_rows_may_stop),  T(what_hands_rows_on_is_fenced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
