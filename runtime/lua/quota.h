#ifndef KORDLESS_LUA_QUOTA_H
#define KORDLESS_LUA_QUOTA_H

/* Which limits a key has: scripts/quota.lua decides, once per class of keys. A class is
 * the tuple of just what the script says it reads (plan, environment), so a million
 * keys are a handful of evaluations, and the hot path compares two numbers and never
 * enters Lua. One per generation, shared by all workers. */

#include "guard/keyring.h"
#include "guard/limit.h"
#include "lua/source.h"

struct zones;
struct log;
struct quota;

/* Loads scripts/quota.lua and evaluates the classes of all keys in the ring (at most
 * 10,000). Any that fails is a line in `faults`: ERR_INVALID. `epoch` names this
 * generation in each key's mark; never 0. */
int quota_new(struct quota **out, const struct folder *scripts, struct zones *zones,
              struct log *log, const struct keyring *ring, uint32_t epoch,
              struct buf *faults) MUST_CHECK;
void quota_free(struct quota *q);

/* The rule of this key: two loads when it was asked before. A class seen for the first
 * time is evaluated here, under a lock; if the script fails for it, the key has the
 * documented defaults (100, 1,000, 10,000) and the log says so. */
const struct limit_rule *quota_rule(struct quota *q, struct key *k);
int quota_classes(const struct quota *q);

/* How the live keys (neither revoked nor expired) fare under `to` beside `from`.
 * Tighter: some window takes fewer; looser: some takes more, and none fewer. Leaves no
 * mark on the keys. Any thread. */
struct quota_change {
    size_t keys, tighter, looser;
};
void quota_compare(struct quota *from, struct quota *to, const struct keyring *ring,
                   int64_t wall_ms, struct quota_change *out);

#endif
