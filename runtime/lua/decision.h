#ifndef KORDLESS_LUA_DECISION_H
#define KORDLESS_LUA_DECISION_H

/* What a policy decided, as one line of JSON: which file and text (its hash), which
 * function (the rule), what it was told, what it answered, what it cost. Personal data
 * is masked: members called email, phone, notes or contact, all text in a customer or
 * contact, and whatever looks like an address or a number to call. Long lists and texts
 * are cut, so that a line has at most DECISION_MAX bytes or so. */

#include <lua.h>

#include "base/buf.h"

enum { DECISION_MAX = 12 << 10 };

enum decision_kind {
    DECISION_ALLOWED,
    DECISION_REFUSED,
    DECISION_CHANGED,
    DECISION_FAILED
};

struct decision {
    enum decision_kind kind;
    const char *file, *rule;               /* "booking", "offer" */
    struct str hash, plugin, organization; /* empty: left out */
    const char *request_id;
    int64_t wall_ms, micros, instructions;
    int sampled;    /* this line stands for so many; 1: for itself */
    struct str why; /* of a failure */
};

/* Of the values at `args` and `result` on the stack. Runs no metamethods; may raise for
 * want of stack. */
void decision_put(lua_State *L, int args, int result, const struct decision *d,
                  struct buf *out);

#endif
