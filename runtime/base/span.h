#ifndef KORDLESS_BASE_SPAN_H
#define KORDLESS_BASE_SPAN_H

/* Sets of half-open intervals [a, b) of 64-bit integers (instants in seconds). A set is
 * kept sorted, disjoint and coalesced: touching intervals are one. Empty intervals
 * (a >= b) vanish. Owns its memory. All binary operations are one merge, O(n + m). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct span {
    int64_t a, b;
};

struct spans {
    struct span *at;
    size_t n, cap;
};

void spans_init(struct spans *s); /* allocates nothing */
void spans_end(struct spans *s);
void spans_clear(struct spans *s);

/* Adds [a, b) wherever it belongs. Appending in order costs O(1). */
void spans_add(struct spans *s, int64_t a, int64_t b);
/* out must differ from x and y; what it held is replaced. */
void spans_union(struct spans *out, const struct spans *x, const struct spans *y);
void spans_intersect(struct spans *out, const struct spans *x, const struct spans *y);
void spans_subtract(struct spans *out, const struct spans *x, const struct spans *y);

/* An empty [a, b) is covered by nothing and touches nothing. */
bool spans_cover(const struct spans *s, int64_t a, int64_t b); /* [a, b) lies in one */
bool spans_touch(const struct spans *s, int64_t a, int64_t b); /* any common instant */
int64_t spans_total(const struct spans *s); /* sum of lengths, at most INT64_MAX */

/* Loads with weights, for capacity: what is the most that is taken at any one instant
 * of [a, b)? A sum over overlaps would count loads that never meet. */
struct load {
    int64_t a, b;
    int64_t units;
};
/* Reorders `loads`. Units below 1 count as none; 0 when nothing meets [a, b). */
int64_t loads_peak(struct load *loads, size_t n, int64_t a, int64_t b);

#endif
