/* A column of a list of slots: one value of each, to hand to a policy. Where it goes it
 * is a plain list; here it is worked out when it is packed, so nothing is paid twice.
 */

#include <lauxlib.h>

#include "lua/lib.h"
#include "lua/slots.h"
#include "lua/vm.h"

enum { DAY = 86400 };

static const char column_type[] = "kordless.column";

struct column *column_of(lua_State *L, int idx)
{
    return luaL_testudata(L, idx, column_type);
}

int64_t column_value(const struct column *c, size_t i)
{
    int64_t start = c->of->at[i].start;
    if (c->kind == COLUMN_STARTS)
        return start;
    int64_t wall = zone_wall(c->of->grid.zone, start),
            day = wall / DAY - (wall % DAY < 0);
    if (c->kind == COLUMN_MINUTES)
        return (wall - day * DAY) / 60;
    return ((day + 3) % 7 + 7) % 7 + 1; /* 1970 began on a Thursday */
}

void column_push(lua_State *L, int idx, const struct column *c, size_t i)
{
    if (c->kind != COLUMN_NAMES) {
        lua_pushinteger(L, column_value(c, i));
        return;
    }
    lua_getiuservalue(L, idx, 2);
    lua_rawgeti(L, -1, c->of->at[i].who);
    lua_remove(L, -2);
}

static void check_names(lua_State *L, const struct slots *s, int names)
{
    luaL_checktype(L, names, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, names);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, names, i) != LUA_TSTRING)
            luaL_error(L, "slots:column: names[%I] is no string", (LUAI_UACINT)i);
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].who > n)
            luaL_error(L, "slots:column: candidate %d has no name", (int)s->at[i].who);
}

/* self, kind, names by candidate */
int lib_slots_column(lua_State *L)
{
    static const char *const kinds[] = {"starts", "minutes", "weekdays", "names", NULL};
    const struct slots *s = slots_check(L, 1);
    enum column_kind kind = (enum column_kind)luaL_checkoption(L, 2, NULL, kinds);
    lua_settop(L, 3);
    vm_charge(L, (int64_t)(s->n / 8));
    if (kind == COLUMN_NAMES)
        check_names(L, s, 3);
    struct column *c = lua_newuserdatauv(L, sizeof(*c), 2);
    *c = (struct column){kind, s};
    luaL_setmetatable(L, column_type);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 2);
    return 1;
}

/* --- as a list --- */

static int l_len(lua_State *L)
{
    const struct column *c = luaL_checkudata(L, 1, column_type);
    lua_pushinteger(L, (lua_Integer)c->of->n);
    return 1;
}

static int l_index(lua_State *L)
{
    const struct column *c = luaL_checkudata(L, 1, column_type);
    lua_Integer i = lua_isinteger(L, 2) ? lua_tointeger(L, 2) : 0;
    if (i < 1 || (lua_Unsigned)i > c->of->n)
        lua_pushnil(L);
    else
        column_push(L, 1, c, (size_t)i - 1);
    return 1;
}

void slots_column_share(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__len", l_len}, {"__index", l_index}, {NULL, NULL}};
    luaL_newmetatable(L, column_type);
    luaL_setfuncs(L, meta, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
