#ifndef KORDLESS_LUA_LAZY_H
#define KORDLESS_LUA_LAZY_H

/* Members of a table that are unpacked when they are first looked at. A policy is
 * handed four columns of thousands of slots, and most look at one or none of them: what
 * is not looked at costs its bytes. `pairs` looks at all; only rawget and next see
 * less. */

#include <lua.h>

#include "base/str.h"

/* t[k] is what `packed` unpacks to (data.h): t and k are on top, k is popped. Copies
 * the bytes. A table with such members has a metatable of ours. */
void lazy_set(lua_State *L, struct str packed);

#endif
