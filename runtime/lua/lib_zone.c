#include <lauxlib.h>
#include <stdbool.h>

#include "base/span.h"
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

const struct zone *zone_check(lua_State *L, int idx)
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
    const struct zone *zone = zone_check(L, 1);
    lua_Integer days = luaL_checkinteger(L, 2), minutes = luaL_checkinteger(L, 3);
    luaL_argcheck(L, days >= -DAYS_FAR && days <= DAYS_FAR, 2, "days since 1970");
    luaL_argcheck(L, minutes >= 0 && minutes <= MINUTES_MAX, 3,
                  "minutes from 0 to 2880");
    lua_pushinteger(L, zone_instant_on(zone, days, (int)minutes));
    return 1;
}

int lib_zone_wall(lua_State *L)
{
    const struct zone *zone = zone_check(L, 1);
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

/* --- opening hours, date by date --- */

enum {
    FIRST_DAY =
        -719161,        /* days with a name: of the years 1 to 9999, less one at each */
    LAST_DAY = 2932895, /* end for the zones' sake */
    OPEN_DAYS = 4000,
    DAY_MINUTES = 1440
};

static int64_t minutes_at(lua_State *L, int range, int i)
{
    int exact;
    lua_rawgeti(L, range, i);
    lua_Integer minutes = lua_tointegerx(L, -1, &exact);
    if (!exact || minutes < 0 || minutes > MINUTES_MAX)
        luaL_error(L, "zone.open: hours are {from, to}, minutes from 0 to 2880");
    lua_pop(L, 1);
    return minutes;
}

/* The ranges of one day are on top. */
static void add_day(lua_State *L, const struct zone *zone, int64_t day,
                    struct spans *out)
{
    int list = lua_gettop(L);
    lua_Integer n = (lua_Integer)lua_rawlen(L, list);
    bool steady;
    int64_t midnight = n ? zone_midnight(zone, day, &steady) : 0;
    vm_charge(L, 1 + 4 * n);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, list, i) != LUA_TTABLE)
            luaL_error(L, "zone.open: hours are a list of {from, to}");
        int a = (int)minutes_at(L, list + 1, 1), b = (int)minutes_at(L, list + 1, 2);
        if (steady && b <= DAY_MINUTES)
            spans_add(out, midnight + a * 60, midnight + b * 60);
        else
            spans_add(out, zone_instant_on(zone, day, a),
                      zone_instant_on(zone, day, b));
        lua_pop(L, 1);
    }
}

static int64_t day_of(lua_State *L, const struct zone *zone, int idx)
{
    lua_Integer t = luaL_checkinteger(L, idx);
    luaL_argcheck(L, t / 86400 >= -DAYS_FAR && t / 86400 <= DAYS_FAR, idx,
                  "seconds since 1970");
    return zone_day(zone, t);
}

/* name, weekly, overrides, lo, hi */
int lib_zone_open(lua_State *L)
{
    const struct zone *zone = zone_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    int64_t day = day_of(L, zone, 4), last = day_of(L, zone, 5);
    luaL_argcheck(L, last - day <= OPEN_DAYS, 5, "at most 4,000 days");
    lua_settop(L, 5);
    struct spans *out = span_push(L);
    day = day > FIRST_DAY ? day : FIRST_DAY;
    last = last < LAST_DAY ? last : LAST_DAY;
    for (; day <= last; day++) {
        if (lua_rawgeti(L, 3, day) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_rawgeti(L, 2,
                        ((day + 3) % 7 + 7) % 7 + 1); /* 1970 began on a Thursday */
        }
        if (lua_istable(L, -1))
            add_day(L, zone, day, out);
        lua_pop(L, 1);
    }
    span_settle(L, -1);
    return 1;
}

int lib_zone_share(lua_State *L, const struct api_grant *g)
{
    lua_pushlightuserdata(L, g->zones);
    lua_newtable(L);
    return 2;
}
