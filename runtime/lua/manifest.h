#ifndef KORDLESS_LUA_MANIFEST_H
#define KORDLESS_LUA_MANIFEST_H

/* plugin.lua: what a plugin is and asks for, as pure data, read in an empty environment
 * and checked before a line of its code runs. */

#include <stdbool.h>
#include <stdint.h>

#include "guard/session.h"
#include "http/request.h"
#include "lua/declare.h"
#include "lua/source.h"

/* Capabilities a plugin may name under `needs`; api_needs (api.h) has their words. */
enum need_bit {
    NEED_DB = 1 << 0,
    NEED_TRANSACTION = 1 << 1,
    NEED_TIME = 1 << 2,
    NEED_ZONE = 1 << 3,
    NEED_SPAN = 1 << 4,
    NEED_CRYPTO = 1 << 5,
    NEED_ID = 1 << 6,
    NEED_POLICY = 1 << 7,
    NEED_SLEEP = 1 << 8,
    NEED_KEYS = 1 << 9,
    NEED_FETCH = 1 << 10,
    NEED_AFTER = 1 << 11,
    NEED_EMIT = 1 << 12,
    NEED_SECRET = 1 << 13,
    NEED_SECRETS = 1 << 14,
    NEED_METRICS = 1 << 15,
    NEED_RECORD = 1 << 16,
    NEED_SLOTS = 1 << 17,
    NEED_END = 1 << 18
};

enum route_auth {
    ROUTE_KEY,          /* a key; x-organization-id optional */
    ROUTE_ORGANIZATION, /* a key or a session, and x-organization-id */
    ROUTE_CONTACT,      /* the contact of a booking; limited by address */
    ROUTE_NONE,
    ROUTE_PLATFORM /* people: the administrator's socket, a token, a session */
};

/* Routes the runtime answers itself. */
enum route_native {
    NATIVE_NO,
    NATIVE_HEALTHZ,
    NATIVE_READYZ,
    NATIVE_RATE_LIMIT,
    NATIVE_OPENAPI,
    NATIVE_DOCS,
    NATIVE_LUA_DOCS,
    NATIVE_METRICS,
    NATIVE_RELOAD,
    NATIVE_ROLLBACK,
    NATIVE_STATUS,
    NATIVE_DECISIONS,
    NATIVE_SCRIPTS,
    NATIVE_CLOCK
};

struct asset;
struct native_route;

struct route {
    enum route_native native;
    enum http_method method;
    enum route_auth auth;
    enum role role;         /* the least, of a platform route; ROLE_NONE: operator */
    struct str path, label; /* "POST /api/…": for logs, idempotency */
    struct str handler, summary;
    struct str produces; /* its replies' media type; "": JSON */
    int handler_ref;     /* index of the handler in its plugin: 1 … */
    uint32_t scope;      /* a bit, or 0 */
    uint32_t cost; /* requests that one of it counts as; 0: one. scripts/quota.lua's */
    bool idempotent, cached, raw, body; /* body: a JSON body is read */
    bool if_match;                      /* If-Match is read */
    int plugin;                         /* index in its generation */
    int slot;                           /* of its counts (metrics.h) */
    struct declared declared;
    const struct native_route *compiled; /* answered by a native plugin; or NULL */
    const struct asset *asset;           /* a file that was built in; or NULL */
    _Atomic uint16_t counted; /* its label's number in guard/usage.h plus 1; or 0 */
};

struct error_spec {
    struct str name, detail;
    int status;
};

struct hook;
struct measure;

struct manifest {
    struct str name, version;
    struct str assets; /* where its files that were built in stand: "/"; or NULL */
    unsigned needs;
    struct str *uses, *reads, *hosts, *secrets;
    int n_uses, n_reads, n_hosts, n_secrets;
    struct route *routes;
    int n_routes;
    struct schema options;    /* as an object's properties */
    struct str option_values; /* as JSON, when bound (option.h) */
    struct error_spec *errors;
    int n_errors;
    struct str *events;       /* that its transactions emit */
    struct hook *hooks;       /* hook.h */
    struct measure *measures; /* measure.h */
    int n_measures;
    int n_events, n_hooks;
};

/* Everything ends in `a`; every fault is a line in `faults`. ERR_INVALID. */
int manifest_read(struct arena *a, const struct folder *folder, struct manifest *out,
                  struct buf *faults) MUST_CHECK;
/* A fault of the manifest that only its surroundings show; `key` as in its path. */
void manifest_fault(const struct folder *folder, struct buf *faults, const char *key,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The error of this name: the plugin's own, else one of the server's; or NULL. */
const struct error_spec *manifest_error(const struct manifest *m, struct str name);

#endif
