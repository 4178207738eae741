#ifndef KORDLESS_LUA_JOB_H
#define KORDLESS_LUA_JOB_H

/* kordless.after: a function of handlers.lua that runs later, as a call without a
 * request. The host keeps the time; only a name and plain data wait. */

#include <lua.h>

struct call;

int job_after(lua_State *L); /* (seconds, name, args): true, or false when full */
int job_run(lua_State *L);   /* the bottom of such a call's thread */
void job_refused(
    const struct call *c); /* its plugin is quarantined: a line in the log */

#endif
