#include <lauxlib.h>
#include <stdbool.h>

#include "base/zone.h"
#include "lua/api.h"
#include "lua/lib.h"
#include "lua/vm.h"

/* Civil time for scripts. Upvalues: the process's zones, and a table of the ones this
 * state has met, so that the lock around the former is taken once per name. */

enum { DAYS_FAR = 4000000, MINUTES_MAX = 2880, LOAD_CHARGE = 2000 };

/* NULL: there is no such zone. */
static const struct zone *find(lua_State *L, int idx)
{
    struct str name;
    const struct zone *zone = NULL;
    name.p = luaL_checklstring(L, idx, &name.n);
    lua_pushvalue(L, idx);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TLIGHTUSERDATA)
        zone = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (zone)
        return zone;
    vm_charge(L, LOAD_CHARGE);
    if (zones_get(lua_touserdata(L, lua_upvalueindex(1)), name, &zone))
        return NULL;
    lua_pushvalue(L, idx);
    lua_pushlightuserdata(L, (void *)(uintptr_t)zone);
    lua_rawset(L, lua_upvalueindex(2));
    return zone;
}

static const struct zone *check(lua_State *L, int idx)
{
    const struct zone *zone = find(L, idx);
    if (!zone)
        luaL_error(L, "zone: '%s' is no known time zone", lua_tostring(L, idx));
    return zone;
}

int lib_zone_known(lua_State *L)
{
    lua_pushboolean(L, find(L, 1) != NULL);
    return 1;
}

int lib_zone_instant(lua_State *L)
{
    const struct zone *zone = check(L, 1);
    lua_Integer days = luaL_checkinteger(L, 2), minutes = luaL_checkinteger(L, 3);
    luaL_argcheck(L, days >= -DAYS_FAR && days <= DAYS_FAR, 2, "days since 1970");
    luaL_argcheck(L, minutes >= 0 && minutes <= MINUTES_MAX, 3,
                  "minutes from 0 to 2880");
    lua_pushinteger(L, zone_instant(zone, date_of_days(days), (int)minutes));
    return 1;
}

int lib_zone_wall(lua_State *L)
{
    const struct zone *zone = check(L, 1);
    lua_Integer t = luaL_checkinteger(L, 2);
    struct civil c;
    luaL_argcheck(L, t / 86400 >= -DAYS_FAR && t / 86400 <= DAYS_FAR, 2,
                  "seconds since 1970");
    zone_civil(zone, t, &c);
    lua_pushinteger(L, date_days(c.date));
    lua_pushinteger(L, c.hour * 60 + c.minute);
    lua_pushinteger(L, c.offset);
    return 3;
}

int lib_zone_share(lua_State *L, const struct api_grant *g)
{
    lua_pushlightuserdata(L, g->zones);
    lua_newtable(L);
    return 2;
}
