#ifndef KORDLESS_BOOT_H
#define KORDLESS_BOOT_H

/* The first generation of a start. Its migrations are one transaction with the look at
 * all its states: they stand if it starts, and nothing of them if not. When the sources
 * on disk do not start, those that last went live do, loudly; after a rollback these
 * come first. A folder of the command line that is not there is no edit: refused. */

#include "server.h"

/* Sets s->generation and s->origin, and loads the keys. On failure `why` has the faults
 * of what was tried first. */
int boot_generation(struct server *s, const struct server_options *o,
                    struct buf *why) MUST_CHECK;

#endif
