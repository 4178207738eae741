#ifndef KORDLESS_EXPOSITION_H
#define KORDLESS_EXPOSITION_H

/* GET /metrics: everything that counts, as Prometheus text. Made on the worker that was
 * asked, from what may be read on any thread: main need not have time for it. */

#include "worker.h"

void exposition_put(const struct worker *w, const struct generation *g, struct buf *b);

#endif
