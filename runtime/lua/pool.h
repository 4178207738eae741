#ifndef KORDLESS_LUA_POOL_H
#define KORDLESS_LUA_POOL_H

/* Small blocks for one Lua state. A handler makes and drops some thirty of them, and a
 * state is used by one thread at a time, so a free list per size needs none of malloc's
 * care. The region is bounded and untouched until used; what does not fit, or is larger
 * than POOL_SMALL, goes to malloc. Under AddressSanitizer everything does, so that it
 * still sees each block. */

#include <stddef.h>

enum { POOL_SMALL = 1024, POOL_STEP = 16, POOL_REGION = 512 * 1024 };

struct pool {
    char *base, *next, *end;
    void *idle[POOL_SMALL / POOL_STEP + 1]; /* by size: each block points to the next */
};

void pool_init(struct pool *p);
void pool_end(struct pool *p); /* all small blocks die with it */

/* As realloc, with the old size known; n = 0 frees and gives NULL. NULL: no memory. */
void *pool_resize(struct pool *p, void *block, size_t had, size_t n);

#endif
