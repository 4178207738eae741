#ifndef KORDLESS_LUA_USED_H
#define KORDLESS_LUA_USED_H

/* What runs cost, told to the host if it asks (`used` of struct call_host): a handler's
 * at its end, each transaction's when its fate is known. */

#include "lua/transaction.h"

void used_by_call(struct call *c);
void used_by_transaction(struct call *c, const struct tx *t);

#endif
