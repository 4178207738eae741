#include "guard/key_rows.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "store/db.h"

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

/* All scopes are kept as none named, so that they hold for those still to come. */
static void bind_scopes(struct stmt *s, int i, uint32_t scopes)
{
    struct buf b;
    buf_init(&b);
    bool all = (scopes & SCOPE_ALL) == SCOPE_ALL;
    stmt_text(s, i, all ? str_of(NULL) : scopes_text(scopes, &b));
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

/* ---- addresses ---- */

static_assert(KEY_IP_TEXT >= INET6_ADDRSTRLEN, "any address fits");

struct str key_rows_ip(const struct key *k, char out[KEY_IP_TEXT])
{
    static const struct in6_addr none;
    struct in6_addr ip;
    keyring_used_ip(k, ip.s6_addr);
    if (memcmp(&ip, &none, sizeof(none)) == 0)
        return str_of(NULL);
    bool v4 = IN6_IS_ADDR_V4MAPPED(&ip);
    const void *at = v4 ? (const void *)&ip.s6_addr[12] : &ip;
    return str_of(inet_ntop(v4 ? AF_INET : AF_INET6, at, out, KEY_IP_TEXT));
}

static void load_ip(struct str text, struct key *row)
{
    char c[INET6_ADDRSTRLEN];
    struct in6_addr ip = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    uint64_t halves[2];
    if (text.n == 0 || str_cstr(text, c, sizeof(c)) ||
        (inet_pton(AF_INET, c, &ip.s6_addr[12]) != 1 &&
         inet_pton(AF_INET6, c, &ip) != 1))
        return;
    memcpy(halves, &ip, sizeof(halves));
    for (int i = 0; i < 2; i++)
        atomic_init(&row->last_used_ip[i], halves[i]);
}

/* ---- loading ---- */

static int copy_cstr(struct str s, char *out, size_t cap)
{
    return str_cstr(s, out, cap) == 0 ? 0 : ERR_CORRUPT;
}

enum load_column {
    LOAD_ID,
    LOAD_ORG,
    LOAD_DIGEST,
    LOAD_LAST4,
    LOAD_LABEL,
    LOAD_ENVIRONMENT,
    LOAD_SCOPES,
    LOAD_CREATED,
    LOAD_NOT_BEFORE,
    LOAD_EXPIRES,
    LOAD_REVOKED,
    LOAD_USED,
    LOAD_IP,
    LOAD_LIMITS,
    LOAD_FAMILY
};

static int load_names(struct stmt *s, struct key *row, struct limits *l)
{
    struct str family = stmt_get(s, LOAD_FAMILY);
    int err = copy_cstr(stmt_get(s, LOAD_ID), row->id, sizeof(row->id));
    if (err == 0)
        err = copy_cstr(stmt_get(s, LOAD_LAST4), row->last4, sizeof(row->last4));
    if (err == 0 && l)
        err = limits_ring(l, family.n ? family : str_of(row->id), &row->ring);
    return err;
}

static int load_key(struct stmt *s, struct keyring *r, struct limits *l,
                    struct buf *scratch)
{
    struct str digest = stmt_get(s, LOAD_DIGEST), label = stmt_get(s, LOAD_LABEL);
    struct override limits;
    struct key *made,
        row = {.label = &label,
               .environment = environment_of(stmt_get(s, LOAD_ENVIRONMENT)),
               .scopes = SCOPE_ALL,
               .org = keyring_org(r, stmt_get(s, LOAD_ORG)),
               .created_ms = stmt_get_int(s, LOAD_CREATED),
               .not_before_ms = stmt_get_int(s, LOAD_NOT_BEFORE),
               .expires_ms = stmt_get_int(s, LOAD_EXPIRES),
               .last_used_ms = stmt_get_int(s, LOAD_USED),
               .used_durable_ms = stmt_get_int(s, LOAD_USED)};
    if (!row.org || digest.n != DIGEST_BYTES)
        return ERR_CORRUPT;
    memcpy(row.digest, digest.p, DIGEST_BYTES);
    if (stmt_type(s, LOAD_SCOPES) != COL_NULL)
        atomic_init(&row.scopes, scopes_of(stmt_get(s, LOAD_SCOPES)));
    if (stmt_type(s, LOAD_REVOKED) != COL_NULL)
        atomic_init(&row.state, KEY_REVOKED);
    if (override_read(stmt_get(s, LOAD_LIMITS), scratch, &limits))
        atomic_init(&row.limits, &limits);
    load_ip(stmt_get(s, LOAD_IP), &row);
    int err = load_names(s, &row, l);
    return err == 0 ? keyring_add_key(r, &row, &made) : err;
}

/* Oldest first is the order of the rows, of which none ever goes: nothing to sort. */
int key_rows_load(struct db *db, struct keyring *r, struct limits *l)
{
    struct buf scratch;
    struct stmt *s;
    int got = db_prepare(
        db,
        STR("SELECT id, organization_id, digest, last4, label, environment, scopes,"
            " created_at, not_before, expires_at, revoked_at, last_used_at,"
            " last_used_ip, limits, family FROM api_key ORDER BY rowid"),
        &s);
    if (got < 0)
        return got;
    buf_init(&scratch);
    while ((got = stmt_step(s)) == 1)
        if ((got = load_key(s, r, l, &scratch)) < 0)
            break;
    stmt_done(s);
    buf_end(&scratch);
    return got;
}

/* ---- reading ---- */

#define COLUMNS                                                                  \
    "SELECT k.id, k.organization_id, k.label, k.last4, k.created_by,"            \
    " k.revoked_by, k.revoke_reason, k.note, k.last_used_ip, k.rotated_from,"    \
    " (SELECT id FROM api_key WHERE rotated_from = k.id), k.family, k.limits,"   \
    " k.environment, k.scopes, k.created_at, k.revoked_at, k.not_before,"        \
    " k.expires_at, k.last_used_at FROM api_key AS k"

static void read_row(struct stmt *s, struct arena *a, struct key_row *row)
{
    *row = (struct key_row){.scopes = SCOPE_ALL};
    struct str *const texts[] = {
        &row->id,         &row->organization_id, &row->label,        &row->last4,
        &row->created_by, &row->revoked_by,      &row->revoke_reason, &row->note,
        &row->last_used_ip, &row->rotated_from,  &row->rotated_to,   &row->family,
        &row->limits};
    int64_t *const times[] = {&row->created_ms, &row->revoked_ms, &row->not_before_ms,
                              &row->expires_ms, &row->last_used_ms};
    enum { TEXTS = sizeof(texts) / sizeof(texts[0]), ENVIRONMENT = TEXTS, SCOPES, TIMES };
    for (int i = 0; i < TEXTS; i++)
        *texts[i] = arena_str(a, stmt_get(s, i));
    row->environment = environment_of(stmt_get(s, ENVIRONMENT));
    if (stmt_type(s, SCOPES) != COL_NULL)
        row->scopes = scopes_of(stmt_get(s, SCOPES));
    for (int i = 0; i < (int)(sizeof(times) / sizeof(times[0])); i++)
        *times[i] = stmt_get_int(s, TIMES + i);
    row->revoked = stmt_type(s, TIMES + 1) != COL_NULL;
}

int key_rows_get(struct db *db, struct str id, struct arena *a, struct key_row *out)
{
    struct stmt *s;
    int got = db_prepare(db, STR(COLUMNS " WHERE k.id = ?"), &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, id);
    got = stmt_step(s);
    if (got == 1)
        read_row(s, a, out);
    stmt_done(s);
    return got < 0 ? got : got == 1 ? 0 : ERR_NOT_FOUND;
}

int key_rows_list(struct db *db, const struct key_filter *f, struct arena *a,
                  struct key_row **rows, int *n)
{
    struct stmt *s;
    int max = f->max > 0 ? f->max : 0;
    *n = 0;
    *rows = arena_alloc(a, (size_t)(max + 1) * sizeof(**rows));
    int got = db_prepare(
        db,
        STR(COLUMNS " WHERE k.organization_id = ?1 AND (?2 IS NULL OR k.id < ?2)"
                    " AND (?3 IS NULL OR k.last4 = ?3 OR instr(lower(k.label),"
                    " lower(?3))) AND (?4 IS NULL OR k.created_by = ?4)"
                    " ORDER BY k.id DESC LIMIT ?5"),
        &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, f->organization_id);
    bind_text(s, 2, f->cursor);
    bind_text(s, 3, f->q);
    bind_text(s, 4, f->created_by);
    stmt_int(s, 5, max);
    while ((got = stmt_step(s)) == 1)
        read_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
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
    stmt_text(s, 6, str_of(environments[row->environment]));
    bind_scopes(s, 7, atomic_load(&row->scopes));
    stmt_int(s, 8, row->created_ms ? row->created_ms : now_ms);
    bind_ms(s, 10, row->not_before_ms);
    bind_ms(s, 11, atomic_load(&row->expires_ms));
}

int key_rows_add(struct db *db, const struct key *row, struct str note, int64_t now_ms,
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

static int audit_with(struct db *db, struct entry *e, const char *name, struct str value)
{
    struct arena a;
    arena_init(&a);
    int err = object_of(db, str_of(name), value, &a, &e->more);
    if (!err)
        err = audit(db, e, NULL);
    arena_end(&a);
    return err;
}

int key_rows_revoke(struct db *db, struct str id, struct str reason, int64_t now_ms,
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

int key_rows_change(struct db *db, struct str id, const struct key_change *c,
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

int key_rows_rotate(struct db *db, struct str id, const struct key *next,
                    int64_t grace_ms, int64_t now_ms, struct str actor, struct arena *a,
                    struct key_row *old, struct key_row *made)
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

/* ---- into the ring ---- */

void key_rows_publish(struct keyring *r, struct key *k, const struct key_row *row)
{
    struct override limits;
    struct buf scratch;
    buf_init(&scratch);
    bool limited = override_read(row->limits, &scratch, &limits);
    keyring_change_key(r, k,
                       &(struct key_facts){.label = row->label,
                                           .scopes = row->scopes,
                                           .expires_ms = row->expires_ms,
                                           .version = row->version,
                                           .limits = limited ? &limits : NULL});
    buf_end(&scratch);
}

void key_rows_stage(const struct key_row *row, struct key_published *p, struct key *out)
{
    buf_init(&p->scratch);
    p->label = row->label;
    out->environment = row->environment;
    out->created_ms = row->created_ms;
    out->not_before_ms = row->not_before_ms;
    atomic_init(&out->scopes, row->scopes);
    atomic_init(&out->expires_ms, row->expires_ms);
    atomic_init(&out->label, &p->label);
    if (override_read(row->limits, &p->scratch, &p->limits))
        atomic_init(&out->limits, &p->limits);
}

void key_rows_unstage(struct key_published *p)
{
    buf_end(&p->scratch);
}

/* ---- last used ---- */

static int write_used(struct db *db, const struct key *k, int64_t used)
{
    char text[KEY_IP_TEXT];
    struct stmt *s;
    int err = db_prepare(
        db, STR("UPDATE api_key SET last_used_at = ?, last_used_ip = ? WHERE id = ?"),
        &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, used);
    stmt_text(s, 2, key_rows_ip(k, text));
    stmt_text(s, 3, str_of(k->id));
    return finish(s);
}

/* What was written is not yet durable, and a lost transaction must be written again: so
 * this notes what it wrote, and only key_rows_used_flushed believes it. */
int key_rows_flush_used(struct db *db, struct keyring *r)
{
    for (size_t i = 0, n = keyring_count(r); i < n; i++) {
        struct key *k = keyring_at(r, i);
        int64_t used = atomic_load_explicit(&k->last_used_ms, memory_order_relaxed);
        if (used == k->used_durable_ms && k->used_written_ms == used)
            continue;
        k->used_written_ms = used;
        if (used == k->used_durable_ms)
            continue;
        int err = write_used(db, k, used);
        if (err < 0)
            return err;
    }
    return 0;
}

void key_rows_used_flushed(struct keyring *r)
{
    for (size_t i = 0, n = keyring_count(r); i < n; i++) {
        struct key *k = keyring_at(r, i);
        if (k->used_durable_ms != k->used_written_ms)
            k->used_durable_ms = k->used_written_ms;
    }
}
