#ifndef KORDLESS_LUA_QUOTA_H
#define KORDLESS_LUA_QUOTA_H

/* What a key may do, as scripts/quota.lua decides: how many requests, of what cost, and
 * whether it may only read. It is asked once per class of keys, the tuple of just what
 * the script says it reads, so a million keys are a handful of evaluations, and the hot
 * path compares two numbers and never enters Lua. What an operator set for one key or
 * organization (guard/override.h) stands above it. One per generation, shared by all
 * workers. */

#include "guard/keyring.h"
#include "guard/limit.h"
#include "lua/source.h"

struct zones;
struct log;
struct quota;

enum quota_mode {
    QUOTA_ENFORCE,
    QUOTA_SHADOW, /* nothing is refused; what would be is counted */
    QUOTA_WARN    /* and told, in the answer and in the log */
};
const char *quota_mode_name(enum quota_mode m);

struct quota_class { /* all but the counts never changes */
    struct limit_rule rule;
    enum quota_mode mode;
    uint32_t scopes;       /* a key may use no others, whatever it has */
    bool failed;           /* the script could not be asked: these are the defaults */
    _Atomic uint64_t over; /* requests let through that `enforce` would have refused */
    _Atomic int64_t told_ms; /* of the last line about them */
};

/* Loads scripts/quota.lua and evaluates the classes of all keys in the ring (at most
 * 10,000). Any that fails is a line in `faults`: ERR_INVALID; but of a script that was
 * `kept` because it was live before, a class that fails has the defaults. `epoch` names
 * this generation in each key's mark; never 0. */
int quota_new(struct quota **out, const struct folder *scripts, struct zones *zones,
              struct log *log, const struct keyring *ring, uint32_t epoch, bool kept,
              struct buf *faults) MUST_CHECK;
void quota_free(struct quota *q);

/* What a request of each route costs, by the script's `cost`: a table by "METHOD
 * /path", or a function of {method, path, plugin, scope}; 1 to 1,000, and 1 for what it
 * does not name. ERR_INVALID with lines in `faults`. The routes must live as long as
 * the quota: another text is tried with them. */
struct quota_route {
    struct str method, path, label, plugin, scope; /* scope may be empty */
    uint32_t cost;                                 /* set here */
};
int quota_costs(struct quota *q, struct quota_route *routes, int n,
                struct buf *faults) MUST_CHECK;

/* The class of this key: a few loads when it was asked before. A class seen for the
 * first time is evaluated here, under a lock; if the script fails for it, the key has
 * the documented defaults (100, 1,000, 10,000) and the log says so. */
struct quota_class *quota_class(struct quota *q, struct key *k);
/* The same, and its numbers with the overrides of now above them. */
struct quota_class *quota_terms(struct quota *q, struct key *k, int64_t wall_ms,
                                struct limit_rule *rule);
int quota_classes(const struct quota *q);
const char *quota_hash(const struct quota *q); /* 16 hex digits of the script's text */
/* What the script reads of this key, as members of a JSON object after a '{'. */
void quota_put_inputs(const struct quota *q, const struct key *k, struct buf *out);

/* How the live keys (neither revoked nor expired) fare under `to` beside `from`, with
 * the overrides of now. Tighter: some window takes fewer, a scope is lost, limits begin
 * to be enforced, or a route that the key may use costs it more; looser: some such
 * thing the other way, and nothing tighter. Leaves no mark on the keys. Any thread. The
 * list of costs is in the arena, its texts are the routes'. */
enum { QUOTA_LISTED = 20 };
struct quota_change {
    size_t keys, tighter, looser;
    int n_costs, n_listed;
    struct quota_cost { /* of a route of both, where it changes */
        struct str label;
        uint32_t scope, from, to;
    } * costs;
    struct quota_listed { /* the first of them */
        const struct key *key;
        bool tighter;
        struct limit_rule from, to;
        uint32_t lost; /* scopes */
        enum quota_mode mode_from, mode_to;
        int dearer, cheaper; /* routes */
    } listed[QUOTA_LISTED];
};
void quota_compare(struct quota *from, struct quota *to, const struct keyring *ring,
                   int64_t wall_ms, struct arena *a, struct quota_change *out);
/* How they would fare under this text as scripts/quota.lua. ERR_INVALID with faults. */
int quota_try(struct quota *live, struct str text, const struct keyring *ring,
              int64_t wall_ms, struct arena *a, struct quota_change *out, char hash[17],
              struct buf *faults) MUST_CHECK;

#endif
