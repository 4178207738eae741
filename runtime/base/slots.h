#ifndef KORDLESS_BASE_SLOTS_H
#define KORDLESS_BASE_SLOTS_H

/* Which starts of a grid are free: of several candidates, each open at other times and
 * taken at other times. A list is sorted by start, then rank, then candidate.
 *
 * The grid is anchored where an open interval begins, and anew at each midnight of the
 * zone inside it; only starts are cut there, what they begin may run on. A start counts
 * when [start, start + length) lies within one open interval and [start - before,
 * start + length + after) meets nothing that is taken of any of the candidate's
 * subjects; or when all of them gather at that start already, for at least that long,
 * and nothing blocks it. Then as many places are free as the gathering leaves.
 *
 * Seconds all over. Owns its memory. */

#include "base/span.h"
#include "base/taken.h"
#include "base/zone.h"

struct grid {
    const struct zone *zone;
    int64_t step, length;  /* at least 1 */
    int64_t before, after; /* at least 0 */
    int64_t lo, hi;        /* starts lie in [lo, hi) */
    int32_t capacity;      /* places of one start, at least 1 */
    int32_t units;         /* places that must be free: 0 lists taken starts too */
};

struct slot {
    int64_t start;
    double rank;  /* 0 until slots_rank */
    int32_t who;  /* the candidate, as its adder named it */
    int32_t free; /* places */
};

struct slots {
    struct grid grid;
    size_t most;   /* slots */
    size_t unseen; /* starts that may still be looked at, free or not */
    struct slot *at;
    size_t n, cap;
    size_t *runs; /* where each candidate's slots end */
    size_t n_runs, cap_runs;
    int32_t last_who;
    bool in_turn; /* none was added before one of a lower number, and none has a rank */
};

void slots_init(struct slots *s, const struct grid *g, size_t most, size_t look);
void slots_end(struct slots *s);

/* Adds those of one candidate. `of`: what is taken of each of its subjects, NULL for
 * one of which nothing is. ERR_TOO_LARGE when the list would have more than `most`, or
 * more than `look` starts would be looked at; the list then has those that came before
 * it was too much. */
int slots_add(struct slots *s, int32_t who, const struct spans *open,
              const struct taken_of *const *of, size_t n) MUST_CHECK;

void slots_sort(struct slots *s); /* nothing to do when it is */
bool slots_sorted(const struct slots *s);
void slots_cut(struct slots *s, size_t n); /* leaves the first n of a sorted list */
/* Sorts those of one start by ranks[i], lowest first; no number counts as 0. */
void slots_rank(struct slots *s, const double *ranks);

#endif
