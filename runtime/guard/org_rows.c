#include "guard/org_rows.h"

#include "store/sql.h"

/* ---- loading ---- */

static int load_org(struct stmt *s, struct keyring *r, struct limits *l,
                    struct buf *scratch)
{
    struct str name = stmt_get(s, 1), plan = stmt_get(s, 3), metadata = stmt_get(s, 5);
    struct override limits;
    struct org *made, row = {.slug = stmt_get(s, 2),
                             .name = &name,
                             .plan = &plan,
                             .metadata = &metadata,
                             .suspended = stmt_get_int(s, 4) ? ORG_SUSPENDED : 0};
    if (str_cstr(stmt_get(s, 0), row.id, sizeof(row.id)))
        return ERR_CORRUPT;
    if (override_read(stmt_get(s, 6), scratch, &limits))
        atomic_init(&row.limits, &limits);
    int err = l ? limits_ring(l, str_of(row.id), &row.ring) : 0;
    return err == 0 ? keyring_add_org(r, &row, &made) : err;
}

int org_rows_load(struct db *db, struct keyring *r, struct limits *l)
{
    struct buf scratch;
    struct stmt *s;
    int got = db_prepare(db,
                         STR("SELECT id, name, slug, plan, suspended, metadata, limits"
                             " FROM organization ORDER BY id"),
                         &s);
    if (got < 0)
        return got;
    buf_init(&scratch);
    while ((got = stmt_step(s)) == 1)
        if ((got = load_org(s, r, l, &scratch)) < 0)
            break;
    stmt_done(s);
    buf_end(&scratch);
    return got;
}

/* ---- reading ---- */

#define COLUMNS                                                         \
    "SELECT id, slug, name, plan, metadata, limits, tagline, branding," \
    " suspended, created_at FROM organization"

static void read_row(struct stmt *s, struct arena *a, struct org_row *row)
{
    *row = (struct org_row){.suspended = stmt_get_int(s, 8) != 0,
                            .created_ms = stmt_get_int(s, 9)};
    struct str *const texts[] = {&row->id,      &row->slug,     &row->name,
                                 &row->plan,    &row->metadata, &row->limits,
                                 &row->tagline, &row->branding};
    for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
        *texts[i] = arena_str(a, stmt_get(s, i));
}

int org_rows_get(struct db *db, struct str name, struct arena *a, struct org_row *out)
{
    struct stmt *s;
    int err =
        sql_row(db, STR(COLUMNS " WHERE id = ?1 OR id = 'org_' || ?1 OR slug = ?1"),
                SQL_WITH(sql_text(name)), &s);
    if (err)
        return err;
    read_row(s, a, out);
    stmt_done(s);
    return 0;
}

int org_rows_list(struct db *db, struct str q, struct str cursor, int max,
                  struct arena *a, struct org_row **rows, int *n)
{
    struct stmt *s;
    max = max > 0 ? max : 0;
    *n = 0;
    *rows = arena_alloc(a, (size_t)(max + 1) * sizeof(**rows));
    int got =
        sql_open(db,
                 STR(COLUMNS " WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR"
                             " instr(lower(name), lower(?2)) OR instr(slug, lower(?2)))"
                             " ORDER BY id DESC LIMIT ?3"),
                 SQL_WITH(sql_some(cursor), sql_some(q), sql_int(max)), &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1)
        read_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
}

/* ---- changes, each with its audit row ---- */

int org_rows_add(struct db *db, const struct org *row, int64_t now_ms, struct str actor)
{
    struct str id = str_of(row->id), name = keyring_name(row);
    int err = sql_run(
        db,
        STR("INSERT INTO organization (id, name, slug, plan, suspended, created_at,"
            " metadata) VALUES (?, ?, ?, ?, ?, ?, ?)"),
        SQL_WITH(sql_text(id), sql_text(name), sql_text(row->slug),
                 sql_full(keyring_plan(row)),
                 sql_int(atomic_load(&row->suspended) != 0), sql_int(now_ms),
                 sql_some(keyring_text(keyring_now(row->metadata)))));
    if (err)
        return err;
    return sql_run(
        db,
        STR("INSERT INTO audit (at, actor, action, organization_id, object, detail)"
            " VALUES (?1, ?2, 'organization.create', ?3, ?3,"
            " json_object('name', ?4, 'slug', ?5))"),
        SQL_WITH(sql_int(now_ms), sql_text(actor), sql_text(id), sql_text(name),
                 sql_text(row->slug)));
}

static struct sql_value if_set(const struct org_change *c, unsigned bit,
                               struct str value)
{
    return c->set & bit ? sql_some(value) : sql_null();
}

static int update(struct db *db, const struct org_change *c, const struct org_row *row,
                  int64_t now_ms)
{
    bool suspended = c->set & ORG_SET_SUSPENDED ? c->suspended : row->suspended;
    return sql_run(
        db,
        STR("UPDATE organization SET name = ?1, plan = ?2, suspended = ?3,"
            " metadata = CASE WHEN ?4 IS NULL THEN metadata WHEN ?4 = 'null' THEN NULL"
            " ELSE json_patch(coalesce(metadata, '{}'), ?4) END,"
            " limits = " OVERRIDE_PATCH(
                "?5", "?9") ","
                            " branding = CASE WHEN ?7 IS NULL THEN branding WHEN ?7 = "
                            "'null' THEN NULL"
                            " ELSE json_patch(coalesce(branding, '{}'), ?7) END,"
                            " tagline = ?8 WHERE id = ?6"),
        SQL_WITH(sql_text(c->set & ORG_SET_NAME ? c->name : row->name),
                 sql_full(c->set & ORG_SET_PLAN ? c->plan : row->plan),
                 sql_int(suspended), if_set(c, ORG_SET_METADATA, c->metadata),
                 if_set(c, ORG_SET_LIMITS, c->limits), sql_text(row->id),
                 if_set(c, ORG_SET_BRANDING, c->branding),
                 sql_some(c->set & ORG_SET_TAGLINE ? c->tagline : row->tagline),
                 sql_int(now_ms)));
}

static int audit(struct db *db, const struct org_row *row, const struct org_change *c,
                 int64_t now_ms, struct str actor, int64_t *version)
{
    bool said = (c->set & ORG_SET_SUSPENDED) != 0;
    struct str action = said && c->suspended     ? STR("organization.suspend")
                        : said && row->suspended ? STR("organization.resume")
                                                 : STR("organization.change");
    return sql_number(
        db,
        STR("INSERT INTO audit (at, actor, action, organization_id, object, detail)"
            " VALUES (?1, ?2, ?3, ?4, ?4, json_object('name', ?5, 'changed',"
            " json(coalesce(?6, '{}')))) RETURNING id"),
        SQL_WITH(sql_int(now_ms), sql_text(actor), sql_text(action), sql_text(row->id),
                 sql_text(row->name), sql_some(c->patch)),
        version);
}

int org_rows_change(struct db *db, struct str id, const struct org_change *c,
                    int64_t now_ms, struct str actor, struct arena *a,
                    struct org_row *out)
{
    int64_t version = 0;
    int err = org_rows_get(db, id, a, out);
    if (err)
        return err;
    err = update(db, c, out, now_ms);
    if (!err)
        err = audit(db, out, c, now_ms, actor, &version);
    if (!err)
        err = org_rows_get(db, id, a, out);
    out->version = version;
    return !err && out->metadata.n > ORG_METADATA ? ERR_TOO_LARGE : err;
}

void org_rows_publish(struct keyring *r, struct org *o, const struct org_row *row,
                      bool lift)
{
    struct override limits;
    struct buf scratch;
    buf_init(&scratch);
    bool limited = override_read(row->limits, &scratch, &limits);
    keyring_change_org(r, o,
                       &(struct org_facts){.name = row->name,
                                           .plan = row->plan,
                                           .metadata = row->metadata,
                                           .suspended = row->suspended,
                                           .lift = lift,
                                           .version = row->version,
                                           .limits = limited ? &limits : NULL});
    buf_end(&scratch);
}
