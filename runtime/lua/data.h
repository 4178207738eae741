#ifndef KORDLESS_LUA_DATA_H
#define KORDLESS_LUA_DATA_H

/* Plain data between Lua states: nil, booleans, integers, floats, strings, and tables
 * of these (no cycles: depth is bounded; no metatables but the array mark of lib_json).
 * Only data crosses from a worker to the writer, to a policy, or back. */

#include <lua.h>

#include "base/buf.h"
#include "base/str.h"

enum { DATA_MAX = 64 * 1024, DATA_DEPTH = 32 };

/* Appends the value at `idx`. ERR_INVALID: it holds what is no data, or nests too deep;
 * ERR_TOO_LARGE: over `max` bytes. `why` says where ("args.items[3] is a function"):
 * the path goes behind the value's name, if the caller put one there, else behind
 * "value". Charges the running budget. */
int data_pack(lua_State *L, int idx, size_t max, struct buf *out,
              struct buf *why) MUST_CHECK;
/* Pushes the value. `packed` is ours, from data_pack; ERR_CORRUPT otherwise. May raise
 * a memory error: call it protected. */
int data_unpack(lua_State *L, struct str packed) MUST_CHECK;

#endif
