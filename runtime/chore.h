#ifndef KORDLESS_CHORE_H
#define KORDLESS_CHORE_H

/* A write of main's own, which waits for it: it has nothing better to do. All are
 * bookkeeping. */

#include <pthread.h>

#include "store/writer.h"

struct chore {      /* at the front of what its `run` reads */
    struct write w; /* first; `run` is set */
    void (*kept)(
        struct chore *c); /* on the writer's thread, when it is durable; NULL */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
};

/* 0, or why it is not in the store. */
int chore_wait(struct writer *w, struct chore *c) MUST_CHECK;

#endif
