#include "guard/tally.h"

#include <stdlib.h>
#include <string.h>

/* Open addressing, a power of two of places, at most three quarters of them used. The
 * count is atomic only so that another thread may ask whether there is anything. */

enum { FIRST = 256 };

struct tally {
    struct cell *cells;
    size_t mask, max;
    atomic_size_t n;
    uint64_t lost;
};

static struct cell *cells_new(size_t places)
{
    struct cell *c = calloc(places, sizeof(*c));
    if (!c)
        abort();
    return c;
}

struct tally *tally_new(size_t max)
{
    struct tally *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->cells = cells_new(FIRST);
    t->mask = FIRST - 1;
    t->max = max;
    return t;
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    free(t->cells);
    free(t);
}

/* Nobody outside chooses these numbers: a multiplication spreads them well enough. */
static size_t hash(const struct cell *c)
{
    uint64_t rest = (uint64_t)c->minute << 32 | (uint64_t)c->route << 8 | c->outcome;
    uint64_t h = ((uint64_t)(uintptr_t)c->key >> 4) * 0x9E3779B97F4A7C15u;
    h = (h ^ rest) * 0xD6E8FEB86659FD93u;
    return (size_t)(h ^ h >> 32);
}

static bool same(const struct cell *a, const struct cell *b)
{
    return a->key == b->key && a->minute == b->minute && a->route == b->route &&
           a->outcome == b->outcome;
}

static struct cell *place(const struct tally *t, const struct cell *c)
{
    for (size_t i = hash(c);; i++) {
        struct cell *at = &t->cells[i & t->mask];
        if (!at->key || same(at, c))
            return at;
    }
}

static void grow(struct tally *t)
{
    struct cell *old = t->cells;
    size_t places = t->mask + 1;
    t->cells = cells_new(places * 2);
    t->mask = places * 2 - 1;
    for (size_t i = 0; i < places; i++)
        if (old[i].key)
            *place(t, &old[i]) = old[i];
    free(old);
}

void tally_add(struct tally *t, const struct cell *c)
{
    struct cell *at = place(t, c);
    if (at->key) {
        at->n += c->n;
        at->cost += c->cost;
        return;
    }
    size_t n = tally_count(t);
    if (n == t->max) {
        t->lost += c->n;
        return;
    }
    *at = *c;
    atomic_store_explicit(&t->n, n + 1, memory_order_relaxed);
    if ((n + 1) * 4 > (t->mask + 1) * 3)
        grow(t);
}

size_t tally_count(const struct tally *t)
{
    return atomic_load_explicit(&t->n, memory_order_relaxed);
}

uint64_t tally_lost(struct tally *t)
{
    uint64_t lost = t->lost;
    t->lost = 0;
    return lost;
}

size_t tally_places(const struct tally *t)
{
    return t->mask + 1;
}

const struct cell *tally_at(const struct tally *t, size_t i)
{
    return &t->cells[i];
}

void tally_clear(struct tally *t)
{
    if (t->mask + 1 > FIRST * 16) {
        free(t->cells);
        t->cells = cells_new(FIRST);
        t->mask = FIRST - 1;
    } else if (tally_count(t)) {
        memset(t->cells, 0, (t->mask + 1) * sizeof(*t->cells));
    }
    atomic_store_explicit(&t->n, 0, memory_order_relaxed);
}

void tally_pour(struct tally *from, struct tally *to)
{
    to->lost += tally_lost(from);
    for (size_t i = 0; i <= from->mask && tally_count(from); i++)
        if (from->cells[i].key)
            tally_add(to, &from->cells[i]);
    tally_clear(from);
}
