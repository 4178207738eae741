#ifndef KORDLESS_LUA_SETTINGS_H
#define KORDLESS_LUA_SETTINGS_H

/* scripts/kordless.lua: what the operator decides about the server as a whole. The file
 * returns a table of plain values; it runs in an empty environment. */

#include <stdbool.h>

#include "http/forwarded.h"
#include "lua/source.h"

enum { SETTINGS_PLUGINS_MAX = 32, SETTINGS_HOSTS_MAX = 64, SETTINGS_NATIVE_MAX = 32 };

struct chosen {
    int position;       /* in the list, from 1 */
    struct str options; /* JSON of what was set for it; no p: nothing */
};

struct settings {
    struct str plugins[SETTINGS_PLUGINS_MAX];   /* which run, in this order */
    struct chosen chosen[SETTINGS_PLUGINS_MAX]; /* of each of them */
    int n_plugins;
    struct str native[SETTINGS_NATIVE_MAX]; /* paths of shared objects */
    int n_native;
    struct str listen;          /* "127.0.0.1:8080"; empty: the default */
    int workers;                /* 0: one per core */
    int memory_mib;             /* that one state of a plugin may hold */
    int decision_sample;        /* one in so many that allowed is logged; 0: none */
    struct str public_url;      /* where clients reach us; empty: http://<listen> */
    struct str support_contact; /* stands in 429 answers; may be empty */
    struct str fetch_hosts[SETTINGS_HOSTS_MAX]; /* where plugins may ask */
    int n_fetch_hosts;
    bool fetch_loopback; /* also on this machine; only builds for tests know it */
    struct network proxies[NETWORKS_MAX]; /* that may say whom they ask for */
    int n_proxies;
    bool ratelimit_fields; /* the IETF RateLimit fields beside X-RateLimit-* */
};

/* Strings are in `a`. ERR_INVALID: what was wrong is in `faults`, a line each. */
int settings_read(struct arena *a, const struct folder *scripts, struct settings *out,
                  struct buf *faults) MUST_CHECK;

#endif
