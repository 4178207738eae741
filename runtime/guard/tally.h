#ifndef KORDLESS_GUARD_TALLY_H
#define KORDLESS_GUARD_TALLY_H

/* Requests counted in memory, by key, route, outcome and minute. Each worker has one of
 * its own, so counting takes no lock: one look into a hash table of 32 bytes a cell.
 * Once a second main swaps it for an empty one (worker.h) and folds it into what waits
 * for the store (usage.h). Bounded: past TALLY_MAX cells a new one is lost, and said.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key;

/* How it ended: refused at the gates (limits, a revoked key), else its status' first
 * digit. */
enum outcome {
    OUTCOME_REFUSED,
    OUTCOME_2XX = 2,
    OUTCOME_3XX,
    OUTCOME_4XX,
    OUTCOME_5XX
};

enum { TALLY_MAX = 1 << 20 };

struct cell {
    const struct key *key; /* NULL: a free place */
    uint32_t minute;       /* since 1970 */
    uint16_t route, outcome;
    uint64_t n, cost; /* requests, and what they took from the limits */
};

struct tally;
struct tally *tally_new(size_t max); /* TALLY_MAX */
void tally_free(struct tally *t);

/* Adds `c->n` and `c->cost` to the cell of the same key, minute, route and outcome. */
void tally_add(struct tally *t, const struct cell *c);
/* Cells in use; any thread may ask. */
size_t tally_count(const struct tally *t);
uint64_t
tally_lost(struct tally *t); /* requests that found no room, since last asked */
/* All cells, `i` from 0 below tally_places; a free one has no key. */
size_t tally_places(const struct tally *t);
const struct cell *tally_at(const struct tally *t, size_t i);
/* Into `to`, and empty again. */
void tally_pour(struct tally *from, struct tally *to);
void tally_clear(struct tally *t); /* a big table becomes small; what was lost stays */

#endif
