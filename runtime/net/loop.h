#ifndef KORDLESS_NET_LOOP_H
#define KORDLESS_NET_LOOP_H

/* A thread's event loop (libevent) with three things of its own: tasks posted from
 * other threads, timers, and a hook at the end of each turn, where a worker drops its
 * database snapshot and flushes its log. */

#include <stdint.h>

#include "base/err.h"

struct event_base;
struct loop;

/* Intrusive: the poster embeds it; it must stay until run. */
struct loop_task {
    struct loop_task *next;
    void (*run)(struct loop_task *t);
};

int loop_new(struct loop **out) MUST_CHECK;
void loop_free(struct loop *l);
struct event_base *loop_base(struct loop *l);

/* Until loop_stop. `turn_end` runs after each round of events and tasks. */
void loop_run(struct loop *l, void (*turn_end)(void *ctx), void *ctx);
void loop_stop(struct loop *l);                         /* any thread */
void loop_post(struct loop *l, struct loop_task *task); /* any thread; cannot fail */

/* One-shot timers on the monotonic clock. */
struct loop_timer;
int loop_timer_new(struct loop_timer **out, struct loop *l, void (*fire)(void *ctx),
                   void *ctx) MUST_CHECK;
void loop_timer_set(struct loop_timer *t, int64_t in_ms); /* moves a running one */
void loop_timer_cancel(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

#endif
