#ifndef KORDLESS_STATUS_H
#define KORDLESS_STATUS_H

/* GET /api/platform/v1/status: what runs, from which sources, and how they differ from
 * those on disk. Main's alone; asks each worker for its own numbers. */

#include "server.h"

void status_put(struct server *s, struct buf *out);
/* ,"faults":["file:line: …", …] of lines; after a member. */
void status_put_faults(struct buf *out, struct str faults);

#endif
