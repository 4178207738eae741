#ifndef KORDLESS_BASE_ID_H
#define KORDLESS_BASE_ID_H

/* Ids that begin with the time: a prefix and 26 lower-case Crockford base32 characters,
 * 48 bits of milliseconds and 80 random bits (the layout of ULID). They sort by
 * creation, which keeps index inserts at the right-hand edge. One source per thread. */

#include <stddef.h>
#include <stdint.h>

enum { ID_MAX = 32 }; /* prefix of at most 5, 26 characters, NUL */

struct id_source {
    unsigned char pool[500]; /* from getrandom(2), 10 bytes an id */
    size_t left;
};

void id_source_init(struct id_source *s);
void id_make(struct id_source *s, const char *prefix, int64_t wall_ms,
             char out[ID_MAX]);

#endif
