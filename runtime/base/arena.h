#ifndef KORDLESS_BASE_ARENA_H
#define KORDLESS_BASE_ARENA_H

/* Memory that dies together: everything of one request, or of one reload. Grows in
 * blocks; arena_reset keeps the first. What was handed out is poisoned for ASan when it
 * dies. Caps stand with the callers: every input that ends in an arena is bounded, so
 * malloc failing here aborts. */

#include <stddef.h>

#include "base/str.h"

struct arena_block;
struct arena {
    struct arena_block *first, *last;
};

void arena_init(struct arena *a); /* allocates nothing */
void arena_reset(struct arena *a);
void arena_end(struct arena *a);

void *arena_alloc(struct arena *a, size_t n); /* 16-byte aligned, not cleared */
void *arena_zero(struct arena *a, size_t n);
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);            /* with a NUL */
struct str arena_fmt(struct arena *a, const char *fmt, ...) /* printf; a NUL */
    __attribute__((format(printf, 2, 3)));                  /* stands behind */

#endif
