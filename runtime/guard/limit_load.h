#ifndef KORDLESS_GUARD_LIMIT_LOAD_H
#define KORDLESS_GUARD_LIMIT_LOAD_H

/* Reading the rings of a file again, whatever it died of. After kill -9 all is in
 * order. After power loss a sector may be newer than the slot (a late entry stands
 * where a dead one was) or older (the entry was never written), so the times are put in
 * order; each that was synced and is in a window is among them, and whatever else there
 * is can only make the answer stricter. */

#include "guard/limit_ring.h"

/* First, for each slot: claims the regions it names. ERR_CORRUPT. */
int limit_load_claim(struct limit_file *f, const struct limit_slot *s) MUST_CHECK;

/* Then, the file being settled, sets up its ring. `*moved` is 0, or where the entries
 * were put in order, for limit_load_adopt once that is durable. ERR_FULL. */
int limit_load_ring(struct limit_file *f, struct limit_ring *r, struct limit_slot *s,
                    uint64_t *moved) MUST_CHECK;
void limit_load_adopt(struct limit_file *f, struct limit_ring *r, uint64_t moved);

#endif
