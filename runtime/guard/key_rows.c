#include "guard/key_rows.h"

#include <string.h>

#include "guard/key_use.h"
#include "store/sql.h"

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
    LOAD_FAMILY,
    LOAD_TAGS
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
    struct str tags = stmt_get(s, LOAD_TAGS);
    struct override limits;
    struct key *made,
        row = {.label = &label,
               .tags = &tags,
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
        atomic_init(&row.scopes, scope_read(stmt_get(s, LOAD_SCOPES)));
    if (stmt_type(s, LOAD_REVOKED) != COL_NULL)
        atomic_init(&row.state, KEY_REVOKED);
    if (override_read(stmt_get(s, LOAD_LIMITS), scratch, &limits))
        atomic_init(&row.limits, &limits);
    key_use_load_ip(stmt_get(s, LOAD_IP), &row);
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
            " last_used_ip, limits, family, tags FROM api_key ORDER BY rowid"),
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

#define COLUMNS                                                                        \
    "SELECT k.id, k.organization_id, k.label, k.last4, k.created_by,"                  \
    " k.revoked_by, k.revoke_reason, k.note, k.last_used_ip, k.rotated_from,"          \
    " (SELECT id FROM api_key WHERE rotated_from = k.id), k.family, k.limits, k.tags," \
    " k.environment, k.scopes, k.created_at, k.revoked_at, k.not_before,"              \
    " k.expires_at, k.last_used_at FROM api_key AS k"

static void read_row(struct stmt *s, struct arena *a, struct key_row *row)
{
    *row = (struct key_row){.scopes = SCOPE_ALL};
    struct str *const texts[] = {&row->id,
                                 &row->organization_id,
                                 &row->label,
                                 &row->last4,
                                 &row->created_by,
                                 &row->revoked_by,
                                 &row->revoke_reason,
                                 &row->note,
                                 &row->last_used_ip,
                                 &row->rotated_from,
                                 &row->rotated_to,
                                 &row->family,
                                 &row->limits,
                                 &row->tags};
    int64_t *const times[] = {&row->created_ms, &row->revoked_ms, &row->not_before_ms,
                              &row->expires_ms, &row->last_used_ms};
    enum {
        TEXTS = sizeof(texts) / sizeof(texts[0]),
        ENVIRONMENT = TEXTS,
        SCOPES,
        TIMES
    };
    for (int i = 0; i < TEXTS; i++)
        *texts[i] = arena_str(a, stmt_get(s, i));
    row->environment = environment_of(stmt_get(s, ENVIRONMENT));
    if (stmt_type(s, SCOPES) != COL_NULL)
        row->scopes = scope_read(stmt_get(s, SCOPES));
    for (int i = 0; i < (int)(sizeof(times) / sizeof(times[0])); i++)
        *times[i] = stmt_get_int(s, TIMES + i);
    row->revoked = stmt_type(s, TIMES + 1) != COL_NULL;
}

static int read_one(struct db *db, struct str text, struct str id, struct arena *a,
                    struct key_row *out)
{
    struct stmt *s;
    int err = sql_row(db, text, SQL_WITH(sql_text(id)), &s);
    if (err)
        return err;
    read_row(s, a, out);
    stmt_done(s);
    return 0;
}

int key_rows_get(struct db *db, struct str id, struct arena *a, struct key_row *out)
{
    return read_one(db, STR(COLUMNS " WHERE k.id = ?"), id, a, out);
}

/* From one to the next: each step is a look into an index. */
int key_rows_newest(struct db *db, struct str line, struct arena *a,
                    struct key_row *out)
{
    return read_one(db,
                    STR("WITH RECURSIVE line (id, place) AS (SELECT ?1, 0 UNION ALL"
                        " SELECT n.id, place + 1 FROM line JOIN api_key AS n"
                        " ON n.rotated_from = line.id) " COLUMNS
                        " WHERE k.id = (SELECT id FROM line ORDER BY place DESC"
                        " LIMIT 1)"),
                    line, a, out);
}

/* At most `max`; the statement is done then. */
static int read_rows(struct stmt *s, int max, struct arena *a, struct key_row **rows,
                     int *n)
{
    int got;
    *rows = arena_alloc(a, (size_t)(max + 1) * sizeof(**rows));
    while ((got = stmt_step(s)) == 1)
        read_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
}

int key_rows_list(struct db *db, const struct key_filter *f, struct arena *a,
                  struct key_row **rows, int *n)
{
    struct stmt *s;
    int max = f->max > 0 ? f->max : 0;
    *n = 0;
    int got = sql_open(db,
                       STR(COLUMNS
                           " WHERE k.organization_id = ?1 AND (?2 IS NULL OR k.id < ?2)"
                           " AND (?3 IS NULL OR k.last4 = ?3 OR instr(lower(k.label),"
                           " lower(?3))) AND (?4 IS NULL OR k.created_by = ?4)"
                           " ORDER BY k.id DESC LIMIT ?5"),
                       SQL_WITH(sql_text(f->organization_id), sql_some(f->cursor),
                                sql_some(f->q), sql_some(f->created_by), sql_int(max)),
                       &s);
    return got < 0 ? got : read_rows(s, max, a, rows, n);
}

int key_rows_old(struct db *db, struct str organization_id, int64_t made_ms,
                 int64_t now_ms, int max, struct arena *a, struct key_row **rows,
                 int *n)
{
    struct stmt *s;
    *n = 0;
    int got =
        sql_open(db,
                 STR(COLUMNS " WHERE k.organization_id = ?1 AND k.created_at <= ?2"
                             " AND k.revoked_at IS NULL"
                             " AND (k.expires_at IS NULL OR k.expires_at > ?3)"
                             " AND (k.not_before IS NULL OR k.not_before <= ?3)"
                             " AND k.environment IS NOT 'development'"
                             " ORDER BY k.id LIMIT ?4"),
                 SQL_WITH(sql_text(organization_id), sql_int(made_ms), sql_int(now_ms),
                          sql_int(max)),
                 &s);
    return got < 0 ? got : read_rows(s, max, a, rows, n);
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
                                           .tags = row->tags,
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
    p->tags = row->tags;
    out->environment = row->environment;
    out->created_ms = row->created_ms;
    out->not_before_ms = row->not_before_ms;
    atomic_init(&out->scopes, row->scopes);
    atomic_init(&out->expires_ms, row->expires_ms);
    atomic_init(&out->label, &p->label);
    atomic_init(&out->tags, &p->tags);
    if (override_read(row->limits, &p->scratch, &p->limits))
        atomic_init(&out->limits, &p->limits);
}

void key_rows_unstage(struct key_published *p)
{
    buf_end(&p->scratch);
}
