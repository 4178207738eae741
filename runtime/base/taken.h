#ifndef KORDLESS_BASE_TAKEN_H
#define KORDLESS_BASE_TAKEN_H

/* What is taken of the time of several subjects (hosts, rooms), looked up by name:
 * built once, then asked about many starts. Three kinds of time, all half-open:
 *
 *   busy        anything: a new thing at that time does not fit
 *   blocked     a part of busy that also closes a gathering to those who would join
 *   gatherings  a part of busy: things of several places that begin at `at` and that
 *               others may still join; `units` of their places are taken
 *
 * Owns its memory, the names too. */

#include "base/span.h"
#include "base/str.h"

struct gathering {
    int64_t at;   /* the start that it is known by */
    int64_t a, b; /* what it takes of the subject's time */
    int64_t units;
};

struct taken_of {
    struct str name;
    struct spans busy, blocked;
    struct gathering *gatherings; /* ascending by `at` */
    size_t n, cap;
};

struct taken;
struct taken *taken_new(void);
void taken_free(struct taken *t);
size_t taken_bytes(const struct taken *t); /* that it holds */

/* In any order; those of one subject in the order of their beginnings are fastest. Of
 * two gatherings of a subject with one `at` the later is known. */
void taken_busy(struct taken *t, struct str name, int64_t a, int64_t b);
void taken_block(struct taken *t, struct str name, int64_t a, int64_t b);
void taken_gather(struct taken *t, struct str name, struct gathering g);

/* NULL: nothing is. Good until the next addition. */
const struct taken_of *taken_find(const struct taken *t, struct str name);

#endif
