#ifndef KORDLESS_LUA_SANDBOX_H
#define KORDLESS_LUA_SANDBOX_H

/* What a script finds in its state: the reduced library behind tables that it can read
 * and not write, and the rules for metatables. Used by vm.c and by the libraries. */

#include <lua.h>
#include <stdbool.h>

/* Builds everything, once per state; may raise a memory error. */
void sandbox_open(lua_State *L);

/* What scripts see as their globals (read only), and what lies behind it. */
void sandbox_push_env(lua_State *L);
void sandbox_push_globals(lua_State *L);
void sandbox_push_kordless(lua_State *L); /* behind the global `kordless` */

/* Replaces the table on top by one that reads through to it and refuses to be written,
 * by rawset too. `name` (kept by pointer) is for the message. */
void sandbox_freeze(lua_State *L, const char *name);

/* Is the key at `idx` one of ours, which no script may ever see? Our setmetatable keeps
 * its copy of a metatable under such a key. Whoever walks a table's raw members skips
 * it. */
bool sandbox_hidden(lua_State *L, int idx);

/* sandbox_lib.c: string, table, math and utf8, size-checked, into the table on top. */
void sandbox_libraries(lua_State *L);

#endif
