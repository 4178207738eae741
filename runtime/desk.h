#ifndef KORDLESS_DESK_H
#define KORDLESS_DESK_H

/* What other threads ask of main: a queue of jobs with a descriptor that wakes main's
 * loop. A job is its asker's, and main's from desk_ask until `done`. Nobody waits for
 * it: the asker is told on main's thread, and should only post. */

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum desk_verb { DESK_RELOAD, DESK_ROLLBACK, DESK_STATUS };

struct desk_job {
    struct desk_job *next; /* the desk's */
    enum desk_verb verb;
    bool dry_run;     /* of DESK_RELOAD: all but going live */
    struct str actor; /* who asks, for the audit */
    /* Main's answer: 200 and the whole body; else a sentence in `detail` and further
     * members, each after a comma, in `body`. The asker's to end. */
    int status;
    struct buf body, detail;
    void (*done)(struct desk_job *j);
};

struct desk;

struct desk *desk_new(void);
void desk_free(struct desk *d);
/* Main serves from now on; readable when there is something to take. -1: no
 * descriptor. Main's. */
int desk_open(struct desk *d);
struct desk_job *desk_take(struct desk *d); /* or NULL. Main's */
/* Nothing more is accepted; what waits is still taken. Main's. */
void desk_close(struct desk *d);
/* Any thread. ERR_CLOSED: main does not serve (a command's own server, or the end). */
int desk_ask(struct desk *d, struct desk_job *j) MUST_CHECK;

#endif
