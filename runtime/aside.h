#ifndef KORDLESS_ASIDE_H
#define KORDLESS_ASIDE_H

/* One thread for what takes longer than a worker may be kept from its other callers: it
 * comes when it is asked for and goes when it is done. One at a time. */

#include "base/err.h"

struct aside;

struct aside *aside_new(void);
void aside_free(struct aside *a); /* waits for what runs */
/* Any thread. Calls run(ctx) and then done(ctx), which should only post, on a thread of
 * its own; ERR_BUSY while another runs. */
int aside_run(struct aside *a, void (*run)(void *ctx), void (*done)(void *ctx),
              void *ctx) MUST_CHECK;

#endif
