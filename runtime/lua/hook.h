#ifndef KORDLESS_LUA_HOOK_H
#define KORDLESS_LUA_HOOK_H

/* Events: a transaction says what it did (kordless.emit), and once it is durable each
 * plugin that has a hook for it is told, by a job like those of kordless.after. What is
 * rolled back tells nobody. What waits is in memory only. */

#include "lua/transaction.h"

struct hook {
    struct str event;   /* "bookings.created" */
    struct str handler; /* a function of handlers.lua */
};

/* `events` and `hooks` of a manifest. */
void hook_read(struct fields *f, struct manifest *out);
/* Finds each hook's event among those of all plugins, and marks it as heard. Faults are
 * lines; ERR_INVALID. */
int hook_bind(struct arena *a, struct plugin *plugins, int n,
              struct buf *faults) MUST_CHECK;

int hook_emit(lua_State *L); /* kordless.emit(name, data), in a transaction */
/* On the worker, when the transaction is durable: hands each event to the host. */
void hook_tell(struct call *c, const struct tx *t);

#endif
