#ifndef KORDLESS_TESTS_SLOTS_SCENE_H
#define KORDLESS_TESTS_SLOTS_SCENE_H

/* The zones that grids are laid out in, a grid, and numbers at random. */

#include "base/slots.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static struct zones *zones;

static inline int begin(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

static inline uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static inline int64_t below(uint64_t *seed, int64_t n)
{
    return (int64_t)(next_random(seed) % (uint64_t)n);
}

static inline const struct zone *zone_named(const char *name)
{
    const struct zone *z = NULL;
    if (zones_get(zones, str_of(name), &z))
        fail_msg("%s", name);
    return z;
}

static inline struct grid plain_grid(int64_t lo, int64_t hi)
{
    return (struct grid){.zone = zone_named("UTC"),
                         .step = 30 * MINUTE,
                         .length = HOUR,
                         .lo = lo,
                         .hi = hi,
                         .capacity = 1,
                         .units = 1};
}

#endif
