#ifndef KORDLESS_STORE_INSIDE_H
#define KORDLESS_STORE_INSIDE_H

/* What the files behind db.h share. Nobody outside store/ includes this.
 *
 * `checking` is the fence of the statement SQLite compiles at this moment and NULL at
 * rest: SQLite compiles inside sqlite3_prepare and again inside sqlite3_step when the
 * schema has changed, and each time the authorizer must judge by that statement's
 * owner. */

#include <sqlite3.h>

#include "store/db.h"

enum { CACHE_SETS = 64, CACHE_WAYS = 8 };

enum control { BEGIN, COMMIT, ROLLBACK, MARK, KEEP, UNDO, CONTROLS };

/* Who is handed rows now; `err` is what it said. */
struct fold {
    int (*row)(void *ctx, const struct row *r);
    void *ctx;
    int err;
};

struct db {
    sqlite3 *h;
    enum db_mode mode;
    const struct fence *fence, *checking;
    struct buf denied;  /* the fence's sentence about the last refusal */
    char creating[128]; /* the table of the CREATE TABLE that is being compiled */
    struct buf doubt;   /* names to be looked at after compiling, NUL after each */
    struct buf message;
    struct fold fold;
    int (*charge)(void *ctx, int n);
    void *charge_ctx;
    int sleeps;     /* of the busy handler at most */
    bool own;       /* between db_begin and db_commit or db_rollback */
    bool ending;    /* inside db_commit: the one COMMIT that is let through */
    bool gone;      /* `own`, and the transaction was rolled back from inside */
    int gone_error; /* by what, 0 while unknown */
    int wal_frames;
    sqlite3_stmt *control[CONTROLS];
    struct stmt *cache[CACHE_SETS * CACHE_WAYS];
    struct stmt *out; /* handed out */
    uint64_t tick;    /* of the cache's clock */
};

/* Compiles the first statement of `sql` under `fence`. A text of blanks gives NULL. */
int db_compile(struct db *db, const struct fence *fence, const char *sql,
               unsigned flags, sqlite3_stmt **out, const char **tail) MUST_CHECK;
/* Keeps the message of SQLite's result `rc` and gives its enum err. */
int db_failed(struct db *db, int rc);
struct db *stmt_db(struct stmt *s);
void stmt_end_all(struct db *db); /* all statements, also those handed out */

#define FOLD_NAME "kordless_fold"
int fold_open(struct db *db); /* SQLite's result */
/* The query `sql` of so many columns, with its rows handed on; ends with a NUL. */
void fold_text(struct str sql, int columns, struct buf *out);

/* sqlite3_set_authorizer's callback; `ctx` is the db. */
int fence_authorize(void *ctx, int action, const char *a, const char *b,
                    const char *schema, const char *inner);
bool fence_doubtful(struct db *db); /* a name in doubt turned out to be a table */

#endif
