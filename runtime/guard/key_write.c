#include "guard/key_write.h"

#include "guard/override.h"
#include "guard/tags.h"
#include "store/sql.h"

/* All scopes are kept as none named, so that they hold for those still to come. `b` has
 * the text. */
static struct sql_value sql_scopes(uint32_t scopes, struct buf *b)
{
    scope_list(scopes, b);
    bool all = (scopes & SCOPE_ALL) == SCOPE_ALL;
    return all ? sql_null() : sql_full(buf_slice(b));
}

/* ---- the audit ---- */

struct entry {
    struct str id, action, actor;
    struct str name, value; /* told beside label and last 4, if there is a value */
    struct str changed;     /* a JSON object told as it is, with its nulls */
    int64_t now_ms;
};

/* Takes organization and last 4 from the key's row. `version` gets its number. */
static int audit(struct db *db, const struct entry *e, int64_t *version)
{
    return sql_number(
        db,
        STR("INSERT INTO audit (at, actor, action, organization_id, object, detail)"
            " SELECT ?1, ?2, ?3, organization_id, id, json_insert(json_object("
            "'label', label, 'last4', last4),"
            " iif(?6 IS NULL, '$.label', '$.' || ?5), ?6,"
            " iif(?7 IS NULL, '$.label', '$.changed'), json(coalesce(?7, '0')))"
            " FROM api_key WHERE id = ?4 RETURNING id"),
        SQL_WITH(sql_int(e->now_ms), sql_text(e->actor), sql_text(e->action),
                 sql_text(e->id), sql_full(e->name), sql_some(e->value),
                 sql_some(e->changed)),
        version);
}

/* ---- making ---- */

static int insert(struct db *db, const struct key *row, struct str note, int64_t now_ms,
                  struct str actor)
{
    struct buf scopes;
    buf_init(&scopes);
    int err = sql_run(
        db,
        STR("INSERT INTO api_key (id, organization_id, digest, last4, label,"
            " environment, scopes, created_at, created_by, not_before, expires_at,"
            " note, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        SQL_WITH(sql_text(str_of(row->id)), sql_text(str_of(row->org->id)),
                 sql_blob(row->digest, DIGEST_BYTES), sql_text(str_of(row->last4)),
                 sql_text(keyring_label(row)),
                 sql_text(str_of(environment_name(row->environment))),
                 sql_scopes(atomic_load(&row->scopes), &scopes),
                 sql_int(row->created_ms ? row->created_ms : now_ms), sql_text(actor),
                 sql_time(row->not_before_ms), sql_time(atomic_load(&row->expires_ms)),
                 sql_some(note), sql_some(keyring_tags(row))));
    buf_end(&scopes);
    return err;
}

/* {"tags":["beta"]}, where there are any; nothing in them has to be escaped. */
static struct str said_tags(struct str tags, struct buf *b)
{
    struct str word;
    while (tags_next(&tags, &word))
        buf_fmt(b, "%s\"%.*s\"", b->n ? "," : "{\"tags\":[", (int)word.n, word.p);
    if (b->n)
        buf_lit(b, "]}");
    return b->n ? buf_slice(b) : str_of(NULL);
}

int key_write_add(struct db *db, const struct key *row, struct str note, int64_t now_ms,
                  struct str actor)
{
    struct entry e = {.id = str_of(row->id),
                      .action = STR("api_key.create"),
                      .actor = actor,
                      .now_ms = now_ms};
    int64_t version;
    struct buf tags;
    int err = insert(db, row, note, now_ms, actor);
    if (err)
        return err;
    buf_init(&tags);
    e.changed = said_tags(keyring_tags(row), &tags);
    err = audit(db, &e, &version);
    buf_end(&tags);
    return err;
}

/* ---- revoking ---- */

int key_write_revoke(struct db *db, struct str id, struct str reason, int64_t now_ms,
                     struct str actor, int64_t *at_ms)
{
    struct entry e = {.id = id,
                      .action = STR("api_key.revoke"),
                      .actor = actor,
                      .name = STR("reason"),
                      .value = reason,
                      .now_ms = now_ms};
    int64_t version;
    int err = sql_number(db, STR("SELECT revoked_at FROM api_key WHERE id = ?"),
                         SQL_WITH(sql_text(id)), at_ms);
    if (err || *at_ms)
        return err;
    err = sql_run(
        db,
        STR("UPDATE api_key SET revoked_at = ?, revoked_by = ?,"
            " revoke_reason = ? WHERE id = ?"),
        SQL_WITH(sql_int(now_ms), sql_text(actor), sql_some(reason), sql_text(id)));
    if (err)
        return err;
    *at_ms = now_ms;
    return audit(db, &e, &version);
}

/* ---- changing ---- */

static int update(struct db *db, const struct key_change *c, const struct key_row *row,
                  int64_t now_ms)
{
    struct buf scopes;
    buf_init(&scopes);
    int err = sql_run(
        db,
        STR("UPDATE api_key SET label = ?1, note = ?2, scopes = ?3, expires_at = ?4,"
            " limits = " OVERRIDE_PATCH("?5", "?8") ", tags = ?7 WHERE id = ?6"),
        SQL_WITH(sql_text(c->set & KEY_SET_LABEL ? c->label : row->label),
                 sql_some(c->set & KEY_SET_NOTE ? c->note : row->note),
                 sql_scopes(c->set & KEY_SET_SCOPES ? c->scopes : row->scopes, &scopes),
                 sql_time(c->set & KEY_SET_EXPIRES ? c->expires_ms : row->expires_ms),
                 c->set & KEY_SET_LIMITS ? sql_some(c->limits) : sql_null(),
                 sql_text(row->id),
                 sql_some(c->set & KEY_SET_TAGS ? c->tags : row->tags),
                 sql_int(now_ms)));
    buf_end(&scopes);
    return err;
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
    err = update(db, c, out, now_ms);
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
    return sql_run(
        db,
        STR("INSERT INTO api_key (id, organization_id, digest, last4, label,"
            " environment, scopes, created_at, created_by, not_before, expires_at,"
            " note, tags, limits, rotated_from, family)"
            " SELECT ?1, organization_id, ?2, ?3, label, environment, scopes, ?4, ?5,"
            " not_before, expires_at, note, tags, limits, id, coalesce(family, id)"
            " FROM api_key WHERE id = ?6"),
        SQL_WITH(sql_text(str_of(next->id)), sql_blob(next->digest, DIGEST_BYTES),
                 sql_text(str_of(next->last4)), sql_int(now_ms), sql_text(actor),
                 sql_text(id)));
}

static int end_old(struct db *db, struct str id, int64_t until_ms)
{
    return sql_run(db,
                   STR("UPDATE api_key SET expires_at = min(?1,"
                       " coalesce(expires_at, ?1)) WHERE id = ?2"),
                   SQL_WITH(sql_int(until_ms), sql_text(id)));
}

static int audit_rotation(struct db *db, struct str id, struct str next, int64_t now_ms,
                          struct str actor, int64_t *version)
{
    struct entry made = {.id = next,
                         .action = STR("api_key.create"),
                         .actor = actor,
                         .name = STR("rotated_from"),
                         .value = id,
                         .now_ms = now_ms};
    struct entry e = {.id = id,
                      .action = STR("api_key.rotate"),
                      .actor = actor,
                      .name = STR("rotated_to"),
                      .value = next,
                      .now_ms = now_ms};
    int err = audit(db, &made, version);
    return err ? err : audit(db, &e, version);
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
        err = audit_rotation(db, id, str_of(next->id), now_ms, actor, &version);
    if (!err)
        err = key_rows_get(db, id, a, old);
    if (!err)
        err = key_rows_get(db, str_of(next->id), a, made);
    old->version = version;
    return err;
}
