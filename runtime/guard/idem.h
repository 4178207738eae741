#ifndef KORDLESS_GUARD_IDEM_H
#define KORDLESS_GUARD_IDEM_H

/* Idempotency-Key: one key, one booking, one answer. The stored answer is a row,
 * written in the transaction of what it answers for; a request that still runs is a
 * mark in memory, which a crash clears. Scope: organization and route. */

#include "base/arena.h"
#include "base/id.h"
#include "guard/secret.h"

struct db;
struct idem;

struct idem_key {
    char org[ID_MAX];
    struct str route; /* static or of the generation: "POST /api/…" */
    struct str key;   /* 1–255 printable ASCII; owned by the exchange */
    unsigned char body[DIGEST_BYTES]; /* secret_hash of the body bytes */
    const struct pepper *pepper; /* seals the stored answer: links in it open what they
                                    name, and stand nowhere else but as digests */
};

enum idem_begin {
    IDEM_NEW,      /* marked: the caller must idem_end */
    IDEM_RUNNING,  /* 409 */
    IDEM_REPLAY,   /* `status` and `body` are the stored answer */
    IDEM_MISMATCH, /* 422: another body */
    IDEM_ERROR     /* the store could not be read: 500 */
};

struct idem *idem_new(void);
void idem_free(struct idem *i);
bool idem_valid(struct str key); /* 1–255 bytes of 0x21–0x7E and blanks inside */

/* Looks at the marks first and then at the store, so that an answer committed between
 * the two is seen; one that stands is given out even while a mark is there. A snapshot
 * older than the mark may miss it: then idem_store says ERR_EXISTS. */
enum idem_begin idem_begin(struct idem *i, struct db *reader, const struct idem_key *k,
                           int64_t wall_ms, struct arena *a, int *status,
                           struct str *body);
void idem_end(struct idem *i, const struct idem_key *k); /* takes the mark away */

/* Inside a transaction of the writer. ERR_EXISTS: somebody else's answer stands. */
int idem_store(struct db *db, const struct idem_key *k, int status, struct str body,
               int64_t wall_ms) MUST_CHECK;
int idem_sweep(struct db *db,
               int64_t wall_ms) MUST_CHECK; /* drops what is older than 24 h;
                                               often, so that it is little */

#endif
