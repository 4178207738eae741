#ifndef KORDLESS_GUARD_DENIALS_H
#define KORDLESS_GUARD_DENIALS_H

/* Why a key was refused: its last 50 refusals, with rule, numbers and from where. Any
 * worker adds, under a lock that only refusals take; about once a second main hands
 * what came to the writer, which keeps the newest 50 of each key, and of all keys
 * together the newest 200,000. In memory only what is not written yet: 50 for each of
 * at most 256 keys; the refusals of further keys in that second are counted (usage.h)
 * and not kept here. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct db;
struct key;
struct usage;
struct denials;

enum { DENIALS_KEPT = 50, DENIALS_KEYS = 256, DENIALS_ROWS = 200000 };

enum denial_rule {
    DENIAL_NONE,
    DENIAL_MINUTE, /* the three windows, in their order */
    DENIAL_HOUR,
    DENIAL_DAY,
    DENIAL_LOOKUPS, /* GET /rate-limit has a limit of its own */
    DENIAL_REVOKED,
    DENIAL_EXPIRED,
    DENIAL_NOT_YET,
    DENIAL_SUSPENDED,
    DENIAL_ORGANIZATION, /* x-organization-id names another's */
    DENIAL_SCOPE,
    DENIAL_RULES
};
const char *denial_code(enum denial_rule r); /* one word, "key-minute" */

struct denial {
    int64_t id, at_ms, wait_ms; /* `id` counts up; denials_add gives it */
    uint32_t used, limit;       /* of a window */
    uint32_t scope;             /* the bit that was missing */
    uint16_t route;             /* as usage_route has it */
    uint8_t rule;
    struct in6_addr address;
    char request_id[72];
};

struct denial_row {
    struct denial d; /* without `route` */
    struct str route;
};

struct denials *denials_new(struct usage *labels);
void denials_free(struct denials *d);
/* At start: ids go on behind those of the store, and its rows are counted. */
int denials_open(struct denials *d, struct db *db) MUST_CHECK;

void denials_add(struct denials *d, const struct key *k, const struct denial *one);

/* Main: what came is the next batch, unless one is still to be written. False: there is
 * none. denials_flush and denials_flushed as in usage.h. */
bool denials_take(struct denials *d);
int denials_flush(struct denials *d, struct db *db) MUST_CHECK;
void denials_flushed(struct denials *d);

/* Newest first, at most DENIALS_KEPT, those not yet written too. */
int denials_read(struct denials *d, struct db *db, const struct key *k, struct arena *a,
                 struct denial_row **rows, int *n) MUST_CHECK;

#endif
