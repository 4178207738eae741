#ifndef KORDLESS_GUARD_USAGE_H
#define KORDLESS_GUARD_USAGE_H

/* How often each key asked for what, and how that ended: kept by minute for 48 hours,
 * by hour for 90 days, by day for 2 years. Workers count in tallies; about once a
 * second main folds them together and the writer adds them to all three steps in one
 * transaction. What that transaction could not keep waits for the next: every request
 * is counted once, and the sums are what was admitted plus what was refused. kill -9
 * loses at most what was not written yet, the last two seconds. A rotated key goes on
 * in the row of its first ancestor. */

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "guard/tally.h"

struct db;
struct usage;

enum usage_step { USAGE_MINUTE = 1, USAGE_HOUR, USAGE_DAY };
extern const int64_t usage_step_ms[USAGE_DAY + 1], usage_kept_ms[USAGE_DAY + 1];

enum { USAGE_ROUTES = 4096 }; /* labels told apart; later ones are "other" */

struct usage *usage_new(void);
void usage_free(struct usage *u);

/* The number of a route's label ("GET /notes/{id}"); 0 is "other". Any thread; takes a
 * lock, so it is asked once per route. */
uint16_t usage_route(struct usage *u, struct str label);
struct str usage_label(struct usage *u,
                       uint16_t route); /* back; lives as long as `u` */

/* Main: takes over what a worker counted; the tally is empty then. */
void usage_collect(struct usage *u, struct tally *t);
size_t usage_waiting(const struct usage *u); /* cells not in the store */
uint64_t usage_lost(struct usage *u); /* requests that found no room since last asked */

/* Inside a transaction of the writer, while main waits: adds all that waits. When it is
 * durable, usage_flushed forgets it. */
int usage_flush(struct usage *u, struct db *db) MUST_CHECK;
void usage_flushed(struct usage *u);
/* Drops what is older than its step is kept, at most `most` rows; `gone` says how many.
 */
int usage_sweep(struct db *db, int64_t wall_ms, int most, int64_t *gone) MUST_CHECK;

/* --- reading, on any connection --- */

enum usage_by { USAGE_BY_KEY, USAGE_BY_ROUTE, USAGE_BY_OUTCOME };

struct usage_query {
    struct str organization;
    struct str key; /* of this key only, as the first of its line; empty: of all */
    enum usage_step step;
    int64_t from_ms, to_ms; /* [from, to), to whole steps */
    enum usage_by by;
    bool totals; /* one row for the whole time, not one a step */
    size_t most;
};

struct usage_row {
    int64_t at_ms;   /* the step's beginning; 0 with totals */
    struct str name; /* a key's id, a route's label; none by outcome */
    enum outcome outcome;
    int64_t n, refused, cost;
};

/* Rows with something in them, by time and name. ERR_TOO_LARGE: more than `most`; of
 * totals those `most` that were charged most. */
int usage_read(struct db *db, const struct usage_query *q, struct arena *a,
               struct usage_row **rows, size_t *n) MUST_CHECK;

/* The id under which this key is counted: its own, or its first ancestor's. */
int usage_root(struct db *db, struct str key, struct arena *a,
               struct str *root) MUST_CHECK;

/* Keys of an organization that were quiet for 30 days and are active again since
 * `since_ms`, newest first; times are the last before and the first after, to the
 * minute. */
struct usage_again {
    struct str key; /* the first of its line */
    int64_t before_ms, again_ms;
};
enum { USAGE_IDLE_DAYS = 30 };
int usage_again(struct db *db, struct str organization, int64_t since_ms, int most,
                struct arena *a, struct usage_again **rows, size_t *n) MUST_CHECK;

/* Keys with at least `least` refusals in the hours from that of `since_ms` on, those
 * with the most first. It costs what was refused, not what was asked. */
struct usage_refused {
    struct str key; /* the first of its line */
    int64_t n;
};
int usage_refused(struct db *db, struct str organization, int64_t since_ms,
                  int64_t least, int most, struct arena *a, struct usage_refused **rows,
                  size_t *n) MUST_CHECK;

#endif
