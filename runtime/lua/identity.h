#ifndef KORDLESS_LUA_IDENTITY_H
#define KORDLESS_LUA_IDENTITY_H

/* Who asks, as a handler sees it: values only, never a key, a token or a password. */

#include "lua/call.h"

/* Into the request on top: organization, and key or member; on platform routes actor.
 */
void identity_push(lua_State *L, const struct call *c);
/* raw_body and headers, without those that hold a secret. */
void identity_raw(lua_State *L, const struct call *c);

/* Who asks, as the audit names it: "operator", a member's email, the id of a key or a
 * token; "contact" for a customer, "plugin" for what runs by itself, "stranger". */
struct str identity_actor(const struct call *c);

/* Who asked at the gates, asked again: a key revoked, a session ended since. On any
 * thread, while the call runs or waits. */
enum auth identity_again(const struct call *c, int64_t wall_ms);
/* What the caller hears when that was no for a write of its (call_fails). */
void identity_fails(struct call *c);

#endif
