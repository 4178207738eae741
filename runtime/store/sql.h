#ifndef KORDLESS_STORE_SQL_H
#define KORDLESS_STORE_SQL_H

/* A statement of the runtime's own, from its text to its end, with what is bound to it
 * in a row: sql_run(db, STR("DELETE FROM t WHERE id = ?"), SQL_WITH(sql_text(id))). The
 * errors are those of db_prepare and stmt_step. */

#include "store/db.h"

struct sql_value {
    enum { SQL_NULL, SQL_INT, SQL_TEXT, SQL_BLOB } type;
    int64_t i;
    struct str s;
};
struct sql_values {
    const struct sql_value *at;
    int n;
};
/* The values live to the end of the block they are written in. */
#define SQL_WITH(...)                                                      \
    ((struct sql_values){(const struct sql_value[]){__VA_ARGS__},          \
                         sizeof((const struct sql_value[]){__VA_ARGS__}) / \
                             sizeof(struct sql_value)})
#define SQL_ALONE ((struct sql_values){NULL, 0})

static inline struct sql_value sql_null(void)
{
    return (struct sql_value){.type = SQL_NULL};
}
static inline struct sql_value sql_int(int64_t v)
{
    return (struct sql_value){.type = SQL_INT, .i = v};
}
/* Without a p NULL, even if an empty text is not. */
static inline struct sql_value sql_text(struct str s)
{
    return (struct sql_value){.type = s.p ? SQL_TEXT : SQL_NULL, .s = s};
}
/* What is empty as NULL, or as an empty text. */
static inline struct sql_value sql_some(struct str s)
{
    return s.n ? sql_text(s) : sql_null();
}
static inline struct sql_value sql_full(struct str s)
{
    return sql_text(s.n ? s : STR(""));
}
static inline struct sql_value sql_time(int64_t ms) /* 0: NULL */
{
    return ms ? sql_int(ms) : sql_null();
}
static inline struct sql_value sql_blob(const void *p, size_t n)
{
    return (struct sql_value){.type = SQL_BLOB, .s = {p, n}};
}

/* Ready to be stepped, for many rows; who has it owes stmt_done. */
int sql_open(struct db *db, struct str text, struct sql_values with,
             struct stmt **out) MUST_CHECK;
/* At its first row, and then stmt_done is owed; else not: ERR_NOT_FOUND, there is none.
 */
int sql_row(struct db *db, struct str text, struct sql_values with,
            struct stmt **out) MUST_CHECK;
/* To its end, for what it does. */
int sql_run(struct db *db, struct str text, struct sql_values with) MUST_CHECK;
/* To its end, for the number its first row begins with (NULL: 0). ERR_NOT_FOUND: there
 * is none, and the number is 0. */
int sql_number(struct db *db, struct str text, struct sql_values with,
               int64_t *out) MUST_CHECK;

#endif
