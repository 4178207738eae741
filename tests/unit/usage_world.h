#ifndef KORDLESS_TESTS_USAGE_WORLD_H
#define KORDLESS_TESTS_USAGE_WORLD_H

/* Two organizations with keys, and what was counted of them, in a store. Include behind
 * cmocka.h. */

#include <stdlib.h>
#include <string.h>

#include "guard/keyring.h"
#include "guard/schema.h"
#include "guard/usage.h"
#include "store/migrate.h"
#include "store_scratch.h"

#define MINUTE ((int64_t)60 * 1000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum { KEYS = 40 };

struct scene {
    struct scratch scratch;
    struct db *db;
    struct usage *u;
    struct tally *t;
    struct arena a;
    struct org org[2];
    struct key key[KEYS]; /* the even ones of org[0] */
    uint16_t route[3];
    uint64_t counted; /* requests since the scene began */
};

static inline void make_rows(struct scene *s)
{
    char sql[300];
    for (int i = 0; i < 2; i++) {
        snprintf(s->org[i].id, ID_MAX, "org_%d", i);
        snprintf(sql, sizeof(sql),
                 "INSERT INTO organization (id, name, slug, created_at)"
                 " VALUES ('org_%d', 'o', 's%d', 0)",
                 i, i);
        assert_int_equal(db_exec(s->db, sql), 0);
    }
    for (int i = 0; i < KEYS; i++) {
        s->key[i].org = &s->org[i % 2];
        snprintf(s->key[i].id, ID_MAX, "key_%02d", i);
        snprintf(sql, sizeof(sql),
                 "INSERT INTO api_key (id, organization_id, digest, last4, created_at)"
                 " VALUES ('key_%02d', 'org_%d', randomblob(32), '%04d', 0)",
                 i, i % 2, i);
        assert_int_equal(db_exec(s->db, sql), 0);
    }
}

static inline int scene_make(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    int ran;
    db_fail_after(0, 0);
    scratch_make(&s->scratch);
    s->db = scratch_open(&s->scratch, DB_WRITE, NULL);
    arena_init(&s->a);
    if (migrate_init(s->db) || migrate_run(s->db, STR("kordless"), schema_migrations,
                                           schema_migrations_n, false, &ran, NULL))
        return -1;
    make_rows(s);
    s->u = usage_new();
    s->t = tally_new(TALLY_MAX);
    s->route[0] = usage_route(s->u, STR("GET /a"));
    s->route[1] = usage_route(s->u, STR("POST /a"));
    s->route[2] = usage_route(s->u, STR("GET /b/{id}"));
    *state = s;
    return 0;
}

static inline int scene_drop(void **state)
{
    struct scene *s = *state;
    db_fail_after(0, 0);
    usage_free(s->u);
    tally_free(s->t);
    arena_end(&s->a);
    db_close(s->db);
    scratch_remove(&s->scratch);
    free(s);
    return 0;
}

static inline void count(struct scene *s, int key, int route, enum outcome o,
                         int64_t at_ms, uint64_t n)
{
    struct cell c = {.key = &s->key[key],
                     .minute = (uint32_t)(at_ms / MINUTE),
                     .route = s->route[route],
                     .outcome = (uint16_t)o,
                     .n = n,
                     .cost = o == OUTCOME_REFUSED ? 0 : n};
    tally_add(s->t, &c);
    s->counted += n;
}

static inline void flush(struct scene *s)
{
    usage_collect(s->u, s->t);
    assert_int_equal(db_begin(s->db), 0);
    assert_int_equal(usage_flush(s->u, s->db), 0);
    assert_int_equal(db_commit(s->db), 0);
    usage_flushed(s->u);
    assert_int_equal(usage_waiting(s->u), 0);
}

static inline struct usage_query query(enum usage_step step, int64_t from, int64_t to,
                                       enum usage_by by)
{
    return (struct usage_query){.organization = STR("org_0"),
                                .step = step,
                                .from_ms = from,
                                .to_ms = to,
                                .by = by,
                                .most = 1000};
}

static inline size_t looked(struct scene *s, const struct usage_query *q,
                            struct usage_row **rows)
{
    size_t n;
    assert_int_equal(usage_read(s->db, q, &s->a, rows, &n), 0);
    return n;
}

static inline void is_row(const struct usage_row *r, int64_t at, const char *name,
                          int64_t n, int64_t refused)
{
    assert_int_equal(r->at_ms, at);
    assert_true(str_eq(r->name, str_of(name)));
    assert_int_equal(r->n, n);
    assert_int_equal(r->refused, refused);
    assert_int_equal(r->cost, n - refused);
}

/* All three steps hold all that was ever counted. */
static inline void sums_are(struct scene *s, uint64_t n)
{
    assert_int_equal(scratch_one(s->db, "SELECT sum(n) FROM usage WHERE step = 1"), n);
    assert_int_equal(scratch_one(s->db, "SELECT sum(n) FROM usage WHERE step = 2"), n);
    assert_int_equal(scratch_one(s->db, "SELECT sum(n) FROM usage WHERE step = 3"), n);
}

#define SCENE(f) cmocka_unit_test_setup_teardown(f, scene_make, scene_drop)

#endif
