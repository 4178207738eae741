#include "lua/pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOLED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOLED 0
#endif
#endif
#ifndef POOLED
#define POOLED 1
#endif

void pool_init(struct pool *p)
{
    *p = (struct pool){.base = POOLED ? malloc(POOL_REGION) : NULL};
    p->next = p->base;
    p->end = p->base ? p->base + POOL_REGION : NULL;
}

void pool_end(struct pool *p)
{
    free(p->base);
    *p = (struct pool){.base = NULL};
}

static size_t size_class(size_t n)
{
    return (n + POOL_STEP - 1) / POOL_STEP;
}

static bool is_ours(const struct pool *p, const void *block)
{
    return (const char *)block >= p->base && (const char *)block < p->end;
}

static void *take(struct pool *p, size_t n)
{
    size_t c = size_class(n);
    if (n > POOL_SMALL)
        return malloc(n);
    void *block = p->idle[c];
    if (block) {
        memcpy(&p->idle[c], block, sizeof(void *));
        return block;
    }
    if ((size_t)(p->end - p->next) < c * POOL_STEP)
        return malloc(n);
    block = p->next;
    p->next += c * POOL_STEP;
    return block;
}

static void give(struct pool *p, void *block, size_t had)
{
    if (!is_ours(p, block)) {
        free(block);
        return;
    }
    size_t c = size_class(had);
    memcpy(block, &p->idle[c], sizeof(void *));
    p->idle[c] = block;
}

void *pool_resize(struct pool *p, void *block, size_t had, size_t n)
{
    if (!block)
        return n ? take(p, n) : NULL;
    if (n == 0) {
        give(p, block, had);
        return NULL;
    }
    if (!is_ours(p, block))
        return realloc(block, n);
    if (size_class(n) == size_class(had))
        return block;
    void *fresh = take(p, n);
    if (fresh) {
        memcpy(fresh, block, had < n ? had : n);
        give(p, block, had);
    }
    return fresh;
}
