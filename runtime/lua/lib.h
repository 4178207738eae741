#ifndef KORDLESS_LUA_LIB_H
#define KORDLESS_LUA_LIB_H

/* The `kordless` libraries that need nothing but the values they are given: one file
 * each, named lib_<name>.c, each with one luaopen that pushes its table. What a plugin
 * may use is decided by its manifest's `needs`; see include/kordless.lua for the
 * shapes. */

#include <lua.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct zones;
struct spans;
struct call;

int luaopen_kordless_json(lua_State *L);
int luaopen_kordless_span(lua_State *L);
int luaopen_kordless_time(lua_State *L); /* parse, format, date arithmetic; no clock */
int luaopen_kordless_zone(lua_State *L); /* upvalue 1: light userdata struct zones * */
int luaopen_kordless_crypto(lua_State *L);

/* The value at `idx` as JSON, appended; 0, or ERR_INVALID with `why`: the path is
 * appended to the value's name, if the caller put one there, else to "value"
 * ("body.a[2]: a function is no JSON value"). Objects: string keys, in sorted order so
 * that answers read the same twice. An empty table is {} unless marked by json.array; a
 * table of 1 … n is an array. Metatables are not asked. May raise: budget, memory. */
int json_encode(lua_State *L, int idx, struct buf *out, struct buf *why) MUST_CHECK;
/* Pushes the value of `text`; ERR_INVALID with a sentence. Arrays are marked, null is
 * json.null (light userdata NULL) wherever it stands. May raise: budget, memory. */
int json_decode(lua_State *L, struct str text, struct buf *why) MUST_CHECK;
/* The mark of an array, a metatable of the state's own. */
void json_mark(lua_State *L); /* marks the table on top */
bool json_is_marked(lua_State *L, int idx);
/* Are the table's members those of 1 … n and no others? */
bool json_only_positions(lua_State *L, int idx, lua_Integer n);

/* A new, empty kordless.span on top, for C that fills it; it dies with the object. Once
 * filled, span_settle counts its memory (and may raise). */
struct spans *span_push(lua_State *L);
void span_settle(lua_State *L, int idx);

/* lib_vault.c: kordless.secret, and kordless.secrets pushed. */
int lib_vault_secret(lua_State *L);
void lib_vault_push(lua_State *L);

void lib_policy_push(lua_State *L); /* kordless.policy, lib_policy.c */

/* kordless.fetch, lib_fetch.c. */
int lib_fetch_wait(lua_State *L);
void lib_fetch_drop(struct call *c);

/* string.find and its kin, budgeted: replaces the four functions in the table on top.
 */
void pattern_install(lua_State *L);

#endif
