#include <lauxlib.h>
#include <stdbool.h>

#include "base/date.h"
#include "lua/lib.h"

/* Instants and dates as text, and the calendar. No clock: now is given by the host. */

static struct str check_str(lua_State *L, int idx)
{
    struct str s;
    s.p = luaL_checklstring(L, idx, &s.n);
    return s;
}

/* The years that have a text: 1 to 9999. */
static lua_Integer check_days(lua_State *L, int idx)
{
    lua_Integer days = luaL_checkinteger(L, idx);
    luaL_argcheck(L, days >= -719162 && days <= 2932896, idx,
                  "days since 1970 of a year from 1 to 9999");
    return days;
}

int lib_time_parse(lua_State *L)
{
    int64_t t;
    bool fraction;
    if (time_parse(check_str(L, 1), &t, &fraction) == 0) {
        lua_pushinteger(L, t);
        lua_pushboolean(L, fraction);
        return 2;
    }
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushliteral(L, "must be an RFC 3339 time with Z or an offset, such as "
                       "2026-03-08T07:00:00Z");
    return 3;
}

int lib_time_format(lua_State *L)
{
    char text[32];
    lua_Integer t = luaL_checkinteger(L, 1);
    luaL_argcheck(L, t >= -62135596800 && t <= 253402300799, 1,
                  "seconds since 1970 of a year from 1 to 9999");
    time_format(t, text);
    lua_pushstring(L, text);
    return 1;
}

int lib_time_days(lua_State *L)
{
    struct date d;
    if (date_parse(check_str(L, 1), &d) == 0)
        lua_pushinteger(L, date_days(d));
    else
        lua_pushnil(L);
    return 1;
}

int lib_time_date(lua_State *L)
{
    struct date d = date_of_days(check_days(L, 1));
    char text[11];
    for (int i = 9, rest = d.year * 10000 + d.month * 100 + d.day; i >= 0; i--) {
        bool dash = i == 4 || i == 7;
        text[i] = (char)(dash ? '-' : '0' + rest % 10);
        rest /= dash ? 1 : 10;
    }
    lua_pushlstring(L, text, 10);
    return 1;
}

int lib_time_weekday(lua_State *L)
{
    lua_pushinteger(L, date_weekday(date_of_days(check_days(L, 1))));
    return 1;
}
