#include "base/huge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE = 2 * 1024 * 1024 };

static size_t whole(size_t n, size_t size)
{
    if (size && n > (SIZE_MAX / 2) / size)
        abort();
    size_t unit = n * size >= HUGE ? HUGE : LINE;
    return (n * size / unit + 1) * unit;
}

static void *small(size_t bytes)
{
    void *p = aligned_alloc(LINE, bytes);
    if (!p)
        abort();
    memset(p, 0, bytes);
    return p;
}

/* A mapping begins anywhere, so one of these too many is asked for and what lies
 * before and after goes back. Before the first touch; a kernel that refuses huge pages
 * costs speed alone. */
static void *large(size_t bytes)
{
    unsigned char *p = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        abort();
    size_t before = (HUGE - (uintptr_t)p % HUGE) % HUGE;
    if (before)
        munmap(p, before);
    if (before < HUGE)
        munmap(p + before + bytes, HUGE - before);
    (void)madvise(p + before, bytes, MADV_HUGEPAGE);
    return p + before;
}

void *huge_calloc(size_t n, size_t size)
{
    size_t bytes = whole(n, size);
    return bytes >= HUGE ? large(bytes) : small(bytes);
}

void huge_free(void *p, size_t n, size_t size)
{
    size_t bytes = whole(n, size);
    if (bytes < HUGE)
        free(p);
    else if (p)
        munmap(p, bytes);
}
