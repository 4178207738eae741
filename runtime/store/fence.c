/* The fence: SQLite's authorizer asks while it compiles, and we answer by the lists of
 * the statement's owner. What is not known is refused. Views, triggers and foreign keys
 * need nothing of their own: SQLite asks for each table they touch. */

#include "store/inside.h"

#include <string.h>

static int refuse(struct db *db, const char *what, const char *name)
{
    buf_clear(&db->denied);
    buf_fmt(&db->denied, "this statement may not %s", what);
    if (name)
        buf_fmt(&db->denied, " %s", name);
    return SQLITE_DENY;
}

static bool listed(const struct str *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(names[i], str_of(name)))
            return true;
    return false;
}

/* A table belongs to its owner from its CREATE TABLE on: that very statement reads it
 * in its CHECKs and indexes it for its UNIQUEs. */
static bool own(const struct db *db, const struct fence *f, const char *table)
{
    if (f->ddl && table && db->creating[0] && !sqlite3_stricmp(db->creating, table))
        return true;
    return table && listed(f->write, f->n_write, table);
}

static bool schema_table(const char *table)
{
    return !strcmp(table, "sqlite_master") || !strcmp(table, "sqlite_temp_master");
}

/* Creating, altering and dropping begin as writes of the schema tables. In a migration
 * each is asked for by its own name as well; writes that are not part of one SQLite
 * refuses. */
static int may_write(struct db *db, const struct fence *f, const char *table)
{
    if (own(db, f, table) || (f->ddl && schema_table(table)))
        return SQLITE_OK;
    if (schema_table(table))
        return refuse(db, "create, alter or drop tables", NULL);
    return refuse(db, "write table", table);
}

/* A table no column of which is used is asked for with an empty column, and so is a
 * common table expression, which is none of our business. Which of the two it is can
 * only be found out when compiling is over. */
static int may_read(struct db *db, const struct fence *f, const char *table,
                    const char *column)
{
    if (own(db, f, table) || listed(f->read, f->n_read, table))
        return SQLITE_OK;
    if (f->ddl && (schema_table(table) || !strcmp(table, "pragma_quick_check")))
        return SQLITE_OK;
    if (!strcmp(table, "json_each"))
        return SQLITE_OK; /* a table made of its argument: lists as parameters */
    if (column && *column)
        return refuse(db, "read table", table);
    buf_add(&db->doubt, table, strlen(table) + 1);
    return SQLITE_OK;
}

static bool is_table(struct db *db, const char *name)
{
    char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\"", name);
    sqlite3_stmt *probe = NULL;
    int rc = sqlite3_prepare_v2(db->h, sql, -1, &probe, NULL);
    sqlite3_finalize(probe);
    sqlite3_free(sql);
    return rc == SQLITE_OK;
}

bool fence_doubtful(struct db *db)
{
    bool found = false;
    for (size_t i = 0; i < db->doubt.n && !found; i += strlen(db->doubt.p + i) + 1) {
        found = is_table(db, db->doubt.p + i);
        if (found)
            refuse(db, "read table", db->doubt.p + i);
    }
    buf_clear(&db->doubt);
    return found;
}

static bool is_one_of(const char *function, const char *const *names)
{
    while (*names && sqlite3_stricmp(function, *names) != 0)
        names++;
    return *names != NULL;
}

/* printf fills a width of two thousand million within one step, out of any budget; but
 * ALTER TABLE calls it itself, and a migration has no budget to slip out of. */
static int may_call(struct db *db, const struct fence *f, const char *function)
{
    static const char *const harmful[] = {"load_extension", "fts3_tokenizer", NULL};
    static const char *const endless[] = {"printf", "format", NULL};
    if (is_one_of(function, harmful) || (!f->ddl && is_one_of(function, endless)))
        return refuse(db, "call", function);
    return SQLITE_OK;
}

static int refuse_action(struct db *db, int action, const char *a, const char *b)
{
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return refuse(db, "control transactions:", a);
    case SQLITE_PRAGMA:
        return refuse(db, "use PRAGMA", a);
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return refuse(db, "attach or detach", a);
    case SQLITE_ALTER_TABLE:
        return refuse(db, "alter table", b);
    case SQLITE_ANALYZE:
    case SQLITE_REINDEX:
        return refuse(db, "analyze or reindex", a);
    }
    return refuse(db, "create or drop", a);
}

/* What a migration may do to tables: anything to its own. `b` is the table where SQLite
 * names a second thing. */
static int may_shape(struct db *db, const struct fence *f, int action, const char *a,
                     const char *b)
{
    switch (action) {
    case SQLITE_CREATE_TABLE: /* SQLite refuses the name of one that exists */
        sqlite3_snprintf(sizeof(db->creating), db->creating, "%s", a);
        return SQLITE_OK;
    case SQLITE_CREATE_VIEW:
    case SQLITE_REINDEX: /* asked for by CREATE INDEX */
        return SQLITE_OK;
    case SQLITE_PRAGMA: /* ALTER TABLE checks the rows for a new column's CHECK */
        if (!strcmp(a, "quick_check"))
            return SQLITE_OK;
        break;
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VIEW:
        return own(db, f, a) ? SQLITE_OK : refuse(db, "drop table", a);
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX:
        return own(db, f, b) ? SQLITE_OK : refuse(db, "index table", b);
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TRIGGER:
        return own(db, f, b) ? SQLITE_OK : refuse(db, "set a trigger on table", b);
    case SQLITE_ALTER_TABLE:
        return own(db, f, b) ? SQLITE_OK : refuse(db, "alter table", b);
    }
    return refuse_action(db, action, a, b);
}

int fence_authorize(void *ctx, int action, const char *a, const char *b,
                    const char *schema, const char *inner)
{
    struct db *db = ctx;
    const struct fence *f = db->checking;
    (void)schema, (void)inner;
    if (!f)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return may_call(db, f, b);
    case SQLITE_READ:
        return may_read(db, f, a, b);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return may_write(db, f, a);
    }
    return f->ddl ? may_shape(db, f, action, a, b) : refuse_action(db, action, a, b);
}
