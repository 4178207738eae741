#include "lua/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>

#include "lua/vm.h"

/* Scripts get tables that read through to the real ones: an empty table, whose
 * metatable indexes the real one and refuses writes. rawset is ours and refuses them
 * too, so nothing a script does can reach what the host's own functions stand on.
 *
 * Metatables. Lua 5.4.4 crashes on weak tables under a memory cap, and a finalizer
 * would run outside every budget. So setmetatable never installs a script's table
 * itself but a copy of its allowed members. The copy hangs in the script's table under
 * a key that no script can see, and points back at it, so that classes keep one copy
 * and getmetatable gives back what was set. It is refreshed by each setmetatable. */

static const char env_key = 'e', globals_key = 'g', kordless_key = 'k';
static const char frozen_key = 'f', copy_key = 'c', original_key = 'o',
                  members_key = 'm';

static const char *const meta_allowed[] = {
    "__index", "__newindex", "__call", "__tostring", "__len",       "__eq",   "__lt",
    "__le",    "__concat",   "__unm",  "__add",      "__sub",       "__mul",  "__div",
    "__mod",   "__pow",      "__idiv", "__band",     "__bor",       "__bxor", "__shl",
    "__shr",   "__bnot",     "__name", "__pairs",    "__metatable",
};
static const char *const meta_refused[] = {"__gc", "__close", "__mode"};
enum {
    N_ALLOWED = sizeof(meta_allowed) / sizeof(meta_allowed[0]),
    N_REFUSED = sizeof(meta_refused) / sizeof(meta_refused[0])
};

void sandbox_push_env(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
}

void sandbox_push_globals(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &globals_key);
}

void sandbox_push_kordless(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kordless_key);
}

bool sandbox_hidden(lua_State *L, int idx)
{
    return lua_type(L, idx) == LUA_TLIGHTUSERDATA &&
           lua_touserdata(L, idx) == &copy_key;
}

/* --- frozen tables --- */

static bool frozen(lua_State *L, int idx)
{
    if (!lua_getmetatable(L, idx))
        return false;
    bool is = lua_rawgetp(L, -1, &frozen_key) != LUA_TNIL;
    lua_pop(L, 2);
    return is;
}

static int l_refuse_write(lua_State *L)
{
    return luaL_error(L, "'%s' is read-only: '%s' cannot be set",
                      lua_tostring(L, lua_upvalueindex(1)), luaL_tolstring(L, 2, NULL));
}

/* The table on top is replaced by an empty one with this metatable, still to be filled
 * by the caller: [..., proxy, metatable]. */
static void push_proxy(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushboolean(L, 1);
    lua_rawsetp(L, -2, &frozen_key);
    lua_remove(L, -3);
}

void sandbox_freeze(lua_State *L, const char *name)
{
    push_proxy(L);
    lua_pushstring(L, name);
    lua_pushcclosure(L, l_refuse_write, 1);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
}

/* --- globals --- */

static int l_unknown_global(lua_State *L)
{
    return luaL_error(L, "unknown global '%s'", luaL_tolstring(L, 2, NULL));
}

static int l_assign_global(lua_State *L)
{
    const char *name = luaL_tolstring(L, 2, NULL);
    sandbox_push_globals(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return luaL_error(L, "global '%s' is read-only", name);
    return luaL_error(L, "undeclared global '%s'; use local", name);
}

/* Until the API is opened, which says more (api.h). */
static int l_unknown_library(lua_State *L)
{
    return luaL_error(L, "kordless.%s is not there", luaL_tolstring(L, 2, NULL));
}

/* Reading a name the table on top has not calls `f`. */
static void on_missing(lua_State *L, lua_CFunction f)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, f);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* --- metatables --- */

/* The names of all members looked at are upvalues of setmetatable, the refused ones
 * behind the allowed: pushing them as strings would take twice the time. */
static void refuse_members(lua_State *L, int mt)
{
    for (int i = 0; i < N_REFUSED; i++) {
        lua_pushvalue(L, lua_upvalueindex(N_ALLOWED + 1 + i));
        if (lua_rawget(L, mt) != LUA_TNIL)
            luaL_error(L, "setmetatable: %s is not allowed", meta_refused[i]);
        lua_pop(L, 1);
    }
}

static void push_copy(lua_State *L, int mt)
{
    if (lua_rawgetp(L, mt, &copy_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, mt);
    lua_rawsetp(L, -2, &original_key);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, mt, &copy_key);
}

/* Sets or removes member `name` (an upvalue) of the copy to the value on top. */
static void set_member(lua_State *L, int copy, int name)
{
    lua_pushvalue(L, lua_upvalueindex(name));
    lua_insert(L, -2);
    lua_rawset(L, copy);
}

/* A set of bits in the copy says which members it has, so that the many that neither
 * has cost one look-up. */
static void refresh_copy(lua_State *L, int mt, int copy)
{
    lua_rawgetp(L, copy, &members_key);
    lua_Integer had = lua_tointeger(L, -1), has = 0;
    lua_pop(L, 1);
    for (int i = 0; i < N_ALLOWED; i++) {
        lua_Integer bit = (lua_Integer)1 << i;
        lua_pushvalue(L, lua_upvalueindex(i + 1));
        bool there = lua_rawget(L, mt) != LUA_TNIL;
        has |= there ? bit : 0;
        if (there || (had & bit))
            set_member(L, copy, i + 1);
        else
            lua_pop(L, 1);
    }
    if (had != has) {
        lua_pushinteger(L, has);
        lua_rawsetp(L, copy, &members_key);
    }
}

static void refuse_protected(lua_State *L, int idx)
{
    if (luaL_getmetafield(L, idx, "__metatable") != LUA_TNIL)
        luaL_error(L, "setmetatable: this table's metatable is protected");
}

static int l_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    refuse_protected(L, 1);
    if (!lua_isnil(L, 2)) {
        refuse_members(L, 2);
        push_copy(L, 2);
        refresh_copy(L, 2, 3);
    }
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

/* What was set; `__metatable` if there is one; false for what is the host's. */
static int l_getmetatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushliteral(L, "__metatable");
    if (lua_rawget(L, -2) != LUA_TNIL)
        return 1;
    if (lua_rawgetp(L, -2, &original_key) == LUA_TNIL)
        lua_pushboolean(L, 0);
    return 1;
}

static void push_setmetatable(lua_State *L)
{
    luaL_checkstack(L, N_ALLOWED + N_REFUSED + 4, NULL);
    for (int i = 0; i < N_ALLOWED; i++)
        lua_pushstring(L, meta_allowed[i]);
    for (int i = 0; i < N_REFUSED; i++)
        lua_pushstring(L, meta_refused[i]);
    lua_pushcclosure(L, l_setmetatable, N_ALLOWED + N_REFUSED);
}

/* --- raw members --- */

static int l_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    if (frozen(L, 1))
        return luaL_error(L, "rawset: this table is read-only");
    lua_rawset(L, 1);
    return 1;
}

static int l_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    while (lua_next(L, 1)) {
        if (!sandbox_hidden(L, -2))
            return 2;
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return 1;
}

static int l_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushvalue(L, 1);
        lua_pushnil(L);
    } else {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
    }
    return 3;
}

/* Stock's, behind a charge: it moves all its arguments, and a loop over `...` calls it
 * for each of them. */
static int l_select(lua_State *L)
{
    vm_charge(L, lua_gettop(L) / 4);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* --- all together --- */

/* From stock's globals, at 1, into ours, at 2. */
static void copy_base(lua_State *L)
{
    static const char *const kept[] = {"assert",   "error",    "ipairs", "type",
                                       "tonumber", "tostring", "rawlen", "rawequal",
                                       "rawget",   "_VERSION"};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        lua_getfield(L, 1, kept[i]);
        lua_setfield(L, 2, kept[i]);
    }
    lua_getfield(L, 1, "select");
    lua_pushcclosure(L, l_select, 1);
    lua_setfield(L, 2, "select");
}

static void add_own(lua_State *L)
{
    static const luaL_Reg own[] = {{"getmetatable", l_getmetatable},
                                   {"rawset", l_rawset},
                                   {"next", l_next},
                                   {NULL, NULL}};
    luaL_setfuncs(L, own, 0);
    push_setmetatable(L);
    lua_setfield(L, -2, "setmetatable");
    lua_getfield(L, -1, "next");
    lua_pushcclosure(L, l_pairs, 1);
    lua_setfield(L, -2, "pairs");
}

static void add_kordless(lua_State *L)
{
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kordless_key);
    on_missing(L, l_unknown_library);
    sandbox_freeze(L, "kordless");
    lua_setfield(L, -2, "kordless");
}

static void add_env(lua_State *L)
{
    lua_pushvalue(L, -1);
    push_proxy(L);
    lua_pushcfunction(L, l_assign_global);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &env_key);
}

/* luaopen_base fills the state's own table of globals; that one is emptied again, so
 * that nothing reaches load or dofile through it. */
static void empty_stock(lua_State *L)
{
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

void sandbox_open(lua_State *L)
{
    lua_settop(L, 0);
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &globals_key);
    copy_base(L);
    add_own(L);
    sandbox_libraries(L);
    add_kordless(L);
    on_missing(L, l_unknown_global);
    add_env(L);
    empty_stock(L);
    lua_settop(L, 0);
}
