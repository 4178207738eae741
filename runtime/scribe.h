#ifndef KORDLESS_SCRIBE_H
#define KORDLESS_SCRIBE_H

/* Lines for a file, off the way of whoever has them: a queue of at most SCRIBE_QUEUE
 * bytes and a thread that writes. What does not fit is dropped and counted, never
 * waited for, and the file has a line {"dropped":n} where lines are missing. Past
 * SCRIBE_FILE bytes the file is renamed to PATH.1, over the one before, and begun anew.
 * The last SCRIBE_TAIL lines stay in memory for who wants to look. */

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

enum {
    SCRIBE_QUEUE = 1 << 20,
    SCRIBE_LINE = 16 << 10,
    SCRIBE_FILE = 64 << 20,
    SCRIBE_TAIL = 200
};

struct scribe;

/* The file is made, 0600, or gone on with. ERR_IO with a sentence in `why`. */
int scribe_open(struct scribe **out, const char *path, struct log *log,
                struct buf *why) MUST_CHECK;
void scribe_close(struct scribe *s); /* writes what is queued; NULL is fine */

/* Any thread. One line without its newline, JSON. NULL keeps nothing. */
void scribe_line(struct scribe *s, struct str line);
uint64_t scribe_written(struct scribe *s); /* lines that stand in the file */
uint64_t scribe_dropped(struct scribe *s); /* for want of room, or of the disk */
/* The last lines, newest first, at most `n`, with commas between: of a JSON array. */
void scribe_tail(struct scribe *s, int n, struct buf *out);

#endif
