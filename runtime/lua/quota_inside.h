#ifndef KORDLESS_LUA_QUOTA_INSIDE_H
#define KORDLESS_LUA_QUOTA_INSIDE_H

/* Between quota.c, which keeps the classes, and quota_script.c, which asks the script.
 */

#include <pthread.h>

#include "lua/quota.h"
#include "lua/unit.h"

/* What a policy may read of a key, in the order of a class's text. One table
 * (quota_script.c) has their names. */
enum quota_input {
    INPUT_PLAN,
    INPUT_ENVIRONMENT,
    INPUT_LABEL,
    INPUT_METADATA,
    INPUT_CREATED_DAY,
    INPUT_TAGS,
    INPUTS
};
extern const char *const quota_input_names[INPUTS];

enum {
    QUOTA_DEFAULT_MINUTE = 100,
    QUOTA_DEFAULT_HOUR = 1000,
    QUOTA_DEFAULT_DAY = 10000
};

/* Classes in chunks, so that none ever moves and the list of chunks has a fixed length.
 */
enum { CLASS_CHUNK = 1 << 12, CLASS_CHUNKS = 1 << 8 };

struct quota {
    uint32_t epoch;
    unsigned reads;       /* bits of enum quota_input */
    enum quota_mode mode; /* unless a class says otherwise */
    struct unit *unit;
    const struct folder *scripts;
    struct zones *zones;
    struct log *log;
    const char *file;
    char hash[17];
    int table_ref;
    const struct quota_route *routes; /* the generation's */
    int n_routes;
    struct quota_class failed; /* the defaults */
    pthread_mutex_t
        lock; /* guards all below, and the unit; classes never change once set */
    struct arena arena;
    struct interned **buckets;
    size_t n_buckets;
    _Atomic(struct interned **) chunks[CLASS_CHUNKS];
    atomic_int n; /* changes under the lock, is read by anybody */
};

/* The value of an input, as text; in `scratch` where it has to be made. */
struct str quota_input(const struct key *k, enum quota_input i, char scratch[32]);
/* Reads reads, mode and tests of the file. */
int quota_script_load(struct quota *q, const struct source *s,
                      struct buf *faults) MUST_CHECK;
/* Asks for this key; false with `why`. */
bool quota_script_ask(struct quota *q, const struct key *k, struct quota_class *out,
                      struct buf *why) MUST_CHECK;

#endif
