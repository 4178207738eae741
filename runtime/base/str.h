#ifndef KORDLESS_BASE_STR_H
#define KORDLESS_BASE_STR_H

/* A slice of somebody else's bytes: pointer and length, no terminating NUL, any byte
 * inside. It never owns; it lives as long as what it points into. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

struct str str_of(const char *cstr); /* NULL gives the empty slice */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_starts(struct str s, struct str prefix);
int str_cmp(struct str a, struct str b); /* bytes, then length: <0, 0, >0 */

/* Cuts `s` at the first `c`: `head` is before it, `rest` after. False, and `head` is
 * all of `s`, when there is none; `rest` is empty then. */
bool str_cut(struct str s, char c, struct str *head, struct str *rest);
struct str str_trim(struct str s); /* space and tab at both ends */

/* Decimal digits only, no sign, no blanks. ERR_INVALID, or ERR_TOO_LARGE over `max`. */
int str_u64(struct str s, uint64_t max, uint64_t *out) MUST_CHECK;

/* Copies into `out` with a NUL. ERR_TOO_LARGE if it does not fit, ERR_INVALID on NUL.
 */
int str_cstr(struct str s, char *out, size_t cap) MUST_CHECK;

/* Strict UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing past U+10FFFF). */
bool str_utf8(struct str s);

/* One or more of a-z, 0-9 and _: what plugins call events, metrics and secrets. */
bool str_is_word(struct str s);

#endif
