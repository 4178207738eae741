#include "guard/limit_load.h"

#include <stdlib.h>

static uint32_t room(uint64_t word)
{
    return word ? (uint32_t)1 << limit_file_bits(word) : 0;
}

int limit_load_claim(struct limit_file *f, const struct limit_slot *s)
{
    uint64_t word = atomic_load(&s->region), plain = word & ~(uint64_t)LIMIT_OLD;
    uint32_t head = atomic_load(&s->head), tail = atomic_load(&s->tail);
    if (s->len > LIMIT_ID || head - tail > room(plain))
        return ERR_CORRUPT;
    if (plain && !limit_file_claim(f, plain))
        return ERR_CORRUPT;
    if (!(word & LIMIT_OLD))
        return 0;
    if (!plain)
        return ERR_CORRUPT;
    int32_t from_old = (int32_t)(s->split - tail);
    bool good = limit_file_claim(f, s->old) && from_old <= (int32_t)room(s->old);
    return good ? 0 : ERR_CORRUPT;
}

/* Entries are told relative to the mark, and none is much later: what seems to be was
 * never written. */
static int32_t relative(struct limit_file *f, const struct limit_slot *s, uint32_t i)
{
    uint64_t word = atomic_load(&s->region);
    if ((word & LIMIT_OLD) && (int32_t)(i - s->split) < 0)
        word = s->old;
    uint32_t e = limit_file_entries(f, word)[i & (room(word) - 1)];
    return (int32_t)(e - (uint32_t)atomic_load(&f->head->mark));
}

static int32_t in_time(int32_t relative_ms)
{
    return relative_ms > LIMIT_MARK_MS + 1 ? LIMIT_MARK_MS + 1 : relative_ms;
}

static bool in_order(struct limit_file *f, const struct limit_slot *s)
{
    uint32_t head = atomic_load(&s->head), i = atomic_load(&s->tail);
    int32_t last = INT32_MIN;
    for (; i != head; i++) {
        int32_t ms = relative(f, s, i);
        if (ms < last || ms != in_time(ms))
            return false;
        last = ms;
    }
    return true;
}

static int by_time(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

static int repair(struct limit_file *f, const struct limit_slot *s, uint64_t *moved)
{
    uint32_t head = atomic_load(&s->head), tail = atomic_load(&s->tail),
             n = head - tail;
    int err = limit_file_alloc(f, limit_file_bits(atomic_load(&s->region)), moved);
    if (err)
        return err;
    int32_t *times = malloc((n ? n : 1) * sizeof(*times));
    if (!times)
        abort();
    for (uint32_t i = 0; i < n; i++)
        times[i] = in_time(relative(f, s, tail + i));
    qsort(times, n, sizeof(*times), by_time);
    uint32_t *to = limit_file_entries(f, *moved), mask = room(*moved) - 1;
    for (uint32_t i = 0; i < n; i++)
        to[(tail + i) & mask] =
            (uint32_t)atomic_load(&f->head->mark) + (uint32_t)times[i];
    free(times);
    return 0;
}

static void look(struct limit_file *f, struct limit_ring *r, uint64_t word)
{
    r->at = word ? limit_file_entries(f, word) : NULL;
    r->mask = word ? room(word) - 1 : 0;
    if (r->seen[0] == r->head)
        return;
    int64_t mark = atomic_load(&f->head->mark);
    r->newest = mark + (int32_t)(r->at[(r->head - 1) & r->mask] - (uint32_t)mark);
    r->asked = r->newest - f->grain;
    r->oldest[0] = r->oldest[1] = r->at[r->seen[0] & r->mask];
}

int limit_load_ring(struct limit_file *f, struct limit_ring *r, struct limit_slot *s,
                    uint64_t *moved)
{
    uint64_t word = atomic_load(&s->region);
    *moved = 0;
    limit_ring_init(r, s);
    r->head = atomic_load(&s->head);
    r->seen[0] = r->seen[1] = atomic_load(&s->tail);
    if ((word & LIMIT_OLD) || !in_order(f, s)) {
        int err = repair(f, s, moved);
        if (err)
            return err;
    }
    look(f, r, *moved ? *moved : word);
    return 0;
}

void limit_load_adopt(struct limit_file *f, struct limit_ring *r, uint64_t moved)
{
    uint64_t was = atomic_exchange(&r->slot->region, moved);
    if (was & LIMIT_OLD)
        limit_file_retire(f, NULL, r->slot->old);
    limit_file_retire(f, NULL, was & ~(uint64_t)LIMIT_OLD);
}
