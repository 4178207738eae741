#include "guard/registry.h"

#include <string.h>

#include "guard/limit.h"
#include "store/db.h"

/* ---- small change ---- */

static const char *const environments[] = {NULL, "production", "development"};

static int environment_of(struct str name)
{
    for (int i = ENV_PRODUCTION; i <= ENV_DEVELOPMENT; i++)
        if (str_eq(name, str_of(environments[i])))
            return i;
    return ENV_NONE;
}

static struct str scopes_text(uint32_t scopes, struct buf *b)
{
    for (uint32_t bit = 1; bit < SCOPE_ALL; bit <<= 1)
        if (scopes & bit) {
            if (b->n)
                buf_char(b, ' ');
            buf_str(b, str_of(scope_name(bit)));
        }
    return b->n ? buf_slice(b) : STR("");
}

static uint32_t scopes_of(struct str text)
{
    uint32_t scopes = 0;
    struct str name, rest;
    for (; text.n; text = rest) {
        str_cut(text, ' ', &name, &rest);
        scopes |= scope_bit(name);
    }
    return scopes;
}

static void bind_ms(struct stmt *s, int i, int64_t ms)
{
    if (ms)
        stmt_int(s, i, ms);
    else
        stmt_null(s, i);
}

/* Runs a statement that gives no rows, and hands it back. */
static int finish(struct stmt *s)
{
    int got = stmt_step(s);
    stmt_done(s);
    return got < 0 ? got : 0;
}

/* ---- the pepper's check value ---- */

static int any_key(struct db *db)
{
    struct stmt *s;
    int got = db_prepare(db, STR("SELECT 1 FROM api_key LIMIT 1"), &s);
    if (got == 0) {
        got = stmt_step(s);
        stmt_done(s);
    }
    return got;
}

static int keep_check(struct db *db, const unsigned char check[DIGEST_BYTES])
{
    struct stmt *s;
    int got = any_key(db);
    if (got != 0) /* keys without a check value: nothing says this pepper made them */
        return got < 0 ? got : ERR_DENIED;
    got = db_prepare(
        db, STR("INSERT INTO setting (name, value) VALUES ('pepper_check', ?)"), &s);
    if (got < 0)
        return got;
    stmt_blob(s, 1, check, DIGEST_BYTES);
    return finish(s);
}

int registry_check_pepper(struct db *db, const struct pepper *p)
{
    unsigned char check[DIGEST_BYTES];
    struct stmt *s;
    pepper_check(p, check);
    int got = db_prepare(
        db, STR("SELECT value FROM setting WHERE name = 'pepper_check'"), &s);
    if (got < 0)
        return got;
    got = stmt_step(s);
    struct str kept = got == 1 ? stmt_get(s, 0) : STR("");
    bool same = kept.n == DIGEST_BYTES && secret_equal(kept.p, check, DIGEST_BYTES);
    stmt_done(s);
    if (got < 0)
        return got;
    if (got == 0)
        return keep_check(db, check);
    return same ? 0 : ERR_DENIED;
}

/* ---- loading ---- */

static int copy_cstr(struct str s, char *out, size_t cap)
{
    return str_cstr(s, out, cap) == 0 ? 0 : ERR_CORRUPT;
}

static int take_ring(struct limits *l, const char *id, uint32_t *ring)
{
    return l ? limits_ring(l, str_of(id), ring) : 0;
}

static int load_org(struct stmt *s, struct keyring *r, struct limits *l)
{
    struct org *made,
        row = {.name = stmt_get(s, 1), .slug = stmt_get(s, 2), .plan = stmt_get(s, 3)};
    int err = copy_cstr(stmt_get(s, 0), row.id, sizeof(row.id));
    atomic_init(&row.suspended, stmt_get_int(s, 4) != 0);
    if (err == 0)
        err = take_ring(l, row.id, &row.ring);
    return err == 0 ? keyring_add_org(r, &row, &made) : err;
}

/* The columns of api_key, in the order of `key_columns`. */
static int load_key(struct stmt *s, struct keyring *r, struct limits *l)
{
    struct key *made, row = {.label = stmt_get(s, 4),
                             .environment = environment_of(stmt_get(s, 5)),
                             .scopes = SCOPE_ALL,
                             .org = keyring_org(r, stmt_get(s, 1)),
                             .created_ms = stmt_get_int(s, 7),
                             .not_before_ms = stmt_get_int(s, 8),
                             .expires_ms = stmt_get_int(s, 9),
                             .used_durable_ms = stmt_get_int(s, 11)};
    struct str digest = stmt_get(s, 2);
    if (!row.org || digest.n != DIGEST_BYTES)
        return ERR_CORRUPT;
    memcpy(row.digest, digest.p, DIGEST_BYTES);
    if (stmt_type(s, 6) != COL_NULL)
        row.scopes = scopes_of(stmt_get(s, 6));
    atomic_init(&row.state, stmt_type(s, 10) == COL_NULL ? KEY_ACTIVE : KEY_REVOKED);
    atomic_init(&row.last_used_ms, row.used_durable_ms);
    int err = copy_cstr(stmt_get(s, 0), row.id, sizeof(row.id));
    if (err == 0)
        err = copy_cstr(stmt_get(s, 3), row.last4, sizeof(row.last4));
    if (err == 0)
        err = take_ring(l, row.id, &row.ring);
    return err == 0 ? keyring_add_key(r, &row, &made) : err;
}

static int load_all(struct db *db, struct str sql, struct keyring *r, struct limits *l,
                    int (*load)(struct stmt *s, struct keyring *r, struct limits *l))
{
    struct stmt *s;
    int got = db_prepare(db, sql, &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1)
        if ((got = load(s, r, l)) < 0)
            break;
    stmt_done(s);
    return got;
}

int registry_load(struct db *db, struct keyring *r, struct limits *l)
{
    int err = load_all(db,
                       STR("SELECT id, name, slug, plan, suspended"
                           " FROM organization ORDER BY id"),
                       r, l, load_org);
    if (err < 0)
        return err;
    return load_all(db,
                    STR("SELECT id, organization_id, digest, last4, label, environment,"
                        " scopes, created_at, not_before, expires_at, revoked_at,"
                        " last_used_at FROM api_key ORDER BY created_at, id"),
                    r, l, load_key);
}

/* ---- changes, each with its audit row ---- */

int registry_add_org(struct db *db, const struct org *row, int64_t now_ms,
                     struct str actor)
{
    struct stmt *s;
    int err =
        db_prepare(db,
                   STR("INSERT INTO organization (id, name, slug, plan, suspended,"
                       " created_at) VALUES (?, ?, ?, ?, ?, ?)"),
                   &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, str_of(row->id));
    stmt_text(s, 2, row->name);
    stmt_text(s, 3, row->slug);
    stmt_text(s, 4, row->plan.p ? row->plan : STR(""));
    stmt_int(s, 5, atomic_load(&row->suspended));
    stmt_int(s, 6, now_ms);
    if ((err = finish(s)) < 0)
        return err;
    err =
        db_prepare(db,
                   STR("INSERT INTO audit (at, actor, action, organization_id, object,"
                       " detail) VALUES (?1, ?2, 'organization.create', ?3, ?3,"
                       " json_object('name', ?4, 'slug', ?5))"),
                   &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, now_ms);
    stmt_text(s, 2, actor);
    stmt_text(s, 3, str_of(row->id));
    stmt_text(s, 4, row->name);
    stmt_text(s, 5, row->slug);
    return finish(s);
}

/* The audit of what was done to a key takes organization and last 4 from its row. */
static int audit_key(struct db *db, struct str key_id, struct str action,
                     struct str reason, int64_t now_ms, struct str actor)
{
    struct stmt *s;
    int err =
        db_prepare(db,
                   STR("INSERT INTO audit (at, actor, action, organization_id,"
                       " object, detail) SELECT ?1, ?2, ?3, organization_id, id,"
                       " json_object('label', label, 'last4', last4, 'reason', ?4)"
                       " FROM api_key WHERE id = ?5"),
                   &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, now_ms);
    stmt_text(s, 2, actor);
    stmt_text(s, 3, action);
    stmt_text(s, 4, reason);
    stmt_text(s, 5, key_id);
    return finish(s);
}

static void bind_key(struct stmt *s, const struct key *row, int64_t now_ms,
                     struct buf *scratch)
{
    bool all = (row->scopes & SCOPE_ALL) == SCOPE_ALL;
    stmt_text(s, 1, str_of(row->id));
    stmt_text(s, 2, str_of(row->org->id));
    stmt_blob(s, 3, row->digest, DIGEST_BYTES);
    stmt_text(s, 4, str_of(row->last4));
    stmt_text(s, 5, row->label.p ? row->label : STR(""));
    stmt_text(s, 6, str_of(environments[row->environment]));
    stmt_text(s, 7, all ? str_of(NULL) : scopes_text(row->scopes, scratch));
    stmt_int(s, 8, row->created_ms ? row->created_ms : now_ms);
    bind_ms(s, 10, row->not_before_ms);
    bind_ms(s, 11, row->expires_ms);
}

int registry_add_key(struct db *db, const struct key *row, int64_t now_ms,
                     struct str actor)
{
    struct buf scratch;
    struct stmt *s;
    int err = db_prepare(db,
                         STR("INSERT INTO api_key (id, organization_id, digest, last4,"
                             " label, environment, scopes, created_at, created_by,"
                             " not_before, expires_at)"
                             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
                         &s);
    if (err < 0)
        return err;
    buf_init(&scratch);
    bind_key(s, row, now_ms, &scratch);
    stmt_text(s, 9, actor);
    err = finish(s);
    buf_end(&scratch);
    if (err < 0)
        return err;
    return audit_key(db, str_of(row->id), STR("api_key.create"), str_of(NULL), now_ms,
                     actor);
}

static int revoked_at(struct db *db, struct str key_id, int64_t *at_ms)
{
    struct stmt *s;
    int got = db_prepare(db, STR("SELECT revoked_at FROM api_key WHERE id = ?"), &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, key_id);
    got = stmt_step(s);
    *at_ms = got == 1 ? stmt_get_int(s, 0) : 0;
    stmt_done(s);
    return got < 0 ? got : got == 1 ? 0 : ERR_NOT_FOUND;
}

int registry_revoke(struct db *db, struct str key_id, struct str reason, int64_t now_ms,
                    struct str actor, int64_t *at_ms)
{
    struct stmt *s;
    int err = revoked_at(db, key_id, at_ms);
    if (err < 0 || *at_ms)
        return err;
    err = db_prepare(db,
                     STR("UPDATE api_key SET revoked_at = ?, revoked_by = ?,"
                         " revoke_reason = ? WHERE id = ?"),
                     &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, now_ms);
    stmt_text(s, 2, actor);
    stmt_text(s, 3, reason);
    stmt_text(s, 4, key_id);
    if ((err = finish(s)) < 0)
        return err;
    *at_ms = now_ms;
    return audit_key(db, key_id, STR("api_key.revoke"), reason, now_ms, actor);
}

/* ---- last used ---- */

/* What was written is not yet durable, and a lost transaction must be written again: so
 * this notes what it wrote, and only registry_used_flushed believes it. */
int registry_flush_used(struct db *db, struct keyring *r)
{
    struct stmt *s;
    for (size_t i = 0, n = keyring_count(r); i < n; i++) {
        struct key *k = keyring_at(r, i);
        int64_t used = atomic_load_explicit(&k->last_used_ms, memory_order_relaxed);
        k->used_written_ms = used;
        if (used == k->used_durable_ms)
            continue;
        int err =
            db_prepare(db, STR("UPDATE api_key SET last_used_at = ? WHERE id = ?"), &s);
        if (err < 0)
            return err;
        stmt_int(s, 1, used);
        stmt_text(s, 2, str_of(k->id));
        if ((err = finish(s)) < 0)
            return err;
    }
    return 0;
}

void registry_used_flushed(struct keyring *r)
{
    for (size_t i = 0, n = keyring_count(r); i < n; i++) {
        struct key *k = keyring_at(r, i);
        k->used_durable_ms = k->used_written_ms;
    }
}

/* ---- the list ---- */

static void list_row(struct stmt *s, struct arena *a, struct key_row *row)
{
    *row = (struct key_row){
        .id = arena_str(a, stmt_get(s, 0)),
        .label = arena_str(a, stmt_get(s, 1)),
        .last4 = arena_str(a, stmt_get(s, 2)),
        .created_by = arena_str(a, stmt_get(s, 3)),
        .revoked_by = arena_str(a, stmt_get(s, 4)),
        .revoke_reason = arena_str(a, stmt_get(s, 5)),
        .note = arena_str(a, stmt_get(s, 6)),
        .environment = environment_of(stmt_get(s, 7)),
        .scopes = stmt_type(s, 8) == COL_NULL ? SCOPE_ALL : scopes_of(stmt_get(s, 8)),
        .created_ms = stmt_get_int(s, 9),
        .revoked_ms = stmt_get_int(s, 10),
        .not_before_ms = stmt_get_int(s, 11),
        .expires_ms = stmt_get_int(s, 12),
        .last_used_ms = stmt_get_int(s, 13),
        .revoked = stmt_type(s, 10) != COL_NULL,
    };
}

int registry_list_keys(struct db *db, struct str org_id, struct str cursor, int max,
                       struct arena *a, struct key_row **rows, int *n)
{
    struct stmt *s;
    *n = 0;
    *rows = arena_alloc(a, (size_t)(max > 0 ? max : 1) * sizeof(**rows));
    int got = db_prepare(
        db,
        STR("SELECT id, label, last4, created_by, revoked_by, revoke_reason, note,"
            " environment, scopes, created_at, revoked_at, not_before, expires_at,"
            " last_used_at FROM api_key WHERE organization_id = ?1"
            " AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"),
        &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, org_id);
    stmt_text(s, 2, cursor.n ? cursor : str_of(NULL));
    stmt_int(s, 3, max > 0 ? max : 0);
    while ((got = stmt_step(s)) == 1)
        list_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
}
