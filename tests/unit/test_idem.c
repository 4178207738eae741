#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/idem.h"
#include "guard/registry.h"
#include "guard/schema.h"
#include "store/db.h"
#include "store/sql.h"
#include "store_scratch.h"

enum { DAY = 24 * 3600 * 1000 };

struct scene {
    struct scratch at;
    struct db *db;
    struct idem *idem;
    struct arena arena;
    struct buf why;
    int status;
    struct str body;
};

static int scene_make(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    int ran = 0;
    scratch_make(&s->at);
    arena_init(&s->arena);
    s->idem = idem_new();
    *state = s;
    if (db_open(&s->db, s->at.path, DB_WRITE, &s->why) != 0 || migrate_init(s->db) != 0)
        return -1;
    return migrate_run(s->db, STR("runtime"), schema_migrations, schema_migrations_n,
                       false, &ran, &s->why);
}

static int scene_drop(void **state)
{
    struct scene *s = *state;
    db_close(s->db);
    idem_free(s->idem);
    arena_end(&s->arena);
    buf_end(&s->why);
    int gone = scratch_remove(&s->at);
    free(s);
    return gone;
}

static const struct pepper pepper = {.box_key = {1, 2, 3}};

static struct idem_key name(const char *org, const char *route, const char *key,
                            const char *body)
{
    struct idem_key k = {.route = str_of(route), .key = str_of(key), .pepper = &pepper};
    snprintf(k.org, sizeof(k.org), "%s", org);
    secret_hash(str_of(body), k.body);
    return k;
}

static enum idem_begin begin(struct scene *s, const struct idem_key *k, int64_t now)
{
    s->status = 0;
    s->body = STR("");
    return idem_begin(s->idem, s->db, k, now, &s->arena, &s->status, &s->body);
}

static void a_key_has_a_form(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'k', sizeof(text));
    assert_false(idem_valid((struct str){text, 0}));
    assert_false(idem_valid((struct str){NULL, 0}));
    assert_true(idem_valid((struct str){text, 1}));
    assert_true(idem_valid((struct str){text, 255}));
    assert_false(idem_valid((struct str){text, 256}));
    for (int c = 0; c < 256; c++) {
        text[1] = (char)c;
        assert_int_equal(idem_valid((struct str){text, 3}), c >= 0x20 && c <= 0x7E);
        assert_int_equal(idem_valid((struct str){text + 1, 2}), c > 0x20 && c <= 0x7E);
        assert_int_equal(idem_valid((struct str){text, 2}), c > 0x20 && c <= 0x7E);
    }
}

static void the_second_waits_and_then_gets_the_same_answer(void **state)
{
    struct scene *s = *state;
    struct idem_key k = name("org_a", "POST /b", "k1", "{}");
    assert_int_equal(begin(s, &k, 1000), IDEM_NEW);
    assert_int_equal(begin(s, &k, 1000), IDEM_RUNNING);
    assert_int_equal(idem_store(s->db, &k, 201, STR("{\"booking\":1}"), 1000), 0);
    assert_int_equal(begin(s, &k, 1001), IDEM_REPLAY); /* durable is enough */
    idem_end(s->idem, &k);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(begin(s, &k, 1001), IDEM_REPLAY);
        assert_int_equal(s->status, 201);
        assert_true(str_eq(s->body, STR("{\"booking\":1}")));
    }
    struct idem_key other = name("org_a", "POST /b", "k1", "{ }");
    assert_int_equal(begin(s, &other, 1001), IDEM_MISMATCH);
    assert_int_equal(begin(s, &k, 1001), IDEM_REPLAY);
}

static void a_failure_leaves_the_way_free(void **state)
{
    struct scene *s = *state;
    struct idem_key k = name("org_a", "POST /b", "k1", "{}");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(begin(s, &k, 1000), IDEM_NEW);
        idem_end(s->idem, &k);
    }
    idem_end(s->idem, &k); /* without a mark: nothing */
}

static void the_scope_is_organization_route_and_key(void **state)
{
    struct scene *s = *state;
    const struct idem_key all[] = {
        name("org_a", "POST /b", "k1", "{}"),   name("org_b", "POST /b", "k1", "{}"),
        name("org_a", "POST /b/c", "k1", "{}"), name("org_a", "POST /b", "k2", "{}"),
        name("org_a", "POST /b", "K1", "{}"),   name("org_a", "POST /", "bk1", "{}"),
    };
    const size_t n = sizeof(all) / sizeof(all[0]);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(begin(s, &all[i], 1), IDEM_NEW);
    for (size_t i = 0; i < n; i++) {
        char body[8];
        snprintf(body, sizeof(body), "%zu", i);
        assert_int_equal(begin(s, &all[i], 1), IDEM_RUNNING);
        assert_int_equal(idem_store(s->db, &all[i], 201, str_of(body), 1), 0);
        idem_end(s->idem, &all[i]);
    }
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(begin(s, &all[i], 2), IDEM_REPLAY);
        assert_int_equal(s->body.p[0], '0' + (int)i);
    }
}

static void an_answer_stands_for_a_day(void **state)
{
    struct scene *s = *state;
    struct idem_key k = name("org_a", "POST /b", "k1", "{}");
    struct idem_key other = name("org_a", "POST /b", "k1", "[]");
    assert_int_equal(idem_store(s->db, &k, 201, STR("one"), 5000), 0);
    assert_int_equal(idem_store(s->db, &other, 201, STR("two"), 5000 + DAY - 1),
                     ERR_EXISTS);
    assert_int_equal(begin(s, &k, 5000 + DAY - 1), IDEM_REPLAY);
    assert_true(str_eq(s->body, STR("one")));
    assert_int_equal(begin(s, &other, 5000 + DAY), IDEM_NEW);
    assert_int_equal(idem_store(s->db, &other, 422, STR("two"), 5000 + DAY), 0);
    idem_end(s->idem, &other);
    assert_int_equal(begin(s, &other, 5000 + DAY), IDEM_REPLAY);
    assert_int_equal(s->status, 422);
    assert_true(str_eq(s->body, STR("two")));
}

static void the_sweep_drops_the_old(void **state)
{
    struct scene *s = *state;
    struct idem_key old = name("org_a", "POST /b", "old", "{}");
    struct idem_key young = name("org_a", "POST /b", "young", "{}");
    assert_int_equal(idem_store(s->db, &old, 201, STR("1"), 1000), 0);
    assert_int_equal(idem_store(s->db, &young, 201, STR("2"), 1001), 0);
    assert_int_equal(idem_sweep(s->db, 1000 + DAY), 0);
    /* looked at from the past, where both would stand */
    assert_int_equal(begin(s, &old, 2000), IDEM_NEW);
    assert_int_equal(begin(s, &young, 2000), IDEM_REPLAY);
    idem_end(s->idem, &old);
}

static void bodies_are_bytes(void **state)
{
    struct scene *s = *state;
    struct idem_key k = name("org_a", "POST /b", "k", "{}");
    assert_int_equal(idem_store(s->db, &k, 422, (struct str){NULL, 0}, 1), 0);
    assert_int_equal(begin(s, &k, 2), IDEM_REPLAY);
    assert_int_equal(s->body.n, 0);
    k = name("org_a", "POST /b", "k2", "{}");
    assert_int_equal(idem_store(s->db, &k, 201, (struct str){"a\0b\xFF", 4}, 1), 0);
    assert_int_equal(begin(s, &k, 2), IDEM_REPLAY);
    assert_true(str_eq(s->body, (struct str){"a\0b\xFF", 4}));
}

static void an_answer_is_sealed(void **state)
{
    struct scene *s = *state;
    static const struct pepper other = {.box_key = {3, 2, 1}};
    struct idem_key k = name("org_a", "POST /b", "k", "{}");
    int64_t clear;
    assert_int_equal(idem_store(s->db, &k, 201, STR("a link: xyz"), 1), 0);
    assert_int_equal(
        sql_number(s->db,
                   STR("SELECT COUNT(*) FROM idempotency WHERE instr(answer, ?)"),
                   SQL_WITH(sql_blob("link", 4)), &clear),
        0);
    assert_int_equal(clear, 0);
    k.pepper = &other;
    assert_int_equal(begin(s, &k, 2), IDEM_ERROR);
    k.pepper = &pepper;
    assert_int_equal(begin(s, &k, 2), IDEM_REPLAY);
    assert_true(str_eq(s->body, STR("a link: xyz")));
}

static void a_store_that_cannot_be_read_leaves_no_mark(void **state)
{
    struct scene *s = *state;
    struct idem_key k = name("org_a", "POST /b", "k", "{}");
    assert_int_equal(db_exec(s->db, "ALTER TABLE idempotency RENAME TO away"), 0);
    assert_int_equal(begin(s, &k, 2), IDEM_ERROR);
    assert_int_equal(db_exec(s->db, "ALTER TABLE away RENAME TO idempotency"), 0);
    assert_int_equal(begin(s, &k, 2), IDEM_NEW);
    idem_end(s->idem, &k);
}

/* ---- threads: each with a connection of its own, as workers have ---- */

enum { KEYS = 200, THREADS = 3 };

struct crowd {
    struct scene *s;
    atomic_int made[KEYS], wrong;
};

static void *repeat(void *arg)
{
    struct crowd *c = arg;
    struct buf why = {0};
    struct arena arena;
    struct db *db;
    arena_init(&arena);
    if (db_open(&db, c->s->at.path, DB_READ, &why) != 0)
        abort();
    for (int i = 0; i < KEYS; i++) {
        char text[16];
        int status;
        struct str body;
        snprintf(text, sizeof(text), "key %d", i);
        struct idem_key k = name("org_a", "POST /b", text, "{}");
        enum idem_begin got = idem_begin(c->s->idem, db, &k, 1, &arena, &status, &body);
        if (got == IDEM_NEW && atomic_fetch_add(&c->made[i], 1) != 0)
            atomic_fetch_add(&c->wrong, 1);
        if (got != IDEM_NEW && got != IDEM_RUNNING)
            atomic_fetch_add(&c->wrong, 1);
        arena_reset(&arena);
    }
    db_close(db);
    arena_end(&arena);
    buf_end(&why);
    return NULL;
}

static void of_many_at_once_one_is_first(void **state)
{
    struct crowd c = {.s = *state};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, repeat, &c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&c.wrong), 0);
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(atomic_load(&c.made[i]), 1);
    /* the marks that are left go with idem_free */
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_make, scene_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_a_form),
        SCENE(the_second_waits_and_then_gets_the_same_answer),
        SCENE(a_failure_leaves_the_way_free),
        SCENE(the_scope_is_organization_route_and_key),
        SCENE(an_answer_stands_for_a_day),
        SCENE(the_sweep_drops_the_old),
        SCENE(bodies_are_bytes),
        SCENE(an_answer_is_sealed),
        SCENE(a_store_that_cannot_be_read_leaves_no_mark),
        SCENE(of_many_at_once_one_is_first),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
