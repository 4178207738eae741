#ifndef KORDLESS_LUA_SPEC_H
#define KORDLESS_LUA_SPEC_H

/* Specs of plugins: busted (Debian's lua-busted) in a Lua state of its own, outside of
 * any sandbox, with the module `kordless.test` (spec.lua) that speaks HTTP to a server
 * through the verbs lent here. The server is the real one: its gates, sandbox, budgets
 * and store are what is tested. The tests that scripts carry stand beside them as files
 * of their own. */

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "lua/promise.h"

/* An outgoing request, asked of the spec: it fills `answer` with all bytes of a
 * response, or `code` and `why`. */
struct spec_fetch {
    bool tls;
    char host[256];
    unsigned port;
    struct str request; /* all bytes of it */
    struct buf answer, why;
    char code[40];
};

/* What a request cost: in all, and each transaction of it. */
enum { SPEC_WRITES_MAX = 32 };
struct spec_used {
    int64_t instructions, sql_steps;
    int waits, n;
    struct spec_write {
        char name[64];
        int64_t instructions, sql_steps;
    } writes[SPEC_WRITES_MAX];
};

struct spec_host {
    void *ctx;
    struct promises *promises; /* of the scripts whose files are among the specs */
    /* The file whose specs come next, told to `whose`. */
    void *whose;
    void (*enter)(void *whose, const char *file);
    /* A whole request as an operator's; `response` gets all bytes of the answer. All of
     * these tell in `why` what went wrong. */
    int (*ask)(void *ctx, struct str request, struct buf *response,
               struct spec_used *used, struct buf *why);
    /* The clock stands at an RFC 3339 time, or is moved by milliseconds, and what
     * waited for that has run. The time then, in seconds. */
    int (*set_clock)(void *ctx, struct str at, int64_t *now, struct buf *why);
    int (*advance)(void *ctx, int64_t ms, int64_t *now, struct buf *why);
    int (*renew)(void *ctx, struct buf *why); /* a server on an empty store */
    /* Who answers what plugins ask of other servers. Called inside the verbs above. */
    void (*listen)(void *ctx, void (*answer)(void *lua, struct spec_fetch *f),
                   void *lua);
};

/* Runs the files; their results go to stdout in busted's form of that name, or NULL: a
 * line each. `*code` is busted's: 0 when all passed. ERR_NOT_FOUND: busted is not
 * installed; ERR_INVALID: it broke off; `why` says. */
int spec_run(const struct spec_host *h, const char *const *files, int n,
             const char *form, int *code, struct buf *why) MUST_CHECK;

#endif
