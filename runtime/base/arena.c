#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { BLOCK = 4096, ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    size_t unused_; /* keeps `bytes` at 16 */
    char bytes[];
};

_Static_assert(offsetof(struct arena_block, bytes) % ALIGN == 0, "blocks are aligned");

void arena_init(struct arena *a)
{
    *a = (struct arena){NULL, NULL};
}

static void free_chain(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->cap);
        free(b);
        b = next;
    }
}

void arena_reset(struct arena *a)
{
    if (!a->first)
        return;
    free_chain(a->first->next);
    a->first->next = NULL;
    a->first->used = 0;
    a->last = a->first;
    ASAN_POISON_MEMORY_REGION(a->first->bytes, a->first->cap);
}

void arena_end(struct arena *a)
{
    free_chain(a->first);
    arena_init(a);
}

static struct arena_block *grow(struct arena *a, size_t n)
{
    size_t cap = n > BLOCK ? n : BLOCK;
    struct arena_block *b = malloc(sizeof(*b) + cap);
    if (!b)
        abort();
    *b = (struct arena_block){.cap = cap};
    ASAN_POISON_MEMORY_REGION(b->bytes, cap);
    if (a->last)
        a->last->next = b;
    else
        a->first = b;
    a->last = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > SIZE_MAX / 2)
        abort();
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct arena_block *b = a->last;
    if (!b || b->cap - b->used < n)
        b = grow(a, n);
    void *p = b->bytes + b->used;
    ASAN_UNPOISON_MEMORY_REGION(p, n);
    b->used += n;
    return p;
}

void *arena_zero(struct arena *a, size_t n)
{
    return memset(arena_alloc(a, n), 0, n);
}

char *arena_cstr(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    return (struct str){arena_cstr(a, s), s.n};
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (struct str){p, (size_t)n};
}
