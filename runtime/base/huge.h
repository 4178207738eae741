#ifndef KORDLESS_BASE_HUGE_H
#define KORDLESS_BASE_HUGE_H

/* Zeroed memory for large tables that are looked at in random order. From 2 MiB on it
 * asks for huge pages (madvise(2), MADV_HUGEPAGE): with pages of 4 KiB each look at a
 * table of some hundred MiB pays for a walk through page tables that are in no cache
 * either, under a hypervisor twice. Where the kernel has none to give, it is ordinary
 * memory. Aligned to a cache line; what is never touched takes no memory. */

#include <stddef.h>

void *huge_calloc(size_t n, size_t size);       /* aborts when there is none */
void huge_free(void *p, size_t n, size_t size); /* as it was made; NULL is fine */

#endif
