#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guard/denials.h"
#include "guard/keyring.h"
#include "guard/schema.h"
#include "guard/usage.h"
#include "store/migrate.h"
#include "store_scratch.h"

struct scene {
    struct scratch scratch;
    struct db *db;
    struct usage *u;
    struct denials *d;
    struct arena a;
    struct key keys[DENIALS_KEYS + 10];
    struct denial_row *rows;
    int n;
};

static int scene_make(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    int ran;
    scratch_make(&s->scratch);
    s->db = scratch_open(&s->scratch, DB_WRITE, NULL);
    arena_init(&s->a);
    for (int i = 0; i < DENIALS_KEYS + 10; i++)
        snprintf(s->keys[i].id, ID_MAX, "key_%d", i);
    if (migrate_init(s->db) || migrate_run(s->db, STR("kordless"), schema_migrations,
                                           schema_migrations_n, false, &ran, NULL))
        return -1;
    s->u = usage_new();
    s->d = denials_new(s->u);
    *state = s;
    return denials_open(s->d, s->db);
}

static int scene_drop(void **state)
{
    struct scene *s = *state;
    denials_free(s->d);
    usage_free(s->u);
    arena_end(&s->a);
    db_close(s->db);
    scratch_remove(&s->scratch);
    free(s);
    return 0;
}

static void refuse(struct scene *s, int key, int64_t at)
{
    struct denial d = {.at_ms = at,
                       .wait_ms = at + 1,
                       .used = 7,
                       .limit = 5,
                       .rule = DENIAL_HOUR,
                       .route = usage_route(s->u, STR("GET /a"))};
    d.address.s6_addr[15] = 9;
    memcpy(d.request_id, "req_1", sizeof("req_1"));
    denials_add(s->d, &s->keys[key], &d);
}

static void flush(struct scene *s, bool fails)
{
    assert_true(denials_take(s->d));
    assert_int_equal(db_begin(s->db), 0);
    assert_int_equal(denials_flush(s->d, s->db), 0);
    if (fails) {
        db_rollback(s->db);
        return;
    }
    assert_int_equal(db_commit(s->db), 0);
    denials_flushed(s->d);
}

static void look(struct scene *s, int key)
{
    assert_int_equal(denials_read(s->d, s->db, &s->keys[key], &s->a, &s->rows, &s->n),
                     0);
}

static void the_last_fifty_from_memory_and_store(void **state)
{
    struct scene *s = *state;
    look(s, 0);
    assert_int_equal(s->n, 0);
    for (int i = 1; i <= 30; i++)
        refuse(s, 0, i);
    look(s, 0);
    assert_int_equal(s->n, 30);
    flush(s, false);
    assert_false(denials_take(s->d));
    for (int i = 31; i <= 100; i++)
        refuse(s, 0, i);
    look(s, 0);
    assert_int_equal(s->n, 50);
    for (int i = 0; i < 50; i++)
        assert_int_equal(s->rows[i].d.at_ms, 100 - i);
    flush(s, false);
    refuse(s, 0, 101);
    flush(s, false);
    look(s, 0);
    assert_int_equal(s->n, 50);
    assert_int_equal(s->rows[0].d.at_ms, 101);
    assert_int_equal(s->rows[49].d.at_ms, 52);
    assert_int_equal(scratch_one(s->db, "SELECT count(*) FROM denial"), 50);
    look(s, 1);
    assert_int_equal(s->n, 0);
}

static void all_of_it_comes_back_after_a_restart(void **state)
{
    struct scene *s = *state;
    refuse(s, 0, 5);
    flush(s, false);
    denials_free(s->d);
    s->d = denials_new(s->u);
    assert_int_equal(denials_open(s->d, s->db), 0);
    refuse(s, 0, 4); /* the clock was set back; it is newer all the same */
    look(s, 0);
    assert_int_equal(s->n, 2);
    assert_int_equal(s->rows[0].d.at_ms, 4);
    const struct denial_row *r = &s->rows[1];
    assert_int_equal(r->d.at_ms, 5);
    assert_int_equal(r->d.wait_ms, 6);
    assert_int_equal(r->d.used, 7);
    assert_int_equal(r->d.limit, 5);
    assert_int_equal(r->d.rule, DENIAL_HOUR);
    assert_int_equal(r->d.address.s6_addr[15], 9);
    assert_string_equal(r->d.request_id, "req_1");
    assert_true(str_eq(r->route, STR("GET /a")));
}

static void a_transaction_that_fails_is_written_again(void **state)
{
    struct scene *s = *state;
    refuse(s, 0, 1);
    flush(s, true);
    refuse(s, 0, 2);
    look(s, 0);
    assert_int_equal(s->n, 2);
    flush(s, false); /* the first batch; what came since waits */
    look(s, 0);
    assert_int_equal(s->n, 2);
    assert_int_equal(scratch_one(s->db, "SELECT count(*) FROM denial"), 1);
    flush(s, false);
    assert_int_equal(scratch_one(s->db, "SELECT count(*) FROM denial"), 2);
}

static void memory_is_bounded(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < DENIALS_KEYS + 10; i++)
        for (int k = 0; k < 60; k++)
            refuse(s, i, k);
    look(s, DENIALS_KEYS - 1);
    assert_int_equal(s->n, 50);
    look(s, DENIALS_KEYS);
    assert_int_equal(s->n, 0);
    flush(s, false);
    assert_int_equal(scratch_one(s->db, "SELECT count(*) FROM denial"),
                     50 * DENIALS_KEYS);
    refuse(s, DENIALS_KEYS, 1); /* and then there is room again */
    look(s, DENIALS_KEYS);
    assert_int_equal(s->n, 1);
}

static int64_t stored(struct scene *s)
{
    return scratch_one(s->db, "SELECT count(*) FROM denial");
}

/* As many keys as there ever were have 200,000 rows and no more; the oldest make room.
 * A transaction that failed has changed no count, nor has a restart. */
static void the_store_is_bounded(void **state)
{
    struct scene *s = *state;
    assert_int_equal(
        db_exec(s->db,
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                " WHERE i < 199990) INSERT INTO denial (key, id, at, wait, used,"
                " most, scope, route, rule, address, request_id)"
                " SELECT 1000 + i % 5000, i, 0, 0, 0, 0, 0, 1, 1, x'00', '' FROM n"),
        0);
    denials_free(s->d);
    s->d = denials_new(s->u);
    assert_int_equal(denials_open(s->d, s->db), 0);
    for (int i = 0; i < 10; i++)
        refuse(s, 0, i);
    flush(s, false);
    assert_int_equal(stored(s), DENIALS_ROWS);
    assert_int_equal(scratch_one(s->db, "SELECT min(id) FROM denial"), 1);
    for (int i = 0; i < 3 * DENIALS_KEPT; i++)
        refuse(s, i % 3, i);
    flush(s, true);
    assert_int_equal(stored(s), DENIALS_ROWS);
    flush(s, false); /* 150 came, and 10 of the first key went for them */
    assert_int_equal(stored(s), DENIALS_ROWS);
    assert_int_equal(scratch_one(s->db, "SELECT min(id) FROM denial"), 141);
    denials_free(s->d);
    s->d = denials_new(s->u);
    assert_int_equal(denials_open(s->d, s->db), 0);
    refuse(s, 4, 1);
    flush(s, false);
    assert_int_equal(stored(s), DENIALS_ROWS);
    look(s, 0);
    assert_int_equal(s->n, DENIALS_KEPT);
}

static void *press(void *arg)
{
    struct scene *s = arg;
    for (int i = 0; i < 20000; i++)
        refuse(s, i % 20, i);
    return NULL;
}

static void threads_share_it(void **state)
{
    struct scene *s = *state;
    pthread_t threads[3];
    refuse(s, 0, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, press, s), 0);
    for (int i = 0; i < 20; i++)
        if (denials_take(s->d)) {
            assert_int_equal(db_begin(s->db), 0);
            assert_int_equal(denials_flush(s->d, s->db), 0);
            assert_int_equal(db_commit(s->db), 0);
            denials_flushed(s->d);
        }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 20; i++) {
        look(s, i);
        assert_int_equal(s->n, 50);
    }
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, scene_make, scene_drop)
    const struct CMUnitTest tests[] = {
        SCENE(the_last_fifty_from_memory_and_store),
        SCENE(all_of_it_comes_back_after_a_restart),
        SCENE(a_transaction_that_fails_is_written_again),
        SCENE(memory_is_bounded),
        SCENE(the_store_is_bounded),
        SCENE(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
