#include "lua/job.h"

#include <lauxlib.h>

#include "base/log.h"
#include "lua/call.h"
#include "lua/data.h"

enum { AFTER_MAX = 24 * 60 * 60 };

/* The function is looked for now, so that a slip of the pen fails where it stands; when
 * the time has come it is that of the generation which is live by then. */
static void need_handler(lua_State *L, struct call *c, int idx)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->unit->table_ref);
    lua_pushvalue(L, idx);
    if (lua_rawget(L, -2) != LUA_TFUNCTION)
        luaL_error(L, "after: handlers.lua has no function '%s'", lua_tostring(L, idx));
    lua_pop(L, 2);
}

int job_after(lua_State *L)
{
    struct call *c = call_of(L);
    lua_Number seconds = luaL_checknumber(L, 1);
    size_t n;
    const char *name = luaL_checklstring(L, 2, &n);
    lua_settop(L, 3);
    luaL_argcheck(L, seconds >= 0 && seconds <= AFTER_MAX, 1, "0 to 86400 seconds");
    need_handler(L, c, 2);
    buf_clear(&c->scratch);
    buf_clear(&c->why);
    if (data_pack(L, 3, DATA_MAX, &c->scratch, &c->why)) {
        lua_pushlstring(L, c->why.p, c->why.n);
        return luaL_error(L, "after: %s", lua_tostring(L, -1));
    }
    vm_charge(L, 1000);
    bool put = c->host->after &&
               !c->host->after(c->host->ctx, c, (int64_t)(seconds * 1000),
                               (struct str){name, n}, buf_slice(&c->scratch));
    lua_pushboolean(L, put);
    return 1;
}

/* --- when its time has come --- */

void job_refused(const struct call *c)
{
    LOG(c->host->log, LOG_WARN, "after_refused",
        LOG_T("plugin", c->unit->plugin->manifest.name), LOG_T("name", c->job_name),
        LOG_C("why", "its plugin is quarantined"));
}

static int ran(lua_State *L, int status, lua_KContext base)
{
    (void)L;
    (void)status;
    (void)base;
    return 0;
}

int job_run(lua_State *L)
{
    struct call *c = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->unit->table_ref);
    lua_pushlstring(L, c->job_name.p, c->job_name.n);
    if (lua_rawget(L, -2) != LUA_TFUNCTION)
        return luaL_error(L, "handlers.lua has no function '%s'", c->job_name.p);
    if (data_unpack(L, c->job_args))
        return luaL_error(L, "the arguments did not arrive whole");
    lua_callk(L, 1, 0, 0, ran);
    return 0;
}
