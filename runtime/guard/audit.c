#include "guard/audit.h"

#include "store/sql.h"

int audit_add(struct db *db, const struct audit_row *row)
{
    return sql_run(db,
                   STR("INSERT INTO audit (at, actor, action, organization_id, object,"
                       " detail) VALUES (?, ?, ?, ?, ?, ?)"),
                   SQL_WITH(sql_int(row->at_ms), sql_text(row->actor),
                            sql_text(row->action), sql_some(row->organization_id),
                            sql_some(row->object), sql_some(row->detail)));
}

static void read_row(struct stmt *s, struct arena *a, struct audit_row *row)
{
    *row = (struct audit_row){.id = stmt_get_int(s, 0),
                              .at_ms = stmt_get_int(s, 1),
                              .actor = arena_str(a, stmt_get(s, 2)),
                              .action = arena_str(a, stmt_get(s, 3)),
                              .organization_id = arena_str(a, stmt_get(s, 4)),
                              .object = arena_str(a, stmt_get(s, 5)),
                              .detail = arena_str(a, stmt_get(s, 6))};
}

/* Only what is asked for stands in the text, so that an index serves it. */
static int prepare(struct db *db, const struct audit_query *q, struct stmt **s)
{
    struct buf sql;
    buf_init(&sql);
    buf_lit(&sql, "SELECT id, at, actor, action, organization_id, object, detail"
                  " FROM audit WHERE 1");
    if (q->organization_id.n)
        buf_lit(&sql, " AND organization_id = ?1");
    if (q->action.n)
        buf_lit(&sql, " AND action = ?2");
    if (q->object.n)
        buf_lit(&sql, " AND object = ?3");
    if (q->before)
        buf_lit(&sql, " AND id < ?4");
    buf_lit(&sql, " ORDER BY id DESC LIMIT ?5");
    int err = db_prepare(db, buf_slice(&sql), s);
    buf_end(&sql);
    return err;
}

static void bind(struct stmt *s, const struct audit_query *q)
{
    if (q->organization_id.n)
        stmt_text(s, 1, q->organization_id);
    if (q->action.n)
        stmt_text(s, 2, q->action);
    if (q->object.n)
        stmt_text(s, 3, q->object);
    if (q->before)
        stmt_int(s, 4, q->before);
    stmt_int(s, 5, q->max > 0 ? q->max : 0);
}

int audit_list(struct db *db, const struct audit_query *q, struct arena *a,
               struct audit_row **rows, int *n)
{
    struct stmt *s;
    *n = 0;
    *rows = arena_alloc(a, (size_t)(q->max > 0 ? q->max : 1) * sizeof(**rows));
    int got = prepare(db, q, &s);
    if (got < 0)
        return got;
    bind(s, q);
    while ((got = stmt_step(s)) == 1)
        read_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
}
