#ifndef KORDLESS_PAUSES_H
#define KORDLESS_PAUSES_H

/* What the calls of a worker wait for on its loop: sleeps, outgoing requests, passwords
 * being hashed elsewhere; and the calls that begin later (kordless.after, hooks). All
 * timers are the host's: a script that is gone leaves none behind. The verbs are lent
 * to lua/; their `ctx` is the worker. */

#include "lua/call.h"

struct worker;
struct pauses;

enum { JOBS_MAX = 1000 }; /* of `after` and hooks, waiting or running, on one worker */

struct pauses *pauses_new(struct worker *w);
/* What still waits is dropped, with a line in the log. Before the loop is freed, and
 * after the hasher has stopped. */
void pauses_free(struct pauses *p);

int pauses_sleep(void *worker, struct call *c, int64_t ms) MUST_CHECK;
int pauses_fetch(void *worker, struct call *c, struct outgoing *o) MUST_CHECK;
int pauses_hash(void *worker, struct call *c, struct hashing *h) MUST_CHECK;
void pauses_cancel(void *worker, struct call *c);
int pauses_after(void *worker, struct call *c, int64_t ms, struct str name,
                 struct str args) MUST_CHECK;
void pauses_emit(void *worker, struct str event, struct str args);

#endif
