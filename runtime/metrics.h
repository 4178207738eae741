#ifndef KORDLESS_METRICS_H
#define KORDLESS_METRICS_H

/* What GET /metrics counts. Each worker counts for itself (base/counter.h) and nothing
 * is shared on a request's way; who reads adds up. Every label has a bounded set of
 * values: routes and plugins have slots, named after what was loaded since the start
 * and never after what a peer sent; when the slots are used up the rest share one,
 * "other". */

#include "base/buf.h"
#include "base/prom.h"
#include "base/counter.h"
#include "guard/keyring.h"
#include "lua/generation.h"
#include "net/conn.h"

enum {
    METRICS_ROUTES = 512,
    METRICS_PLUGINS = 64,
    METRICS_BUCKETS = 17, /* the last one has no end */
    METRICS_STATUSES = 5
};
enum { METRICS_UNMATCHED, METRICS_OTHER }; /* the first slots of routes */

enum metrics_window { /* what refused with 429; the first three as in guard/limit.h */
                      METRICS_KEY_MINUTE,
                      METRICS_KEY_HOUR,
                      METRICS_ORG_DAY,
                      METRICS_AUTH_FAILURES,
                      METRICS_CONTACT_REQUESTS,
                      METRICS_CONTACT_FAILURES,
                      METRICS_LOOKUPS,
                      METRICS_SESSIONS,
                      METRICS_SIGN_INS,
                      METRICS_WINDOWS
};
enum {
    METRICS_SHADOW,
    METRICS_WARN,
    METRICS_MODES
}; /* of a quota that refuses nothing */
enum { METRICS_CODES = 13, METRICS_OUTCOMES = 10, METRICS_KEY_STATES = 4 };

struct metrics_route {
    struct counter status[METRICS_STATUSES], buckets[METRICS_BUCKETS], micros;
};

struct metrics_worker { /* written by this worker alone */
    struct metrics_route routes[METRICS_ROUTES];
    struct counter begun, ended;
    struct counter calls[METRICS_PLUGINS], memory[METRICS_PLUGINS];
    struct counter codes[METRICS_CODES], windows[METRICS_WINDOWS];
    struct counter fetches[METRICS_OUTCOMES];
    struct counter policy_failures, shed; /* shed: no descriptor was left */
    struct counter unenforced[METRICS_MODES];
    const struct net_counts *_Atomic net;
};

struct metrics {
    int n_workers;
    struct metrics_worker **workers;
    char *routes[METRICS_ROUTES], *plugins[METRICS_PLUGINS]; /* names, from main */
    atomic_int n_routes, n_plugins;
    struct counter kills[METRICS_PLUGINS][KILLS];         /* any thread */
    struct counter reloads, reloads_refused, reloaded_ms; /* main's, as all below */
    struct counter keys[METRICS_KEY_STATES];
    _Atomic uint64_t over[2]; /* a minute, and organizations with a full day in it */
    int64_t started_ms;
};

struct metrics *metrics_new(int n_workers, int64_t wall_ms);
void metrics_free(struct metrics *m);

/* On main, before `g` goes live: its routes and plugins get their slots. */
void metrics_name(struct metrics *m, struct generation *g);
void metrics_count_keys(struct metrics *m, const struct keyring *ring, int64_t wall_ms);
void metrics_reloaded(struct metrics *m, bool live, int64_t wall_ms);

/* On the worker. */
void metrics_end(struct metrics_worker *w, int slot, int status, int64_t micros);
void metrics_code(struct metrics_worker *w,
                  const char *code); /* a 401, or a 403 of a key */
void metrics_fetched(struct metrics_worker *w, const char *fault); /* NULL: it came */

/* The day of an organization was full: counted once a minute, whoever meets it. */
void metrics_org_over(struct metrics *m, struct org *o, int64_t boot_ms);
/* How many there were in the last whole minute. */
uint64_t metrics_orgs_over(const struct metrics *m, int64_t boot_ms);

/* All counts of this file as text. Any thread. */
void metrics_put(const struct metrics *m, struct buf *b);

#endif
