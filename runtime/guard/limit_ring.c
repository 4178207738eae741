#include "guard/limit_ring.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the lock ---- */

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Two workers seldom meet in one organization, and then not for long. */
static bool spin(struct limit_ring *r)
{
    for (int i = 0; i < 100; i++) {
        uint32_t none = 0;
        if (atomic_load_explicit(&r->lock, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_weak_explicit(
                &r->lock, &none, 1, memory_order_acquire, memory_order_relaxed))
            return true;
        cpu_relax();
    }
    return false;
}

void limit_ring_wait(struct limit_ring *r)
{
    if (spin(r))
        return;
    while (atomic_exchange_explicit(&r->lock, 2, memory_order_acquire) != 0)
        syscall(SYS_futex, &r->lock, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void limit_ring_wake(struct limit_ring *r)
{
    syscall(SYS_futex, &r->lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- windows ---- */

/* Entries are 32 bits of a time; those asked for lie within days of the newest. */
static int64_t time_of(const struct limit_ring *r, uint32_t entry)
{
    return r->newest + (int32_t)(entry - (uint32_t)r->newest);
}

static int64_t time_at(const struct limit_ring *r, uint32_t i)
{
    return time_of(r, r->at[i & r->mask]);
}

static bool dead(const struct limit_ring *r, uint32_t i, enum limit_window w, int64_t t)
{
    return t - time_at(r, i) >= limit_window_ms[w];
}

/* Gallop and bisect: `lo` is dead, `hi` is alive. */
static uint32_t first_alive(const struct limit_ring *r, enum limit_window w, int64_t t)
{
    uint32_t first = r->seen[limit_ring_place(w)], n = r->head - first, lo = 0, hi = 1;
    while (hi < n && dead(r, first + hi, w, t)) {
        lo = hi;
        hi *= 2;
    }
    if (hi > n - 1)
        hi = n - 1; /* the newest, which the caller found alive */
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (dead(r, first + mid, w, t))
            lo = mid;
        else
            hi = mid;
    }
    return first + hi;
}

uint32_t limit_ring_count(struct limit_ring *r, enum limit_window w, int64_t t)
{
    unsigned p = limit_ring_place(w);
    if (r->seen[p] == r->head)
        return 0;
    if (t - r->newest >= limit_window_ms[w]) {
        r->seen[p] = r->head; /* first: of older entries 32 bits may tell nothing */
    } else if (t - time_of(r, r->oldest[p]) >= limit_window_ms[w]) {
        r->seen[p] = first_alive(r, w, t);
        r->oldest[p] = r->at[r->seen[p] & r->mask];
    }
    return r->head - r->seen[p];
}

int64_t limit_ring_leaves(const struct limit_ring *r, enum limit_window w, uint32_t k)
{
    unsigned p = limit_ring_place(w);
    uint32_t i = r->head - k;
    int64_t t = i == r->seen[p] ? time_of(r, r->oldest[p]) : time_at(r, i);
    return t + limit_window_ms[w];
}

/* ---- room ---- */

static uint32_t capacity(const struct limit_ring *r)
{
    return r->at ? r->mask + 1 : 0;
}

static unsigned bits_for(uint32_t n)
{
    unsigned bits = LIMIT_BITS_MIN;
    while (bits < 31 && (uint32_t)1 << bits < n)
        bits++;
    return bits;
}

static void set_region(const struct limit_file *f, struct limit_ring *r, uint64_t word)
{
    r->at = word ? limit_file_entries(f, word) : NULL;
    r->mask = word ? ((uint32_t)1 << limit_file_bits(word)) - 1 : 0;
}

/* A sync that began after the ring's last move is still on its way, and promises what
 * lies in the region of then, which after another move nothing names. */
static bool promised(const struct limit_file *f, const struct limit_ring *r,
                     uint64_t was)
{
    return (was & LIMIT_OLD) && r->moved != f->round;
}

/* One store moves the ring. On disk the new region's entries may come later than the
 * slot, so until they are durable the slot says that those before `split` are in the
 * region it had at the last sync, where nobody writes any more. */
static void publish(struct limit_file *f, struct limit_ring *r, uint64_t word)
{
    struct limit_slot *s = r->slot;
    uint64_t was = atomic_load_explicit(&s->region, memory_order_relaxed);
    bool durable = false;
    pthread_mutex_lock(&f->lock); /* no sync begins meanwhile */
    if (promised(f, r, was)) {
        pthread_mutex_unlock(&f->lock);
        durable = limit_file_flush(f) == 0;
        pthread_mutex_lock(&f->lock);
    }
    if (was && !(was & LIMIT_OLD)) {
        s->old = was;
        s->split = r->head;
    }
    if (was)
        limit_file_retire_locked(f, was & LIMIT_OLD ? NULL : r,
                                 was & ~(uint64_t)LIMIT_OLD);
    r->moved = f->round;
    atomic_store_explicit(&s->region, was && !durable ? word | LIMIT_OLD : word,
                          memory_order_release);
    pthread_mutex_unlock(&f->lock);
    set_region(f, r, word);
}

/* Entries from `from` on go along, the others are gone. */
static int move(struct limit_file *f, struct limit_ring *r, uint32_t from,
                unsigned bits)
{
    uint64_t word;
    int err = limit_file_alloc(f, bits, &word);
    if (err)
        return err;
    uint32_t *to = limit_file_entries(f, word), mask = ((uint32_t)1 << bits) - 1;
    for (uint32_t i = from; i != r->head; i++)
        to[i & mask] = r->at[i & r->mask];
    atomic_store_explicit(&r->slot->tail, from, memory_order_release);
    publish(f, r, word);
    return 0;
}

int limit_ring_room(struct limit_file *f, struct limit_ring *r, enum limit_window w,
                    uint32_t cost)
{
    uint32_t need = r->head - r->seen[limit_ring_place(w)] + cost;
    if (need <= capacity(r))
        return 0;
    unsigned bits = bits_for(need);
    return bits > LIMIT_BITS_MAX ? ERR_FULL
                                 : move(f, r, r->seen[limit_ring_place(w)], bits);
}

/* Kill -9 between any two of these leaves a ring that says no less than it should: what
 * will be overwritten is out before it is, what is counted was written before. */
void limit_ring_push(struct limit_file *f, struct limit_ring *r, enum limit_window w,
                     int64_t t, uint32_t cost)
{
    r->newest = t + f->grain;
    for (int p = 0; p < 2; p++)
        if (r->seen[p] == r->head)
            r->oldest[p] = (uint32_t)r->newest;
    atomic_store_explicit(&r->slot->tail, r->seen[limit_ring_place(w)],
                          memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (uint32_t i = 0; i < cost; i++)
        r->at[(r->head + i) & r->mask] = (uint32_t)r->newest;
    r->head += cost;
    atomic_store_explicit(&r->slot->head, r->head, memory_order_release);
}

/* ---- sweeping ---- */

static void release(struct limit_file *f, struct limit_ring *r, int64_t t)
{
    uint64_t was = atomic_load(&r->slot->region);
    if (r->asked < t)
        r->asked = t;
    r->seen[0] = r->seen[1] = r->head;
    atomic_store(&r->slot->tail, r->head);
    atomic_store(&r->slot->region, 0);
    set_region(f, r, 0);
    limit_file_retire(f, NULL, was & ~(uint64_t)LIMIT_OLD);
}

/* What the slot keeps is of two days at most, since each push drops what its longest
 * window had lost: so the sweep has to look at the newest entry only. */
void limit_ring_sweep(struct limit_file *f, struct limit_ring *r, int64_t t)
{
    if (!r->at)
        return;
    if (t - r->newest >= limit_window_ms[LIMIT_DAY]) {
        release(f, r, t);
        return;
    }
    uint32_t tail = atomic_load(&r->slot->tail), live = r->head - tail;
    if (capacity(r) > (uint32_t)1 << LIMIT_BITS_MIN && live < capacity(r) / 8) {
        int err = move(f, r, tail, bits_for(live * 2));
        (void)err; /* on a full disk it stays where it is */
    }
}

/* ---- syncing ---- */

/* The list goes to the caller; a ring's lock is taken before the file's, so it is
 * walked with the file unlocked. */
static struct limit_retired *detach(struct limit_file *f, size_t *n, uint32_t *round)
{
    pthread_mutex_lock(&f->lock);
    struct limit_retired *list = f->retired;
    *n = f->retired_n;
    *round = ++f->round;
    f->retired = NULL;
    f->retired_n = f->retired_cap = 0;
    pthread_mutex_unlock(&f->lock);
    return list;
}

/* A ring that has not moved since the sync began is durable where it is. */
static bool disown(struct limit_ring *r, uint64_t word, uint32_t round)
{
    limit_ring_lock(r);
    bool settled = (int32_t)(r->moved - round) < 0;
    uint64_t now = atomic_load(&r->slot->region);
    if (settled && (now & LIMIT_OLD) && r->slot->old == word)
        atomic_store(&r->slot->region, now & ~(uint64_t)LIMIT_OLD);
    limit_ring_unlock(r);
    return settled;
}

void limit_ring_sync(struct limit_file *f)
{
    size_t n;
    uint32_t round;
    struct limit_retired *list = detach(f, &n, &round);
    bool good = limit_file_flush(f) == 0;
    for (size_t i = 0; i < n; i++) {
        struct limit_retired *x = &list[i];
        if (good && !x->ring)
            limit_file_free(f, x->word);
        else
            limit_file_retire(
                f, good && disown(x->ring, x->word, round) ? NULL : x->ring, x->word);
    }
    free(list);
}
