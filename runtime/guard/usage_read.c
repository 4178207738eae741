#include <stdlib.h>
#include <string.h>

#include "guard/usage.h"
#include "guard/usage_name.h"
#include "store/sql.h"

/* ---- names ---- */

int usage_name_find(struct db *db, struct str name, int64_t *number)
{
    return sql_number(db, STR("SELECT number FROM usage_name WHERE name = ?"),
                      SQL_WITH(sql_text(name)), number);
}

int usage_name_make(struct db *db, struct str name, int64_t *number)
{
    int err = usage_name_find(db, name, number);
    if (err != ERR_NOT_FOUND)
        return err;
    return sql_number(db,
                      STR("INSERT INTO usage_name (name) VALUES (?) RETURNING number"),
                      SQL_WITH(sql_text(name)), number);
}

int usage_root(struct db *db, struct str key, struct arena *a, struct str *root)
{
    struct stmt *s;
    int err = sql_row(db, STR("SELECT coalesce(family, id) FROM api_key WHERE id = ?"),
                      SQL_WITH(sql_text(key)), &s);
    *root = arena_str(a, err ? key : stmt_get(s, 0));
    if (!err)
        stmt_done(s);
    return err == ERR_NOT_FOUND ? 0 : err;
}

/* ---- rows ---- */

/* Each step is sought by itself, so other organizations' rows are never walked over:
 * the query costs what it shows. Which column the rows are told apart by stands in the
 * text; totals put every step at 0. */
static const struct str reads[USAGE_BY_OUTCOME + 1][2] = {
#define READ(at, column, name, first)                                                 \
    STR("WITH RECURSIVE t (at) AS"                                                    \
        " (SELECT ?2 UNION ALL SELECT at + 1 FROM t WHERE at + 1 < ?3)"               \
        " SELECT at, " name ", outcome, n, refused, cost FROM ("                      \
        "  SELECT " at " AS at, " column " AS what, min(u.outcome) AS outcome,"       \
        "   sum(n) AS n, sum(iif(u.outcome = 0, n, 0)) AS refused, sum(cost) AS cost" \
        "  FROM t CROSS JOIN usage AS u ON u.step = ?1 AND u.at = t.at"               \
        "   AND u.organization = ?4 AND (?5 = 0 OR u.key = ?5)"                       \
        "  GROUP BY 1, 2 " first " LIMIT ?6) ORDER BY 1, 2, 3")
#define MOST "ORDER BY 6 DESC, 4 DESC" /* charged, asked */
#define NAME "(SELECT name FROM usage_name WHERE number = what)"
    [USAGE_BY_KEY] = {READ("t.at", "u.key", NAME, ""), READ("0", "u.key", NAME, MOST)},
    [USAGE_BY_ROUTE] = {READ("t.at", "u.route", NAME, ""),
                        READ("0", "u.route", NAME, MOST)},
    [USAGE_BY_OUTCOME] = {READ("t.at", "u.outcome", "NULL", ""),
                          READ("0", "u.outcome", "NULL", MOST)},
#undef MOST
#undef NAME
#undef READ
};

static int numbers(struct db *db, const struct usage_query *q, int64_t *organization,
                   int64_t *key)
{
    *key = 0;
    int err = usage_name_find(db, q->organization, organization);
    if (!err && q->key.n)
        err = usage_name_find(db, q->key, key);
    return err;
}

static int read_rows(struct stmt *s, const struct usage_query *q, struct arena *a,
                     struct usage_row *rows, size_t *n)
{
    int got;
    while ((got = stmt_step(s)) == 1) {
        if (*n == q->most)
            return ERR_TOO_LARGE;
        rows[(*n)++] =
            (struct usage_row){.at_ms = stmt_get_int(s, 0) * usage_step_ms[q->step],
                               .name = arena_str(a, stmt_get(s, 1)),
                               .outcome = (enum outcome)stmt_get_int(s, 2),
                               .n = stmt_get_int(s, 3),
                               .refused = stmt_get_int(s, 4),
                               .cost = stmt_get_int(s, 5)};
    }
    return got;
}

int usage_read(struct db *db, const struct usage_query *q, struct arena *a,
               struct usage_row **rows, size_t *n)
{
    int64_t organization, key, step = usage_step_ms[q->step];
    struct stmt *s;
    *n = 0;
    *rows = arena_alloc(a, (q->most + 1) * sizeof(**rows));
    int err = numbers(db, q, &organization, &key);
    if (err || q->to_ms <= q->from_ms)
        return err == ERR_NOT_FOUND ? 0 : err;
    err =
        sql_open(db, reads[q->by][q->totals],
                 SQL_WITH(sql_int(q->step), sql_int(q->from_ms / step),
                          sql_int((q->to_ms + step - 1) / step), sql_int(organization),
                          sql_int(key), sql_int((int64_t)q->most + !q->totals)),
                 &s);
    if (err)
        return err;
    err = read_rows(s, q, a, *rows, n);
    stmt_done(s);
    return err;
}

int usage_again(struct db *db, struct str organization, int64_t since_ms, int most,
                struct arena *a, struct usage_again **rows, size_t *n)
{
    const int64_t minute = usage_step_ms[USAGE_MINUTE];
    struct stmt *s;
    int64_t number;
    *n = 0;
    *rows = arena_alloc(a, (size_t)most * sizeof(**rows));
    int got = usage_name_find(db, organization, &number);
    if (got < 0)
        return got == ERR_NOT_FOUND ? 0 : got;
    got = sql_open(db,
                   STR("SELECT (SELECT name FROM usage_name WHERE number = key),"
                       " before, again FROM usage_seen INDEXED BY usage_again"
                       " WHERE organization = ?1 AND again >= ?2"
                       " ORDER BY again DESC LIMIT ?3"),
                   SQL_WITH(sql_int(number), sql_int(since_ms / minute), sql_int(most)),
                   &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1)
        (*rows)[(*n)++] = (struct usage_again){arena_str(a, stmt_get(s, 0)),
                                               stmt_get_int(s, 1) * minute,
                                               stmt_get_int(s, 2) * minute};
    stmt_done(s);
    return got;
}

int usage_refused(struct db *db, struct str organization, int64_t since_ms,
                  int64_t least, int most, struct arena *a, struct usage_refused **rows,
                  size_t *n)
{
    struct stmt *s;
    int64_t number;
    *n = 0;
    *rows = arena_alloc(a, (size_t)most * sizeof(**rows));
    int got = usage_name_find(db, organization, &number);
    if (got < 0)
        return got == ERR_NOT_FOUND ? 0 : got;
    got = sql_open(
        db,
        STR("SELECT (SELECT name FROM usage_name WHERE number = key), sum(n)"
            " FROM usage INDEXED BY usage_refused WHERE step = 2 AND outcome = 0"
            " AND organization = ?1 AND at >= ?2"
            " GROUP BY key HAVING sum(n) >= ?3 ORDER BY 2 DESC, 1 LIMIT ?4"),
        SQL_WITH(sql_int(number), sql_int(since_ms / usage_step_ms[USAGE_HOUR]),
                 sql_int(least), sql_int(most)),
        &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1)
        (*rows)[(*n)++] =
            (struct usage_refused){arena_str(a, stmt_get(s, 0)), stmt_get_int(s, 1)};
    stmt_done(s);
    return got;
}
