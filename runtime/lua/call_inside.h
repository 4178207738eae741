#ifndef KORDLESS_LUA_CALL_INSIDE_H
#define KORDLESS_LUA_CALL_INSIDE_H

/* What call.c (a run, its waits, its end) leaves to call_request.c and call_reply.c.
 * Both run on the handler's thread, inside its budget, and may raise. */

#include "lua/call.h"

/* Pushes the request as a table. False, with the reply made, when its body is no JSON,
 * its If-Match no list of tags, or it is not what the route declares. */
bool call_push_request(lua_State *L, struct call *c);
/* The stack is what the handler returned: status, body, headers. Makes the reply. */
int call_reply(lua_State *L);
/* The fields of a refusal: who may ask, when to come again. */
void call_problem_fields(struct call *c, int status, const char *code);

#endif
