#ifndef KORDLESS_LUA_QUARANTINE_H
#define KORDLESS_LUA_QUARANTINE_H

/* Who keeps being killed no longer runs. QUARANTINE_KILLS calls of a plugin (or of the
 * policies) that were killed for budget or memory within QUARANTINE_MS, on whatever
 * worker, and its routes answer 503 without running it, until an operator resumes it or
 * a reload goes live, whose generation begins anew. Any thread; lives in the
 * generation's arena. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/counter.h"

enum { QUARANTINE_KILLS = 10, QUARANTINE_MS = 60 * 1000 };
enum kill { KILL_BUDGET, KILL_MEMORY, KILLS };

struct log;
struct quarantine;

struct ward { /* all of a generation */
    struct quarantine *first, *policies;
};

struct quarantine *quarantine_new(struct arena *a, struct ward *w, struct str name);
const struct ward *quarantine_ward(const struct quarantine *q);
struct quarantine *quarantine_find(const struct ward *w, struct str name); /* or NULL */

/* Counts there as well, from now on: KILLS counters that outlive the generation. Before
 * anything of it runs. */
void quarantine_tie(struct quarantine *q, struct counter *ever);

bool quarantine_on(const struct quarantine *q);
/* A call was killed; `boot_ms` is the limit clock's. Says so once when it begins. */
void quarantine_kill(struct quarantine *q, enum kill why, int64_t boot_ms,
                     struct log *log);
/* Lets it run again. False: it was running. */
bool quarantine_end(struct quarantine *q, struct log *log);
uint64_t quarantine_count(const struct quarantine *q, enum kill why); /* ever */

#endif
