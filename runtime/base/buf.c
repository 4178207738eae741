#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b)
{
    *b = (struct buf){NULL, 0, 0};
}

void buf_end(struct buf *b)
{
    free(b->p);
    buf_init(b);
}

char *buf_grow(struct buf *b, size_t n)
{
    if (n > SIZE_MAX / 4 - b->n)
        abort();
    size_t cap = b->cap ? b->cap : 256;
    while (cap - b->n < n)
        cap *= 2;
    if (cap > b->cap || !b->p) { /* NULL is no place to write, not even nothing */
        b->p = realloc(b->p, cap);
        if (!b->p)
            abort();
        b->cap = cap;
    }
    return b->p + b->n;
}

static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

void buf_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t i = sizeof(digits);
    if (v < 10) {
        buf_char(b, (char)('0' + v));
        return;
    }
    for (; v >= 100; v /= 100) /* two at a time: half the divisions */
        memcpy(digits + (i -= 2), two_digits + 2 * (v % 100), 2);
    if (v >= 10)
        memcpy(digits + (i -= 2), two_digits + 2 * v, 2);
    else
        digits[--i] = (char)('0' + v);
    buf_add(b, digits + i, sizeof(digits) - i);
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_char(b, '-');
    buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Into what room there is; only what does not fit is made twice. */
void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    size_t room = b->p ? b->cap - b->n : 0;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    if ((size_t)n >= room)
        vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
    va_end(again);
    b->n += (size_t)n;
}

void buf_drop(struct buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}
