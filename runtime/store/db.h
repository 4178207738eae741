#ifndef KORDLESS_STORE_DB_H
#define KORDLESS_STORE_DB_H

/* One SQLite connection, used by one thread at a time, with what we ask of every
 * connection: WAL, foreign keys, synchronous=FULL, mmap off, no automatic checkpoint, a
 * statement cache, a fence and a budget. The only room that includes sqlite3.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct db;
struct stmt;

enum db_mode { DB_READ, DB_WRITE /* creates the file, mode 0600 */ };
int db_open(struct db **out, const char *path, enum db_mode mode,
            struct buf *why) MUST_CHECK;
void db_close(struct db *db);
const char *db_message(struct db *db); /* SQLite's, of the last failure; for logs */

/* Which tables statements may touch. NULL at db_fence lifts it: the runtime itself. A
 * fenced statement may not: control transactions, ATTACH, PRAGMA, create or drop, load
 * extensions, touch sqlite_schema or a table not listed. Triggers of a table written
 * may read and write what the same owner lists. */
struct fence {
    const struct str *write, *read; /* lower-case names; written ones may be read */
    size_t n_write, n_read;
    bool ddl; /* a migration: may create, alter, drop and index its own */
};
/* The fence's address names the owner: a statement prepared under one is never run
 * under another. It must outlive its statements; db_forget drops an owner's. */
void db_fence(struct db *db, const struct fence *f);
void db_forget(struct db *db, const struct fence *f);

/* `charge(ctx, n)` is called about every 1,000 virtual machine steps, with that number;
 * non-zero interrupts the statement with ERR_BUDGET (inside a transaction of the writer
 * that may take the whole group down; the writer knows). NULL: none. */
void db_budget(struct db *db, int (*charge)(void *ctx, int n), void *ctx);

/* Transactions. db_begin takes the write lock at once on a DB_WRITE connection, and
 * begins a snapshot (taken by its first read) on a DB_READ one. Until db_commit or
 * db_rollback no other way leads to a COMMIT: one that comes from inside rolls
 * everything back instead, and so does every write after the transaction was lost. A
 * failed db_commit has rolled back. db_rollback of nothing is fine. */
int db_begin(struct db *db) MUST_CHECK;
int db_commit(struct db *db) MUST_CHECK;
void db_rollback(struct db *db);
/* 0 while the transaction of db_begin stands; else what ended it, never 0. */
int db_lost(struct db *db) MUST_CHECK;
/* One savepoint inside it: set, keep what came since, or undo that. */
int db_mark(struct db *db) MUST_CHECK;
int db_keep(struct db *db) MUST_CHECK;
int db_undo(struct db *db) MUST_CHECK;

/* Resets every statement still handed out: a forgotten cursor must not hold a snapshot
 * or a transaction open. Whoever holds one still owes its stmt_done. */
void db_reset(struct db *db);

/* Copies the WAL into the file; without `restart` what can be copied without waiting.
 * With it, waits for readers (at most half a second: ERR_BUSY) so that the next write
 * begins the WAL anew. Only ever on the writer's connection. */
int db_checkpoint(struct db *db, bool restart) MUST_CHECK;
int db_wal_frames(struct db *db); /* pages in the WAL as of the last commit here */

/* A cached statement, reset and without bindings. One statement only. ERR_INVALID (the
 * message says where), ERR_DENIED (the fence; the message names the table). The same
 * text handed out again while in use is prepared anew. */
int db_prepare(struct db *db, struct str sql, struct stmt **out) MUST_CHECK;
void stmt_done(struct stmt *s); /* resets, gives it back to the cache */
bool stmt_readonly(struct stmt *s);
int stmt_params(struct stmt *s);

void stmt_int(struct stmt *s, int i, int64_t v); /* from 1 */
void stmt_real(struct stmt *s, int i, double v);
void stmt_text(struct stmt *s, int i, struct str v); /* copied; NULL p binds NULL */
void stmt_blob(struct stmt *s, int i, const void *p, size_t n);
void stmt_null(struct stmt *s, int i);

/* 1: a row; 0: done; negative: ERR_EXISTS (UNIQUE, PRIMARY KEY), ERR_CONSTRAINT
 * (others, RAISE), ERR_FULL, ERR_IO, ERR_NOMEM, ERR_BUDGET, ERR_BUSY, ERR_DENIED,
 * ERR_INVALID. */
int stmt_step(struct stmt *s) MUST_CHECK;

uint32_t stmt_steps(struct stmt *s); /* of the virtual machine, ever; wraps */

enum column { COL_NULL, COL_INT, COL_REAL, COL_TEXT, COL_BLOB };
int stmt_columns(struct stmt *s);
const char *stmt_name(struct stmt *s, int i); /* from 0 */
enum column stmt_type(struct stmt *s, int i);
int64_t stmt_get_int(struct stmt *s, int i);
double stmt_get_real(struct stmt *s, int i);
struct str stmt_get(struct stmt *s, int i); /* text or blob; to the next step */

/* A query whose rows are handed to `row` one by one: a third cheaper than stepping to
 * each. What `row` gets is good until it returns; it may not touch the db, and what it
 * returns but 0 ends the statement and is the result. As db_prepare and stmt_step. */
struct row;
int db_prepare_fold(struct db *db, struct str sql, struct stmt **out) MUST_CHECK;
int stmt_fold(struct stmt *s, int (*row)(void *ctx, const struct row *r),
              void *ctx) MUST_CHECK; /* 0 or negative */
int row_columns(const struct row *r);
bool row_int(const struct row *r, int i, int64_t *out); /* false: it is none */
bool row_text(const struct row *r, int i, struct str *out);

/* No rows wanted; several statements may stand in `sql`. Fenced like the others. */
int db_exec(struct db *db, const char *sql) MUST_CHECK;
int64_t db_changes(struct db *db);     /* rows of the last statement */
bool db_in_transaction(struct db *db); /* !sqlite3_get_autocommit */

/* Failures on demand, for tests: the nth coming write or sync of any file fails with
 * `err` (ERR_FULL, ERR_IO); with -n, that and all after it; 0 ends it. Made of a VFS
 * shim registered when first asked for: connections opened before that do not notice.
 */
void db_fail_after(int writes, int err);

#endif
