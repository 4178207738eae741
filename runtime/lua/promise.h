#ifndef KORDLESS_LUA_PROMISE_H
#define KORDLESS_LUA_PROMISE_H

/* The tests that the operator's scripts carry (`tests` of quota.lua, booking.lua and
 * the others), one by one and by name, for `kordless test`. What a reload makes of them
 * all at once stands in lua/entry.h; the sandbox and the budget are the same. */

#include "lua/source.h"

struct zones;
struct promises;

/* Runs the files, not their tests. A file that cannot be read or run has one promise,
 * that it can, which is broken. */
struct promises *promises_new(const struct folder *scripts, struct zones *zones);
void promises_free(struct promises *p);

struct promise {
    const char *file, *name;
    int line; /* where its function begins */
};
int promises_count(const struct promises *p);
struct promise promises_at(const struct promises *p, int i); /* by file, then line */
/* Keeps it, or `why` says where and how it is broken: ERR_INVALID. */
int promises_try(struct promises *p, int i, struct buf *why) MUST_CHECK;

#endif
