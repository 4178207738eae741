#include "store/sql.h"

static void bind(struct stmt *s, struct sql_values with)
{
    for (int i = 0; i < with.n; i++) {
        const struct sql_value *v = &with.at[i];
        if (v->type == SQL_INT)
            stmt_int(s, i + 1, v->i);
        else if (v->type == SQL_TEXT)
            stmt_text(s, i + 1, v->s);
        else if (v->type == SQL_BLOB)
            stmt_blob(s, i + 1, v->s.p, v->s.n);
        else
            stmt_null(s, i + 1);
    }
}

int sql_open(struct db *db, struct str text, struct sql_values with, struct stmt **out)
{
    int err = db_prepare(db, text, out);
    if (err < 0)
        return err;
    bind(*out, with);
    return 0;
}

int sql_row(struct db *db, struct str text, struct sql_values with, struct stmt **out)
{
    int got = sql_open(db, text, with, out);
    if (got < 0)
        return got;
    got = stmt_step(*out);
    if (got == 1)
        return 0;
    stmt_done(*out);
    return got < 0 ? got : ERR_NOT_FOUND;
}

int sql_run(struct db *db, struct str text, struct sql_values with)
{
    int64_t number;
    int err = sql_number(db, text, with, &number);
    return err == ERR_NOT_FOUND ? 0 : err;
}

/* Only at its end is a statement done: without a transaction around it, it commits
 * behind the rows that RETURNING gives, and a full disk is told there. */
int sql_number(struct db *db, struct str text, struct sql_values with, int64_t *out)
{
    struct stmt *s;
    *out = 0;
    int err = sql_row(db, text, with, &s);
    if (err < 0)
        return err;
    *out = stmt_get_int(s, 0);
    do
        err = stmt_step(s);
    while (err == 1);
    stmt_done(s);
    return err;
}
