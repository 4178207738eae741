#ifndef KORDLESS_GUARD_LIMIT_RING_H
#define KORDLESS_GUARD_LIMIT_RING_H

/* One ring: the times of the last admitted requests of a key or an organization, oldest
 * first, and where each window begins among them.
 *
 *        tail        seen[HOUR]         seen[MINUTE]     head
 *   ──────┬──────────────┬───────────────────┬────────────┐
 *    dead │ dead by now  │  in the hour      │ in both    │ next
 *   ──────┴──────────────┴───────────────────┴────────────┘
 *
 * Indices only grow, modulo 2^32; the entry of index i lies at i mod capacity. All is
 * done under the ring's lock, an organization's before a key's. A ring is used as a
 * key's or as an organization's, never both: its longest window says what is dead. */

#include "guard/limit_file.h"

struct limit_ring {
    struct limit_slot *slot; /* NULL: this number is not given out */
    uint32_t *at;            /* in the file; NULL: no capacity */
    int64_t newest;          /* file time of the last entry as stored */
    int64_t asked;           /* and of the last question; time stands still before it */
    _Atomic uint32_t lock;   /* 0 free, 1 held, 2 held and waited for */
    uint32_t mask;
    uint32_t head;
    uint32_t seen[2];   /* by place: the first that this window still sees */
    uint32_t oldest[2]; /* and that entry, if there is one: while it is seen, the file
                           is written to and not read */
    uint32_t moved;     /* the round of syncs of its last move */
};
static_assert(sizeof(struct limit_ring) <= 64, "a ring is one cache line");

/* A key's ring has a minute and an hour, an organization's a day alone. */
static inline unsigned limit_ring_place(enum limit_window w)
{
    return w == LIMIT_HOUR;
}

void limit_ring_wait(struct limit_ring *r);
void limit_ring_wake(struct limit_ring *r);

static inline void limit_ring_lock(struct limit_ring *r)
{
    uint32_t none = 0;
    if (!atomic_compare_exchange_strong_explicit(
            &r->lock, &none, 1, memory_order_acquire, memory_order_relaxed))
        limit_ring_wait(r);
}

static inline void limit_ring_unlock(struct limit_ring *r)
{
    if (atomic_exchange_explicit(&r->lock, 0, memory_order_release) == 2)
        limit_ring_wake(r);
}

/* Under its lock: where the next entry goes, asked for ahead. */
static inline void limit_ring_fetch(const struct limit_ring *r)
{
    if (r->at)
        __builtin_prefetch(&r->at[r->head & r->mask], 1);
}

static inline void limit_ring_init(struct limit_ring *r, struct limit_slot *s)
{
    *r =
        (struct limit_ring){.slot = s, .newest = INT64_MIN / 2, .asked = INT64_MIN / 2};
}

/* Forgets what window `w` no longer sees at file time `t`, which is not before `asked`;
 * returns how many it sees. O(1) amortized, O(log n) at worst. */
uint32_t limit_ring_count(struct limit_ring *r, enum limit_window w, int64_t t);

/* File time at which the k-th newest, which is in window `w`, leaves it; 1: newest. */
int64_t limit_ring_leaves(const struct limit_ring *r, enum limit_window w, uint32_t k);

/* Room for `cost` more beside all that `w`, its longest window, sees. ERR_FULL. */
int limit_ring_room(struct limit_file *f, struct limit_ring *r, enum limit_window w,
                    uint32_t cost) MUST_CHECK;
void limit_ring_push(struct limit_file *f, struct limit_ring *r, enum limit_window w,
                     int64_t t, uint32_t cost);

/* Frees or shrinks what is mostly dead. */
void limit_ring_sweep(struct limit_file *f, struct limit_ring *r, int64_t t);

/* Makes all durable, and frees what nothing on the disk names since. One thread. */
void limit_ring_sync(struct limit_file *f);

#endif
