#include "lua/lazy.h"

#include <lauxlib.h>

#include "lua/data.h"

/* The packed members by key are upvalue 1 of the metatable's functions, and in it. */
static const char packed_key = 'p';

/* t, k */
static int l_index(lua_State *L)
{
    struct str packed;
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TSTRING)
        return 0;
    packed.p = lua_tolstring(L, 3, &packed.n);
    if (data_unpack(L, packed))
        return luaL_error(L, "a column cannot be read"); /* it was packed by us */
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 4);
    lua_rawset(L, 1);
    lua_pushvalue(L, 2);
    lua_pushnil(L);
    lua_rawset(L, lua_upvalueindex(1));
    return 1;
}

static int l_next(lua_State *L)
{
    lua_settop(L, 2);
    return lua_next(L, 1) ? 2 : 0;
}

static int l_pairs(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(1))) { /* each look takes one out of there */
        lua_settop(L, 2);
        lua_gettable(L, 1);
        lua_settop(L, 1);
        lua_pushnil(L);
    }
    lua_pushcfunction(L, l_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* [..., t] -> [..., t, packed members] */
static void push_packed(lua_State *L)
{
    if (lua_getmetatable(L, -1)) {
        lua_rawgetp(L, -1, &packed_key);
        lua_remove(L, -2);
        return;
    }
    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, l_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, l_pairs, 1);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, &packed_key);
    lua_setmetatable(L, -3);
}

void lazy_set(lua_State *L, struct str packed)
{
    luaL_checkstack(L, 6, NULL);
    lua_insert(L, -2); /* k, t */
    push_packed(L);
    lua_pushvalue(L, -3);
    lua_pushlstring(L, packed.p, packed.n);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_remove(L, -2);
}
