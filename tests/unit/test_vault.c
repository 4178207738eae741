#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "guard/schema.h"
#include "guard/vault.h"
#include "store_scratch.h"

struct store {
    struct scratch scratch;
    struct db *db;
    struct buf why;
};

static int begin(void **state)
{
    struct store *s = calloc(1, sizeof(*s));
    int ran;
    if (!s)
        return -1;
    scratch_make(&s->scratch);
    buf_init(&s->why);
    s->db = scratch_open(&s->scratch, DB_WRITE, NULL);
    *state = s;
    return migrate_init(s->db) ||
           migrate_run(s->db, STR("kordless"), schema_migrations, schema_migrations_n,
                       false, &ran, &s->why);
}

static int end(void **state)
{
    struct store *s = *state;
    db_close(s->db);
    scratch_remove(&s->scratch);
    buf_end(&s->why);
    free(s);
    return 0;
}

static struct pepper pepper = {.hash_key = {1, 2, 3}, .box_key = {4, 5, 6}};

static void names_are_plugin_and_word(void **state)
{
    (void)state;
    assert_true(vault_name_ok(STR("mailer.api_token")));
    assert_true(vault_name_ok(STR("a.b")));
    static const char *const bad[] = {"",      "a",   ".",     "a.",   ".b",
                                      "a.b.c", "A.b", "a b.c", "a-b.c"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(vault_name_ok(str_of(bad[i])));
    char name[VAULT_NAME_MAX + 2];
    memset(name, 'a', sizeof(name));
    name[3] = '.';
    assert_true(vault_name_ok((struct str){name, VAULT_NAME_MAX}));
    assert_false(vault_name_ok((struct str){name, VAULT_NAME_MAX + 1}));
}

static void memory_keeps_the_last_value_sorted(void **state)
{
    struct arena a;
    struct buf got;
    struct vault *v = vault_new();
    int n;
    (void)state;
    arena_init(&a);
    buf_init(&got);
    for (int i = 99; i >= 0; i--) {
        char name[16];
        snprintf(name, sizeof(name), "p.n%02d", i);
        vault_set(v, str_of(name), STR("old"), 1);
    }
    vault_set(v, STR("p.n07"), STR("new"), 2);
    vault_set(v, STR("p.n08"), STR(""), 3);
    assert_true(vault_get(v, STR("p.n07"), &got));
    assert_true(str_eq(buf_slice(&got), STR("new")));
    assert_false(vault_get(v, STR("p.n08"), &got));
    assert_false(vault_get(v, STR("p.n0"), &got));
    struct vault_entry *list = vault_list(v, &a, &n);
    assert_int_equal(n, 99);
    for (int i = 1; i < n; i++)
        assert_true(strcmp(list[i - 1].name.p, list[i].name.p) < 0);
    assert_int_equal(list[7].at_ms, 2);
    vault_free(v);
    buf_end(&got);
    arena_end(&a);
}

static int put(struct db *db, const char *name, const char *value, int64_t now)
{
    struct buf box;
    buf_init(&box);
    secret_box(&pepper, str_of(value), &box);
    int err = vault_row_put(db, str_of(name), buf_slice(&box), now, STR("operator"));
    buf_end(&box);
    return err;
}

static void rows_come_back_under_the_same_pepper_only(void **state)
{
    struct store *s = *state;
    struct pepper other = {.hash_key = {1, 2, 3}, .box_key = {9}};
    struct vault *v = vault_new();
    struct buf got;
    buf_init(&got);
    assert_int_equal(put(s->db, "a.one", "first", 10), 0);
    assert_int_equal(put(s->db, "a.one", "second", 20), 0);
    assert_int_equal(put(s->db, "b.two", "other", 30), 0);
    assert_int_equal(vault_row_drop(s->db, STR("b.two"), 40, STR("operator")), 0);
    assert_int_equal(vault_row_drop(s->db, STR("b.two"), 50, STR("operator")),
                     ERR_NOT_FOUND);
    assert_int_equal(vault_load(v, s->db, &pepper), 0);
    assert_true(vault_get(v, STR("a.one"), &got));
    assert_true(str_eq(buf_slice(&got), STR("second")));
    assert_false(vault_get(v, STR("b.two"), &got));
    assert_int_equal(vault_load(v, s->db, &other), ERR_CORRUPT);
    vault_free(v);
    buf_end(&got);
}

static void a_thousand_are_the_most(void **state)
{
    struct store *s = *state;
    char name[24];
    assert_int_equal(db_exec(s->db, "BEGIN"), 0);
    for (int i = 0; i < VAULT_MAX; i++) {
        snprintf(name, sizeof(name), "p.n%d", i);
        assert_int_equal(put(s->db, name, "x", 1), 0);
    }
    assert_int_equal(put(s->db, "p.more", "x", 1), ERR_TOO_LARGE);
    assert_int_equal(put(s->db, "p.n7", "y", 1), 0);
    assert_int_equal(db_exec(s->db, "COMMIT"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_plugin_and_word),
        cmocka_unit_test(memory_keeps_the_last_value_sorted),
        cmocka_unit_test_setup_teardown(rows_come_back_under_the_same_pepper_only,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_thousand_are_the_most, begin, end),
    };
    if (secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
