#ifndef KORDLESS_LUA_PLACE_H
#define KORDLESS_LUA_PLACE_H

/* Where in a nested value a walk stands, so that a complaint can say "args.items[3]".
 * Each level of the walk has one on its C stack; keys stay on the Lua stack meanwhile.
 */

#include <lua.h>

#include "base/buf.h"

struct place {
    const struct place *up; /* NULL: the value itself */
    int key;                /* index of a key on the Lua stack, or 0 … */
    lua_Integer position;   /* … for a position in a list */
};

/* Appends it: ".items[3]". Whoever calls with the value's own name in `out` already has
 * the whole; into an empty buffer "value" goes first. */
void place_put(lua_State *L, const struct place *p, struct buf *out);

#endif
