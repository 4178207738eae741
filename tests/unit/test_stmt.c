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

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_cache_is_by_owner),        T(the_cache_is_bounded),
        T(a_statement_comes_back_clean), T(values_come_back_as_they_went),
        T(one_statement_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
