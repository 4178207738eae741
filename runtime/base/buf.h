#ifndef KORDLESS_BASE_BUF_H
#define KORDLESS_BASE_BUF_H

/* Bytes that grow at the end. Owns its memory; buf_clear keeps it. Writers cap what
 * they add, so malloc failing here aborts. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap;
};

void buf_init(struct buf *b); /* allocates nothing */
void buf_end(struct buf *b);
static inline void buf_clear(struct buf *b)
{
    b->n = 0;
}
static inline struct str buf_slice(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

/* Room for `n` more bytes, not counted until buf_add or `b->n +=`; the place to write.
 * These are inline: a reply is a hundred small additions that nearly always fit. */
char *buf_grow(struct buf *b, size_t n);
static inline char *buf_reserve(struct buf *b, size_t n)
{
    return b->p && b->cap - b->n >= n ? b->p + b->n : buf_grow(b, n);
}
static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_reserve(b, n), p, n);
    b->n += n;
}
static inline void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}
static inline void buf_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->n++;
}
void buf_u64(struct buf *b, uint64_t v); /* decimal */
void buf_i64(struct buf *b, int64_t v);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t n); /* removes the first n bytes */

#define buf_lit(b, literal) buf_add((b), "" literal, sizeof(literal) - 1)

#endif
