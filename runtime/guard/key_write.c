#include "guard/key_write.h"

#include "store/db.h"

/* All scopes are kept as none named, so that they hold for those still to come. */
static void bind_scopes(struct stmt *s, int i, uint32_t scopes)
{
    struct buf b;
    buf_init(&b);
    scope_list(scopes, &b);
    bool all = (scopes & SCOPE_ALL) == SCOPE_ALL;
    stmt_text(s, i, all ? str_of(NULL) : b.n ? buf_slice(&b) : STR(""));
    buf_end(&b);
}

static void bind_ms(struct stmt *s, int i, int64_t ms)
{
    if (ms)
        stmt_int(s, i, ms);
    else
        stmt_null(s, i);
}

static void bind_text(struct stmt *s, int i, struct str v)
{
    stmt_text(s, i, v.n ? v : str_of(NULL));
}

/* Runs a statement that gives no rows, and hands it back. */
static int finish(struct stmt *s)
{
    int got = stmt_step(s);
    stmt_done(s);
    return got < 0 ? got : 0;
}

/* ---- the audit ---- */

struct entry {
    struct str id, action, actor;
    struct str more;    /* a JSON object merged into label and last 4 */
    struct str changed; /* a JSON object told as it is, with its nulls */
    int64_t now_ms;
};

/* Takes organization and last 4 from the key's row. `version` gets its number. */
static int audit(struct db *db, const struct entry *e, int64_t *version)
{
    struct stmt *s;
    int got = db_prepare(
        db,
        STR("INSERT INTO audit (at, actor, action, organization_id, object, detail)"
            " SELECT ?1, ?2, ?3, organization_id, id, json_insert(json_patch("
            "json_object('label', label, 'last4', last4), coalesce(?4, '{}')),"
            " iif(?6 IS NULL, '$.label', '$.changed'), json(coalesce(?6, '0')))"
            " FROM api_key WHERE id = ?5 RETURNING id"),
        &s);
    if (got < 0)
        return got;
    stmt_int(s, 1, e->now_ms);
    stmt_text(s, 2, e->actor);
    stmt_text(s, 3, e->action);
    bind_text(s, 4, e->more);
    stmt_text(s, 5, e->id);
    bind_text(s, 6, e->changed);
    got = stmt_step(s);
    if (got == 1 && version)
        *version = stmt_get_int(s, 0);
    stmt_done(s);
    return got < 0 ? got : 0;
}

/* ---- making ---- */

static void bind_key(struct stmt *s, const struct key *row, int64_t now_ms)
{
    struct str label = keyring_label(row);
    stmt_text(s, 1, str_of(row->id));
    stmt_text(s, 2, str_of(row->org->id));
    stmt_blob(s, 3, row->digest, DIGEST_BYTES);
    stmt_text(s, 4, str_of(row->last4));
    stmt_text(s, 5, label);
    stmt_text(s, 6, str_of(environment_name(row->environment)));
    bind_scopes(s, 7, atomic_load(&row->scopes));
    stmt_int(s, 8, row->created_ms ? row->created_ms : now_ms);
    bind_ms(s, 10, row->not_before_ms);
    bind_ms(s, 11, atomic_load(&row->expires_ms));
}

int key_write_add(struct db *db, const struct key *row, struct str note, int64_t now_ms,
                  struct str actor)
{
    struct stmt *s;
    int err = db_prepare(db,
                         STR("INSERT INTO api_key (id, organization_id, digest, last4,"
                             " label, environment, scopes, created_at, created_by,"
                             " not_before, expires_at, note)"
                             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
                         &s);
    if (err < 0)
        return err;
    bind_key(s, row, now_ms);
    stmt_text(s, 9, actor);
    bind_text(s, 12, note);
    if ((err = finish(s)) < 0)
        return err;
    const struct entry e = {.id = str_of(row->id),
                            .action = STR("api_key.create"),
                            .actor = actor,
                            .now_ms = now_ms};
    return audit(db, &e, NULL);
}

/* ---- revoking ---- */

static int revoked_at(struct db *db, struct str id, int64_t *at_ms)
{
    struct stmt *s;
    int got = db_prepare(db, STR("SELECT revoked_at FROM api_key WHERE id = ?"), &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, id);
    got = stmt_step(s);
    *at_ms = got == 1 ? stmt_get_int(s, 0) : 0;
    stmt_done(s);
    return got < 0 ? got : got == 1 ? 0 : ERR_NOT_FOUND;
}

static int object_of(struct db *db, struct str name, struct str value, struct arena *a,
                     struct str *out)
{
    struct stmt *s;
    int got = db_prepare(db, STR("SELECT json_object(?, ?)"), &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, name);
    bind_text(s, 2, value);
    got = stmt_step(s);
    if (got == 1)
        *out = arena_str(a, stmt_get(s, 0));
    stmt_done(s);
    return got < 0 ? got : 0;
}

static int audit_with(struct db *db, struct entry *e, const char *name,
                      struct str value)
{
    struct arena a;
    arena_init(&a);
    int err = object_of(db, str_of(name), value, &a, &e->more);
    if (!err)
        err = audit(db, e, NULL);
    arena_end(&a);
    return err;
}

int key_write_revoke(struct db *db, struct str id, struct str reason, int64_t now_ms,
                     struct str actor, int64_t *at_ms)
{
    struct stmt *s;
    int err = revoked_at(db, id, at_ms);
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
    bind_text(s, 3, reason);
    stmt_text(s, 4, id);
    if ((err = finish(s)) < 0)
        return err;
    *at_ms = now_ms;
    struct entry e = {
        .id = id, .action = STR("api_key.revoke"), .actor = actor, .now_ms = now_ms};
    return audit_with(db, &e, "reason", reason);
}

/* ---- changing ---- */

static int update(struct db *db, const struct key_change *c, const struct key_row *row)
{
    struct stmt *s;
    int err = db_prepare(
        db,
        STR("UPDATE api_key SET label = ?1, note = ?2, scopes = ?3, expires_at = ?4,"
            " limits = CASE WHEN ?5 IS NULL THEN limits WHEN ?5 = 'null' THEN NULL"
            " ELSE json_patch(coalesce(limits, '{}'), ?5) END WHERE id = ?6"),
        &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, c->set & KEY_SET_LABEL ? c->label : row->label);
    bind_text(s, 2, c->set & KEY_SET_NOTE ? c->note : row->note);
    bind_scopes(s, 3, c->set & KEY_SET_SCOPES ? c->scopes : row->scopes);
    bind_ms(s, 4, c->set & KEY_SET_EXPIRES ? c->expires_ms : row->expires_ms);
    bind_text(s, 5, c->set & KEY_SET_LIMITS ? c->limits : str_of(NULL));
    stmt_text(s, 6, row->id);
    return finish(s);
}

int key_write_change(struct db *db, struct str id, const struct key_change *c,
                     int64_t now_ms, struct str actor, struct arena *a,
                     struct key_row *out)
{
    int64_t version = 0;
    int err = key_rows_get(db, id, a, out);
    if (err)
        return err;
    bool longer = (c->set & KEY_SET_EXPIRES) && out->rotated_to.n &&
                  (!c->expires_ms || c->expires_ms > out->expires_ms);
    if (longer)
        return ERR_DENIED;
    const struct entry e = {.id = id,
                            .action = STR("api_key.change"),
                            .actor = actor,
                            .changed = c->patch,
                            .now_ms = now_ms};
    err = update(db, c, out);
    if (!err)
        err = audit(db, &e, &version);
    if (!err)
        err = key_rows_get(db, id, a, out);
    out->version = version;
    return err;
}

/* ---- rotating ---- */

static int insert_next(struct db *db, struct str id, const struct key *next,
                       int64_t now_ms, struct str actor)
{
    struct stmt *s;
    int err = db_prepare(
        db,
        STR("INSERT INTO api_key (id, organization_id, digest, last4, label,"
            " environment, scopes, created_at, created_by, not_before, expires_at,"
            " note, limits, rotated_from, family)"
            " SELECT ?1, organization_id, ?2, ?3, label, environment, scopes, ?4, ?5,"
            " not_before, expires_at, note, limits, id, coalesce(family, id)"
            " FROM api_key WHERE id = ?6"),
        &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, str_of(next->id));
    stmt_blob(s, 2, next->digest, DIGEST_BYTES);
    stmt_text(s, 3, str_of(next->last4));
    stmt_int(s, 4, now_ms);
    stmt_text(s, 5, actor);
    stmt_text(s, 6, id);
    return finish(s);
}

static int end_old(struct db *db, struct str id, int64_t until_ms)
{
    struct stmt *s;
    int err = db_prepare(db,
                         STR("UPDATE api_key SET expires_at = min(?1,"
                             " coalesce(expires_at, ?1)) WHERE id = ?2"),
                         &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, until_ms);
    stmt_text(s, 2, id);
    return finish(s);
}

static int audit_rotation(struct db *db, struct str id, const char *next,
                          int64_t now_ms, struct str actor, int64_t *version)
{
    struct entry made = {.id = str_of(next),
                         .action = STR("api_key.create"),
                         .actor = actor,
                         .now_ms = now_ms};
    struct entry e = {
        .id = id, .action = STR("api_key.rotate"), .actor = actor, .now_ms = now_ms};
    struct arena a;
    arena_init(&a);
    int err = audit_with(db, &made, "rotated_from", id);
    if (!err)
        err = object_of(db, STR("rotated_to"), str_of(next), &a, &e.more);
    if (!err)
        err = audit(db, &e, version);
    arena_end(&a);
    return err;
}

int key_write_rotate(struct db *db, struct str id, const struct key *next,
                     int64_t grace_ms, int64_t now_ms, struct str actor,
                     struct arena *a, struct key_row *old, struct key_row *made)
{
    int64_t version = 0;
    int err = key_rows_get(db, id, a, old);
    if (err)
        return err;
    if (old->rotated_to.n)
        return ERR_BUSY;
    if (old->revoked || (old->expires_ms && old->expires_ms <= now_ms))
        return ERR_DENIED;
    err = insert_next(db, id, next, now_ms, actor);
    if (!err)
        err = end_old(db, id, now_ms + grace_ms);
    if (!err)
        err = audit_rotation(db, id, next->id, now_ms, actor, &version);
    if (!err)
        err = key_rows_get(db, id, a, old);
    if (!err)
        err = key_rows_get(db, str_of(next->id), a, made);
    old->version = version;
    return err;
}
