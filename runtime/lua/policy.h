#ifndef KORDLESS_LUA_POLICY_H
#define KORDLESS_LUA_POLICY_H

/* The operator's scripts as functions to ask: scripts/<file>.lua, loaded into a state
 * of their own per worker, where no plugin can reach them. Questions and answers are
 * plain data. */

#include "lua/unit.h"

struct policies;
struct trail;

/* Loads every script but kordless.lua and quota.lua. ERR_INVALID with lines in
 * `faults`. */
int policies_new(struct policies **out, const struct folder *scripts,
                 struct zones *zones, struct log *log, struct buf *faults) MUST_CHECK;
void policies_free(struct policies *p);

bool policies_has(struct policies *p, struct str file, struct str name);
/* Calls scripts/<file>.lua's `name` with `args`; both packed (lua/data.h).
 * ERR_NOT_FOUND: no such function; ERR_BUDGET, ERR_NOMEM, ERR_INVALID: it failed, `why`
 * has file:line. */
int policies_call(struct policies *p, struct str file, struct str name, struct str args,
                  struct buf *result, struct buf *why) MUST_CHECK;
/* The same, watched: `t` says which line decided (lua/trail.h). */
int policies_trace(struct policies *p, struct str file, struct str name,
                   struct str args, struct buf *result, struct trail *t,
                   struct buf *why) MUST_CHECK;
int64_t policies_cost(const struct policies *p); /* instructions of the last question */
/* Does the next answer that lets things be stand for `every` of them? 0: none does. */
bool policies_sample(struct policies *p, int every);
/* 16 hex digits over the file's text; "" when there is none. */
struct str policies_hash(struct policies *p, struct str file);

#endif
