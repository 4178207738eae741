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
    WEEK = 6, /* on the stack, behind the set: what keeps the week's hours */
    DAY_MINUTES = 1440
};

/* Of one day: read once, and laid out on each date that has them. */
struct hours {
    bool known;
    lua_Integer n;
    struct range {
        int a, b;
    } few[4], *at;
};

static int minutes_at(lua_State *L, int range, int i)
{
    int exact;
    lua_rawgeti(L, range, i);
    lua_Integer minutes = lua_tointegerx(L, -1, &exact);
    if (!exact || minutes < 0 || minutes > MINUTES_MAX)
        luaL_error(L, "zone.open: hours are {from, to}, minutes from 0 to 2880");
    lua_pop(L, 1);
    return (int)minutes;
}

/* The ranges are on top; more than a few are kept in Lua's memory, in their place. */
static void read_hours(lua_State *L, struct hours *h)
{
    int list = lua_gettop(L);
    h->known = true;
    h->n = lua_istable(L, list) ? (lua_Integer)lua_rawlen(L, list) : 0;
    h->at = h->few;
    vm_charge(L, 4 * h->n);
    if (h->n > (lua_Integer)(sizeof(h->few) / sizeof(h->few[0])))
        h->at = lua_newuserdatauv(L, (size_t)h->n * sizeof(*h->at), 0);
    for (lua_Integer i = 0; i < h->n; i++) {
        if (lua_rawgeti(L, list, i + 1) != LUA_TTABLE)
            luaL_error(L, "zone.open: hours are a list of {from, to}");
        int range = lua_gettop(L);
        h->at[i].a = minutes_at(L, range, 1);
        h->at[i].b = minutes_at(L, range, 2);
        lua_pop(L, 1);
    }
    if (lua_gettop(L) > list)
        lua_replace(L, list);
}

static void add_day(lua_State *L, const struct zone *zone, int64_t day,
                    const struct hours *h, struct spans *out)
{
    bool steady;
    int64_t midnight = h->n ? zone_midnight(zone, day, &steady) : 0;
    vm_charge(L, 1 + h->n);
    for (lua_Integer i = 0; i < h->n; i++) {
        int a = h->at[i].a, b = h->at[i].b;
        if (steady && b <= DAY_MINUTES)
            spans_add(out, midnight + a * 60, midnight + b * 60);
        else
            spans_add(out, zone_instant_on(zone, day, a),
                      zone_instant_on(zone, day, b));
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
    luaL_checkstack(L, 16, NULL);
    struct spans *out = span_push(L);
    struct hours week[7] = {{.known = false}}, one;
    lua_settop(L, WEEK + 7);
    day = day > FIRST_DAY ? day : FIRST_DAY;
    last = last < LAST_DAY ? last : LAST_DAY;
    for (; day <= last; day++) {
        int weekday = (int)(((day + 3) % 7 + 7) % 7); /* 1970 began on a Thursday */
        struct hours *h = &week[weekday];
        if (lua_rawgeti(L, 3, day) != LUA_TNIL) {
            read_hours(L, h = &one);
        } else if (!h->known) {
            lua_rawgeti(L, 2, weekday + 1);
            read_hours(L, h);
            lua_copy(L, -1, WEEK + 1 + weekday);
        }
        add_day(L, zone, day, h, out);
        lua_settop(L, WEEK + 7);
    }
    lua_settop(L, 6);
    span_settle(L, -1);
    return 1;
}

int lib_zone_share(lua_State *L, const struct api_grant *g)
{
    lua_pushlightuserdata(L, g->zones);
    lua_newtable(L);
    return 2;
}
