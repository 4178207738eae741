#ifndef KORDLESS_STORE_MIGRATE_H
#define KORDLESS_STORE_MIGRATE_H

/* Steps that make and change tables, run in order, each once, all of one start in one
 * transaction. A step that already ran must be the same text as then (it is kept), so
 * that two installations never differ unnoticed. What tables an owner made is recorded:
 * it is what its fence lets it write. */

#include "store/db.h"

struct migration {
    struct str name; /* "001_ledger" */
    struct str sql;
};

/* Tables of the bookkeeping itself. Idempotent. */
int migrate_init(struct db *db) MUST_CHECK;

/* 0: how many ran is in `*ran`. On failure nothing of this call stands; inside a
 * transaction of the caller (to run the steps of several owners as one) the caller
 * decides about the rest. Every step runs fenced with `ddl`: it may only touch tables
 * of its own owner. `dry`: nothing stands either way; on a DB_READ connection steps are
 * only counted. ERR_INVALID: a step changed after it ran, vanished, or came in before
 * one that ran, or is no SQL; ERR_DENIED: touched another's table; `why` names the step
 * and says what to do. */
int migrate_run(struct db *db, struct str owner, const struct migration *steps,
                size_t n, bool dry, int *ran, struct buf *why) MUST_CHECK;

/* The tables `owner` made, lower case, one per call of `each`. */
int migrate_tables(struct db *db, struct str owner,
                   void (*each)(void *ctx, struct str table), void *ctx) MUST_CHECK;

#endif
