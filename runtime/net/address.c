#include "net/address.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct holder {
    uint64_t high, low;
    int n; /* 0: free */
};

/* Open addressing, never more than half full; the seed keeps peers with many addresses
 * from choosing ones that collide. */
struct addresses {
    struct holder *at;
    size_t mask;
    uint64_t seed;
};

struct addresses *addresses_new(size_t most)
{
    struct addresses *a = calloc(1, sizeof(*a));
    size_t cap = 16;
    while (cap < most * 2)
        cap *= 2;
    if (!a || !(a->at = calloc(cap, sizeof(*a->at))))
        abort();
    a->mask = cap - 1;
    if (getrandom(&a->seed, sizeof(a->seed), 0) != sizeof(a->seed))
        a->seed = (uint64_t)(uintptr_t)a;
    return a;
}

void addresses_free(struct addresses *a)
{
    if (!a)
        return;
    free(a->at);
    free(a);
}

static struct holder holder_of(const struct in6_addr *address)
{
    struct holder h = {0};
    memcpy(&h.high, address->s6_addr, 8);
    if (IN6_IS_ADDR_V4MAPPED(address))
        memcpy(&h.low, address->s6_addr + 8, 8);
    return h;
}

/* A multiplication carries upwards only: the upper half is folded in before each, since
 * neighbouring addresses may differ in nothing else. */
static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 32) * 0xd6e8feb86659fd93u;
    v = (v ^ v >> 32) * 0xd6e8feb86659fd93u;
    return v ^ v >> 32;
}

static size_t home(const struct addresses *a, const struct holder *h)
{
    return (size_t)mix(mix(h->high ^ a->seed) ^ h->low) & a->mask;
}

static struct holder *find(struct addresses *a, const struct holder *h)
{
    size_t i = home(a, h);
    while (a->at[i].n && (a->at[i].high != h->high || a->at[i].low != h->low))
        i = (i + 1) & a->mask;
    return &a->at[i];
}

bool addresses_take(struct addresses *a, const struct in6_addr *address, int cap)
{
    struct holder h = holder_of(address), *at = find(a, &h);
    if (at->n >= cap)
        return false;
    h.n = at->n + 1;
    *at = h;
    return true;
}

/* Pulls later entries of the chain forward over the hole, so that none is lost. */
static void close_hole(struct addresses *a, size_t hole)
{
    for (size_t i = (hole + 1) & a->mask; a->at[i].n; i = (i + 1) & a->mask) {
        size_t want = home(a, &a->at[i]);
        if (((i - want) & a->mask) < ((i - hole) & a->mask))
            continue; /* its home lies behind the hole */
        a->at[hole] = a->at[i];
        hole = i;
    }
    a->at[hole].n = 0;
}

void addresses_drop(struct addresses *a, const struct in6_addr *address)
{
    struct holder h = holder_of(address), *at = find(a, &h);
    if (at->n > 1)
        at->n--;
    else if (at->n == 1)
        close_hole(a, (size_t)(at - a->at));
}
