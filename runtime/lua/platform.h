#ifndef KORDLESS_LUA_PLATFORM_H
#define KORDLESS_LUA_PLATFORM_H

/* What the libraries of the platform plugin (kordless.organizations, kordless.keys)
 * have in common: a write that carries who asked and when, arguments out of tables,
 * rows into tables. The order between store and memory is the promise, and each
 * library's own: a key is in the ring only when its row is durable; what refuses is in
 * the ring before its transaction is even queued, and is answered when it is durable.
 */

#include <lauxlib.h>

#include "guard/override.h"
#include "lua/call.h"

struct platform_write {
    struct call_write cw; /* first */
    /* On the writer's thread, unless who asks is not let in any more. */
    int (*act)(struct platform_write *w, struct db *db);
    bool begun; /* memory refuses by it already: done whoever asks */
    struct str actor;
    int64_t now_ms;
    struct arena arena; /* what the transaction read; of its last run */
};

/* Of `size` bytes, cleared, with a platform_write at its front. */
void *platform_write_new(struct call *c, size_t size,
                         int (*act)(struct platform_write *, struct db *),
                         int (*resume)(struct call_write *, lua_State *, int *));
void platform_write_free(struct call_write *cw);
/* Raises nothing: pushes the message and says how the caller is answered. Returns the
 * error, for `resume` to return. */
int platform_failed(struct platform_write *w, lua_State *L);
/* nil and a word, for what the caller may have to hear of. */
int platform_refused(lua_State *L, const char *word, int *n);

/* The worker's snapshot, unfenced; raises. */
struct db *platform_read(lua_State *L, struct call *c);

/* Members of the table at `idx`. Texts are copied to where the call's writes can read
 * them. A JSON null is told by `*null`, if that is given, and else is nothing. */
struct str platform_str(lua_State *L, int idx, struct call *c, const char *name,
                        bool *null);
int64_t platform_ms(lua_State *L, int idx, const char *name, bool *null); /* seconds */
/* A table as JSON text, "null" for null; empty: there is none. Raises. */
struct str platform_json(lua_State *L, int idx, struct call *c, const char *name);
/* Is there a member of this name? */
bool platform_has(lua_State *L, int idx, const char *name);

/* Into the table on top. Nothing is set for an empty text and for no time. */
void platform_set_str(lua_State *L, const char *name, struct str v);
void platform_set_ms(lua_State *L, const char *name, int64_t ms); /* as seconds */
void platform_set_json(lua_State *L, const char *name, struct str json);

#endif
