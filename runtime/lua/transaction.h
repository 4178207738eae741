#ifndef KORDLESS_LUA_TRANSACTION_H
#define KORDLESS_LUA_TRANSACTION_H

/* A named transaction of a plugin: queued by a handler, run on the writer in the
 * plugin's state there, its fate told to the handler when it is durable. It may run
 * twice, so all it knows is in its arguments. */

#include "lua/call.h"

struct tx {
    struct call_write cw; /* first */
    struct unit *unit;    /* on the writer */
    struct str name;
    struct buf args, result, why;
    struct buf answer;                 /* the encoded body of kordless.answer */
    struct buf events, scratch;        /* of kordless.emit, hook.c */
    struct buf detail;                 /* of kordless.record */
    int rows;                          /* of the audit */
    struct str actor, organization_id; /* who asks, for the audit; or "" */
    int answer_status;                 /* 0: none */
    bool refused; /* kordless.refuse: rolled back, `result` is its value */
    int fatal;    /* a failure of the store that no pcall may hide */
    int64_t wall_ms;
    int64_t left, sql_steps; /* by its last run: of the budget; used */
    struct idem_key *idem;
    struct db *db; /* while it runs */
    struct budget *budget;
};

/* As `return transaction_wait(…)` from a handler: name and args are at 1 and 2. */
int transaction_wait(lua_State *L);
/* What the caller hears when a write came to nothing with `err` (call_fails). */
void transaction_fails(struct call *c, int err);
struct tx *tx_of(lua_State *L); /* raises outside of a transaction */

#endif
