/* Rows that the engine hands on itself, by an aggregate function of ours: a step out of
 * it and back in for each row, and asking for each column, takes longer than reading
 * both. Outside of stmt_fold the function does nothing. */

#include "store/inside.h"

struct row {
    int n;
    sqlite3_value **values;
};

static void on_row(sqlite3_context *c, int n, sqlite3_value **values)
{
    struct fold *f = &((struct db *)sqlite3_user_data(c))->fold;
    if (!f->row || f->err)
        return;
    f->err = f->row(f->ctx, &(struct row){n, values});
    if (f->err)
        sqlite3_result_error(c, "the rows are no longer wanted", -1);
}

static void on_end(sqlite3_context *c)
{
    sqlite3_result_null(c);
}

int fold_open(struct db *db)
{
    return sqlite3_create_function_v2(
        db->h, FOLD_NAME, -1, SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC,
        db, NULL, on_row, on_end, NULL);
}

void fold_text(struct str sql, int columns, struct buf *out)
{
    buf_lit(out, "WITH " FOLD_NAME "_rows(");
    for (int i = 0; i < columns; i++)
        buf_fmt(out, i ? ",c%d" : "c%d", i);
    buf_lit(out, ") AS (");
    buf_str(out, sql);
    buf_lit(out, "\n) SELECT " FOLD_NAME "("); /* sql may end in a comment */
    for (int i = 0; i < columns; i++)
        buf_fmt(out, i ? ",c%d" : "c%d", i);
    buf_lit(out, ") FROM " FOLD_NAME "_rows");
    buf_char(out, '\0');
}

int stmt_fold(struct stmt *s, int (*row)(void *ctx, const struct row *r), void *ctx)
{
    struct db *db = stmt_db(s);
    struct fold outer = db->fold;
    db->fold = (struct fold){row, ctx, 0};
    int err = stmt_step(s);
    if (db->fold.err)
        err = db->fold.err;
    db->fold = outer;
    return err < 0 ? err : 0;
}

int row_columns(const struct row *r)
{
    return r->n;
}

bool row_int(const struct row *r, int i, int64_t *out)
{
    if (sqlite3_value_type(r->values[i]) != SQLITE_INTEGER)
        return false;
    *out = sqlite3_value_int64(r->values[i]);
    return true;
}

bool row_text(const struct row *r, int i, struct str *out)
{
    if (sqlite3_value_type(r->values[i]) != SQLITE_TEXT)
        return false;
    out->p = sqlite3_value_blob(r->values[i]); /* its UTF-8, without a copy */
    out->n = (size_t)sqlite3_value_bytes(r->values[i]);
    return true;
}
