#ifndef KORDLESS_HASHER_H
#define KORDLESS_HASHER_H

/* A few threads that hash passwords, so that no worker ever does. The queue is bounded:
 * who does not fit is told to come again, and a crowd at the door costs memory and time
 * that is known beforehand. */

#include "guard/password.h"

struct hash_job { /* embedded by who asks; the hasher's until `done` */
    struct hash_job *next;
    struct hashing h;
    void (*done)(
        struct hash_job *j); /* on a thread of the hasher's; should only post */
};

struct hasher;
/* Starts the threads. `run` is password_run, but for tests. ERR_IO. */
int hasher_new(struct hasher **out, int threads, int queue_max,
               void (*run)(struct hashing *h)) MUST_CHECK;
int hasher_queue(struct hasher *p, struct hash_job *j) MUST_CHECK; /* ERR_FULL */
/* What runs is done; what waits is dropped, and its owner's again. */
void hasher_stop(struct hasher *p);
void hasher_free(struct hasher *p);

#endif
