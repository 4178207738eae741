#ifndef KORDLESS_TESTS_GUARD_SCENE_H
#define KORDLESS_TESTS_GUARD_SCENE_H

/* A store with the runtime's tables, and what stands in them, for the tests of guard/.
 * Include behind cmocka.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/key_use.h"
#include "guard/key_write.h"
#include "guard/limit.h"
#include "guard/org_rows.h"
#include "guard/registry.h"
#include "guard/schema.h"
#include "store/db.h"
#include "store_scratch.h"

struct scene {
    struct scratch at;
    struct db *db;
    struct keyring *r;
    struct arena arena;
    struct buf why;
    struct pepper p;
};

static inline int scene_open(struct scene *s)
{
    return db_open(&s->db, s->at.path, DB_WRITE, &s->why);
}

static inline int scene_make(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    int ran = 0;
    scratch_make(&s->at);
    memset(&s->p, 3, sizeof(s->p));
    pepper_ready(&s->p);
    arena_init(&s->arena);
    s->r = keyring_new();
    *state = s;
    db_fail_after(0, 0); /* the shim must be there before a connection is */
    if (scene_open(s) != 0 || migrate_init(s->db) != 0)
        return -1;
    if (migrate_run(s->db, STR("runtime"), schema_migrations, schema_migrations_n,
                    false, &ran, &s->why) != 0) {
        fprintf(stderr, "%.*s\n", (int)s->why.n, s->why.p);
        return -1;
    }
    return ran == (int)schema_migrations_n ? 0 : -1;
}

static inline int scene_drop(void **state)
{
    struct scene *s = *state;
    db_close(s->db);
    keyring_free(s->r);
    arena_end(&s->arena);
    buf_end(&s->why);
    int gone = scratch_remove(&s->at);
    free(s);
    return gone;
}

static inline void load_again(struct scene *s)
{
    keyring_free(s->r);
    s->r = keyring_new();
    assert_int_equal(registry_load(s->db, s->r, NULL), 0);
}

static inline int add_org(struct scene *s, const char *id, const char *slug)
{
    struct org row = {.name = &STR("Ac\"me"), .slug = str_of(slug)};
    snprintf(row.id, sizeof(row.id), "%s", id);
    return org_rows_add(s->db, &row, 1000, STR("operator"));
}

static inline struct key key_row(struct org *org, int i)
{
    static const struct str label = STR("front desk");
    struct key row = {
        .label = &label, .scopes = SCOPE_ALL, .org = org, .created_ms = 2000 + i};
    snprintf(row.id, sizeof(row.id), "key_%04d", i);
    memcpy(row.last4, row.id + strlen("key_"), LAST4 + 1);
    secret_hash(str_of(row.id), row.digest);
    return row;
}

static inline int add_key(struct scene *s, struct org *org, int i)
{
    struct key row = key_row(org, i);
    return key_write_add(s->db, &row, STR(""), 2000 + i, STR("mia@acme.test"));
}

/* One value of one row, as text in the arena. */
static inline const char *value(struct scene *s, const char *sql)
{
    struct stmt *q;
    assert_int_equal(db_prepare(s->db, str_of(sql), &q), 0);
    int got = stmt_step(q);
    assert_int_equal(got, 1);
    const char *text =
        stmt_type(q, 0) == COL_INT
            ? arena_fmt(&s->arena, "%lld", (long long)stmt_get_int(q, 0)).p
            : arena_cstr(&s->arena, stmt_get(q, 0));
    stmt_done(q);
    return text;
}

/* In a transaction for which the disk has no room: told, and nothing of it stands. */
#define NO_ROOM(s, call)                         \
    do {                                         \
        assert_int_equal(db_begin((s)->db), 0);  \
        db_fail_after(-1, ERR_FULL);             \
        int got_ = (call);                       \
        got_ = got_ ? got_ : db_commit((s)->db); \
        db_fail_after(0, 0);                     \
        db_rollback((s)->db);                    \
        assert_int_equal(got_, ERR_FULL);        \
    } while (0)

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_make, scene_drop)

#endif
