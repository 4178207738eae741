#ifndef KORDLESS_STORE_READER_H
#define KORDLESS_STORE_READER_H

/* A worker's view of the store: a read-only connection that holds one read transaction
 * per turn of the loop. A point read costs 2–3 µs inside one and 7 alone. The snapshot
 * is reopened when the commit number has moved, so a handler that resumes after its own
 * write sees it, and is dropped at the end of the turn; a reader that sits on an old
 * one would keep the WAL growing. While the writer's gate is up no snapshot begins:
 * without that, two busy workers never let a checkpoint finish (390 MiB of WAL seen).
 */

#include "store/db.h"
#include "store/writer.h"

struct reader;
int reader_open(struct reader **out, const char *path, struct writer *w,
                struct buf *why) MUST_CHECK;
void reader_close(struct reader *r);

/* The connection, inside a snapshot that holds at least all commits known now, without
 * fence and budget. Before each request and each resume. May wait for a checkpoint
 * (milliseconds). The snapshot is taken by the first read in it. */
int reader_fresh(struct reader *r, struct db **out) MUST_CHECK;
void reader_rest(struct reader *r); /* end of the turn: drops the snapshot */
uint64_t reader_begins(const struct reader *r); /* snapshots begun so far */

#endif
