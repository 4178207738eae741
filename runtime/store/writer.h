#ifndef KORDLESS_STORE_WRITER_H
#define KORDLESS_STORE_WRITER_H

/* The one thread that writes. It takes what queued during the last fsync as a group,
 * runs each member in a savepoint, commits all at once and durably, bumps the commit
 * number, then tells each. No `done` with result 0 runs before the COMMIT that holds
 * it.
 *
 * A savepoint does not contain every failure (disk full, an I/O error, out of memory,
 * an interrupt, ROLLBACK from inside): when the transaction is gone after a member,
 * that member fails and the others run again, each in a transaction of its own. So
 * `run` gives the same result when it runs twice. */

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "store/db.h"

struct write {
    struct write *next; /* the writer's */
    /* On the writer's thread, inside a savepoint, without fence and budget. 0 keeps,
     * negative rolls back just this member. May be called more than once. */
    int (*run)(struct write *w, struct db *db);
    /* On the writer's thread when the fate is known and durable: w->result is 0 or a
     * negative enum err. It should only post; `w` is the owner's again. */
    void (*done)(struct write *w);
    int result;
    bool bookkeeping; /* changes nothing that an answer somebody kept could show */
};

struct writer;

struct writer_options {
    const char *path;
    int group_max; /* members a commit at most; 1: a commit each; 0: no bound */
    int queue_max; /* 1,024; beyond it writer_queue says ERR_BUSY */
    int wal_pages; /* 1,000: past it the gate goes up and a checkpoint runs */
    struct log *log;
    /* Called on the writer's thread at the top of each group, NULL allowed: here a
     * generation is taken over. */
    void (*turn)(void *ctx);
    void *ctx;
};

/* Opens the connection of a store (already migrated) and starts the thread. */
int writer_start(struct writer **out, const struct writer_options *o,
                 struct buf *why) MUST_CHECK;
/* Runs what is queued, checkpoints, joins. Later writer_queue says ERR_CLOSED. */
void writer_stop(struct writer *w);
void writer_free(struct writer *w);

int writer_queue(struct writer *w, struct write *job) MUST_CHECK; /* any thread */
uint64_t writer_commits(const struct writer *w); /* the commit number, acquire */

/* How many commits held more than bookkeeping. It moves before any `done`. */
uint64_t writer_changes(const struct writer *w);

/* The gate. While it is up a checkpoint is under way: who holds a snapshot drops it,
 * and nobody begins one. writer_gate_wait returns when it is down. Any thread. */
bool writer_gate(const struct writer *w);
void writer_gate_wait(struct writer *w);

int writer_queued(struct writer *w); /* transactions that wait. Any thread */

enum { WRITER_SIZES = 10, WRITER_ERRORS = 14 };

struct writer_stats {
    uint64_t groups;                  /* commits */
    uint64_t members;                 /* transactions in them */
    uint64_t reruns;                  /* run once more, because a group was lost */
    uint64_t checkpoints;             /* that emptied the WAL */
    uint64_t unfinished;              /* … that could not */
    uint64_t refusals;                /* writer_queue said ERR_BUSY */
    uint64_t commit_micros;           /* in all COMMITs that held */
    uint64_t sizes[WRITER_SIZES];     /* commits of at most 1, 2, 4 … members */
    uint64_t failures[WRITER_ERRORS]; /* members that do not stand, by -enum err */
    int64_t wal_bytes;                /* of its file, as of the last look */
    int wal_pages;
};
void writer_stats(const struct writer *w, struct writer_stats *out);

#endif
