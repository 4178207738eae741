#ifndef KORDLESS_LUA_FIELDS_H
#define KORDLESS_LUA_FIELDS_H

/* Typed values out of a table that a script returned, for settings and manifests. Each
 * reader looks at one key of the table on top of the stack, complains in words when it
 * is not what it should be, and goes on, so that one look finds every fault. Results
 * are copied into the arena. */

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct fields {
    lua_State *L;
    struct arena *arena;
    const char *file; /* "scripts/kordless.lua" */
    struct str text;  /* of the file, to find lines in; may be empty */
    char path[96];    /* "routes[2]." : before the key; empty at the top */
    struct buf *faults;
    int n_faults;
    /* Here and not on a C stack, since an error jumps past; fields_end frees them. */
    struct buf text_scratch, why_scratch;
};

void fields_end(struct fields *f);

void fields_fault(struct fields *f, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "routes[2].auth = 'kye': is no auth; did you mean 'key'?": the nearest of `known`
 * (NULL-terminated), if there is one. */
void fields_wrong(struct fields *f, const char *key, struct str value, const char *what,
                  const char *const *known);

/* Absent gives the default; a required one that is absent is a fault. */
enum need { OPTIONAL, REQUIRED };
struct str fields_str(struct fields *f, const char *key, enum need need);
int64_t fields_int(struct fields *f, const char *key, int64_t lo, int64_t hi,
                   int64_t def);
bool fields_bool(struct fields *f, const char *key, bool def);
/* A list of strings; at most `max`. */
int fields_list(struct fields *f, const char *key, struct str *out, int max);
/* Every key must be one of `known` (NULL-terminated). */
void fields_only(struct fields *f, const char *const *known);
/* The same, behind as many positions as `first`: { "name", type = … } has one. */
void fields_only_behind(struct fields *f, int first, const char *const *known);
/* Pushes the table at `key` and enters it; false (nothing pushed) when absent or no
 * table. `leave` pops. For lists: enter, then fields_item(i) for i = 1 … fields_n. */
bool fields_enter(struct fields *f, const char *key, enum need need);
int fields_n(struct fields *f);
bool fields_is_list(struct fields *f); /* no keys but 1 … n */
bool fields_item(struct fields *f, int i);
void fields_leave(struct fields *f);

#endif
