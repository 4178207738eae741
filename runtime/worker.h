#ifndef KORDLESS_WORKER_H
#define KORDLESS_WORKER_H

/* A thread that serves: its own loop, listener, Lua states and database snapshot. A
 * request lives and dies on one worker. */

#include "lua/call.h"
#include "lua/generation.h"
#include "net/conn.h"
#include "net/loop.h"
#include "pauses.h"
#include "shared.h"
#include "store/reader.h"

struct metrics_worker;

struct worker {
    struct shared *shared;
    struct metrics_worker *metrics; /* what this one counts */
    int index;
    pthread_t thread;
    struct loop *loop;
    struct net *net;
    struct listener *listener, *admin;
    struct reader *reader;
    struct id_source ids;
    struct call_host host;
    struct pauses *pauses;         /* sleeps, fetches, calls that begin later */
    struct generation *generation; /* the live one */
    struct buf scratch[2];         /* for sentences that are copied at once */
    struct tally *tally;           /* what it counted since main last asked */
};

struct worker_options {
    struct shared *shared;
    int index;
    struct generation *generation; /* held by the worker from now on */
    const char *db_path;
    int listen_fd, admin_fd; /* -1: none; taken over */
    /* What is done with a request; `ctx` is the worker (net/conn.h). */
    void (*request)(void *ctx, struct exchange *x);
    void (*gone)(void *ctx, struct exchange *x);
};

/* Starts the thread. ERR_IO with `why`. */
int worker_start(struct worker **out, const struct worker_options *o,
                 struct buf *why) MUST_CHECK;
/* From another thread, each waits until the worker has done it. */
void worker_adopt(struct worker *w, struct generation *g); /* held by the worker */
void worker_accept(struct worker *w, int fd, bool local_admin);
/* Runs `ask` on the worker's thread, where its states may be looked at. */
void worker_ask(struct worker *w, void (*ask)(struct worker *w, void *ctx), void *ctx);
/* Swaps `*t`, an empty tally, for the one it counts in; without waking it when it has
 * counted nothing. */
void worker_tally(struct worker *w, struct tally **t);
/* The end, in three steps: no new connections and `drain_ms` for the open ones; the
 * thread is over; and, once nobody can post to its loop any more (the writer), its
 * memory. */
void worker_drain(struct worker *w, int64_t drain_ms);
void worker_join(struct worker *w);
void worker_free(struct worker *w);

/* A call of this generation begins and ends; the last one of an old generation lets go
 * of it. On the worker's thread. */
void worker_enter(struct worker *w, struct generation *g);
void worker_leave(struct worker *w, struct generation *g);

#endif
