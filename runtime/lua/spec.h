#ifndef KORDLESS_LUA_SPEC_H
#define KORDLESS_LUA_SPEC_H

/* Specs of plugins: busted (Debian's lua-busted) in a Lua state of its own, outside of
 * any sandbox, with the module `kordless.test` (spec.lua) that speaks HTTP to a server
 * through the verbs lent here. The server is the real one: its gates, sandbox, budgets
 * and store are what is tested. */

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct spec_host {
    void *ctx;
    /* A whole request as an operator's; `response` gets all bytes of the answer. */
    int (*ask)(void *ctx, struct str request, struct buf *response);
    /* Freezes the clock: at an RFC 3339 time, or moved by seconds. The time then. */
    int (*set_clock)(void *ctx, struct str at, int64_t *now);
    int64_t (*advance)(void *ctx, int64_t seconds);
    int (*renew)(void *ctx); /* a server on an empty store */
};

/* Runs the spec files; their results go to stdout as busted writes them. `*code` is
 * busted's: 0 when all passed. ERR_NOT_FOUND: busted is not installed; ERR_INVALID: it
 * broke off; `why` says. */
int spec_run(const struct spec_host *h, const char *const *files, int n, int *code,
             struct buf *why) MUST_CHECK;

#endif
