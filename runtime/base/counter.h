#ifndef KORDLESS_BASE_COUNTER_H
#define KORDLESS_BASE_COUNTER_H

/* Counts that are made on a hot path and read by whoever asks. One thread adds, so an
 * addition is a load and a store, no locked instruction and no cache line that others
 * write; readers on other threads see each count whole, if perhaps a moment old. */

#include <stdatomic.h>
#include <stdint.h>

struct counter {
    _Atomic uint64_t n;
};

static inline uint64_t counter_read(const struct counter *t)
{
    return atomic_load_explicit(&t->n, memory_order_relaxed);
}
static inline void counter_set(struct counter *t, uint64_t n)
{
    atomic_store_explicit(&t->n, n, memory_order_relaxed);
}
static inline void counter_add(struct counter *t, uint64_t n) /* on its one thread */
{
    counter_set(t, counter_read(t) + n);
}
static inline void counter_share(struct counter *t, uint64_t n) /* any thread; dearer */
{
    atomic_fetch_add_explicit(&t->n, n, memory_order_relaxed);
}

#endif
