#ifndef KORDLESS_LUA_GENERATION_H
#define KORDLESS_LUA_GENERATION_H

/* Everything that scripts and plugins decide, as one object: settings, manifests,
 * routes, quotas, and the Lua states of every thread. Built whole, off to the side,
 * from files read once; either all of it goes live, one pointer per worker, or none of
 * it. It lives until the last worker has let go of it, so a call ends in the generation
 * it began in. */

#include "lua/call.h"
#include "lua/policy.h"
#include "lua/quota.h"
#include "lua/settings.h"

struct keyring;
struct measures;
struct natives;
struct native;

struct worker_units {
    struct policies *policies;
    struct unit **units; /* by plugin */
    long calls;          /* in flight; the worker's own */
};

struct generation {
    uint32_t number;
    bool exact; /* budgets are counted in tens: of specs */
    bool kept;  /* see generation_options */
    struct arena arena;
    struct folder scripts;
    struct settings settings;
    struct plugin *plugins;
    struct ward ward; /* who was killed how often */
    int n_plugins;
    const struct native **natives; /* as the settings list them */
    int n_natives;
    struct route **all; /* routes, those of natives and of the runtime too */
    int n_all;
    struct routes *routes; /* of struct route */
    struct quota *quota;
    struct str openapi, docs, lua_docs; /* /openapi.json, /docs, /docs/lua */
    int n_workers;
    struct worker_units *workers;
    struct unit **writers; /* by plugin; the writer's thread only */
    atomic_int holders;    /* workers and main; the last one frees */
};

struct generation_options {
    const char *scripts, *plugins; /* folders */
    const char *const *extra;      /* single plugin folders, from --load */
    int n_extra;
    struct measures *measures; /* what plugins count; NULL: nothing */
    struct natives *natives;   /* where native plugins are kept; NULL: none loaded */
    bool test_clock;           /* adds PUT /test/clock */
    bool exact;                /* see struct generation */
    bool kept; /* they were live once: what changed since is not their fault */
};

/* Step one: files, settings, manifests, routes. Every file is compiled, but nothing is
 * run except the two kinds of data files. All faults are lines in `faults`.
 * ERR_INVALID: `*out` is set all the same, so that step two can find what else is
 * wrong; then drop it. */
int generation_read(struct generation **out, const struct generation_options *o,
                    struct buf *faults) MUST_CHECK;
/* The plugins' steps that have not run. With `dry` only counts: a reload may not run
 * them. */
int generation_migrate(struct generation *g, struct db *db, bool dry, int *ran,
                       struct buf *faults) MUST_CHECK;
/* Step two: fences, all states, quotas. Of a plugin whose manifest is faulty, nothing.
 */
int generation_build(struct generation *g, struct db *db, struct zones *zones,
                     struct log *log, const struct keyring *ring, int n_workers,
                     uint32_t number, struct buf *faults) MUST_CHECK;
/* Step three, when all else is good: starts the native plugins that do not run yet. */
int generation_start(struct generation *g, struct natives *natives,
                     struct buf *faults) MUST_CHECK;

/* Of step one: adds `r`, which lives as long. As route_add. */
int generation_route(struct generation *g, struct route *r, void **clash) MUST_CHECK;

void generation_hold(struct generation *g);
void generation_drop(struct generation *g); /* any thread */

#endif
