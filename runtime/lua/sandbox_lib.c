#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "lua/lib.h"
#include "lua/sandbox.h"
#include "lua/vm.h"

/* The standard libraries, reduced. No instruction of the VM is counted while C works,
 * so what can take long is wrapped: the wrapper charges what the call will cost, by the
 * sizes of its arguments, and then runs the stock function in its place. A call that
 * cannot be paid never begins. */

enum {
    TEXT_MAX = 16 << 20,
    BYTES_PER_CHARGE = 8,
    FLOAT_CHARGE = 100,
    CHAIN_MAX = 2048
};

static int stock(lua_State *L)
{
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* By its string arguments: a result is no longer than these together and the format. */
static int l_by_text(lua_State *L)
{
    size_t bytes = 0;
    for (int i = lua_gettop(L); i > 0; i--)
        if (lua_type(L, i) == LUA_TSTRING)
            bytes += lua_rawlen(L, i);
    if (bytes >= BYTES_PER_CHARGE)
        vm_charge(L, (int64_t)(bytes / BYTES_PER_CHARGE));
    return stock(L);
}

/* A float may have 400 digits, and printing them takes long. */
static int64_t floats_in(struct str format)
{
    int64_t n = 0;
    for (size_t i = 0; i + 1 < format.n; i++) {
        if (format.p[i] != '%')
            continue;
        for (i++;
             i < format.n && format.p[i] && strchr("-+ #0123456789.", format.p[i]);)
            i++;
        n += i < format.n && format.p[i] && strchr("aAeEfFgG", format.p[i]);
    }
    return n;
}

static int l_format(lua_State *L)
{
    struct str format;
    format.p = luaL_checklstring(L, 1, &format.n);
    vm_charge(L, FLOAT_CHARGE * floats_in(format));
    return l_by_text(L);
}

static int l_rep(lua_State *L)
{
    size_t n, n_sep;
    luaL_checklstring(L, 1, &n);
    lua_Integer times = luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &n_sep);
    if (times <= 0 || n + n_sep == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (n + n_sep > TEXT_MAX || (size_t)times > TEXT_MAX / (n + n_sep))
        return luaL_error(L, "string.rep: the result is longer than %d bytes",
                          TEXT_MAX);
    vm_charge(L, (int64_t)times / 4 +
                     (int64_t)((n + n_sep) * (size_t)times / BYTES_PER_CHARGE));
    return stock(L);
}

/* How many of first … last, or none; the difference may not fit. */
static int64_t span_of(lua_Integer first, lua_Integer last)
{
    if (first > last)
        return 0;
    lua_Unsigned n = (lua_Unsigned)last - (lua_Unsigned)first;
    return n < INT64_MAX ? (int64_t)n + 1 : INT64_MAX;
}

static lua_Integer position(lua_Integer i, lua_Integer n)
{
    return i > n ? n : i >= 0 ? i : i < -n ? 0 : i + n + 1;
}

/* string.byte, utf8.codepoint: one result for each position asked for. */
static int l_by_range(lua_State *L)
{
    size_t n;
    luaL_checklstring(L, 1, &n);
    lua_Integer first = luaL_optinteger(L, 2, 1), last = luaL_optinteger(L, 3, first);
    vm_charge(L,
              span_of(position(first, (lua_Integer)n), position(last, (lua_Integer)n)));
    return stock(L);
}

/* --- tables --- */

/* Stock would ask __len, which may say anything, and once more when we have charged. */
static lua_Integer length_of(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
        luaL_error(L, "a table with __len cannot be given to this function");
    return (lua_Integer)lua_rawlen(L, 1);
}

/* How far reading or setting a member that is not there may lead: along a chain of
 * tables, each step of it unseen by any hook. */
static int64_t chain_of(lua_State *L, int idx, const char *event)
{
    int64_t length = 0;
    int top = lua_gettop(L);
    lua_pushvalue(L, idx);
    while (length < CHAIN_MAX && luaL_getmetafield(L, -1, event) == LUA_TTABLE) {
        lua_remove(L, -2);
        length++;
    }
    lua_settop(L, top);
    return length;
}

/* `n` members of the table at `idx` read or set. */
static void charge_members(lua_State *L, int idx, int64_t n)
{
    int64_t each = 1;
    if (lua_istable(L, idx))
        each += chain_of(L, idx, "__index") + chain_of(L, idx, "__newindex");
    vm_charge(L, n > INT64_MAX / (2 * CHAIN_MAX + 1) ? INT64_MAX : n * each);
}

/* Each comparison reads its texts to where they differ. */
static int l_sort(lua_State *L)
{
    int64_t n = length_of(L), each = 1, bytes = 0;
    while (n >> each)
        each++;
    charge_members(L, 1, n * each);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, 1, i) == LUA_TSTRING)
            bytes += (int64_t)lua_rawlen(L, -1);
        lua_pop(L, 1);
    }
    vm_charge(L, bytes / BYTES_PER_CHARGE * each);
    return stock(L);
}

static int l_concat(lua_State *L)
{
    lua_Integer n = length_of(L), first = luaL_optinteger(L, 3, 1);
    lua_Integer last = luaL_optinteger(L, 4, n);
    size_t bytes = 0, n_sep;
    luaL_optlstring(L, 2, "", &n_sep);
    vm_charge(L, span_of(first, last));
    for (lua_Integer i = first; i <= last && bytes <= TEXT_MAX; i++) {
        bytes += n_sep;
        if (lua_rawgeti(L, 1, i) == LUA_TSTRING)
            bytes += lua_rawlen(L, -1);
        lua_pop(L, 1);
        if (i == LUA_MAXINTEGER)
            break;
    }
    if (bytes > TEXT_MAX)
        return luaL_error(L, "table.concat: the result is longer than %d bytes",
                          TEXT_MAX);
    charge_members(L, 1, span_of(first, last));
    vm_charge(L, (int64_t)(bytes / BYTES_PER_CHARGE));
    return stock(L);
}

static int l_unpack(lua_State *L)
{
    lua_Integer n = length_of(L);
    charge_members(L, 1, span_of(luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, n)));
    return stock(L);
}

static int l_move(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    int64_t n = span_of(luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
    charge_members(L, 1, n);
    charge_members(L, lua_isnoneornil(L, 5) ? 1 : 5, n);
    return stock(L);
}

/* table.insert(t, pos, v) and table.remove(t, pos) move what lies behind. */
static int l_insert(lua_State *L)
{
    lua_Integer n = length_of(L);
    if (lua_gettop(L) == 3)
        charge_members(L, 1, span_of(luaL_checkinteger(L, 2), n));
    return stock(L);
}

static int l_remove(lua_State *L)
{
    lua_Integer n = length_of(L);
    if (lua_gettop(L) > 1)
        charge_members(L, 1, span_of(luaL_checkinteger(L, 2), n));
    return stock(L);
}

/* --- what is kept --- */

/* A NULL wrapper: the stock function as it is. */
struct kept {
    const char *name;
    lua_CFunction wrapper;
};

static const struct kept string_kept[] = {
    {"byte", l_by_range}, {"char", NULL},         {"format", l_format},
    {"len", NULL},        {"lower", l_by_text},   {"rep", l_rep},
    {"sub", NULL},        {"reverse", l_by_text}, {"upper", l_by_text},
    {"pack", l_by_text},  {"unpack", l_by_text},  {"packsize", l_by_text},
    {NULL, NULL},
};
static const struct kept table_kept[] = {
    {"concat", l_concat}, {"insert", l_insert}, {"move", l_move},     {"pack", NULL},
    {"remove", l_remove}, {"sort", l_sort},     {"unpack", l_unpack}, {NULL, NULL},
};
static const struct kept utf8_kept[] = {
    {"char", NULL},     {"charpattern", NULL}, {"codes", NULL},
    {"len", l_by_text}, {"offset", l_by_text}, {"codepoint", l_by_range},
    {NULL, NULL},
};
/* Without random and randomseed: what differs from run to run comes from the host. */
static const struct kept math_kept[] = {
    {"abs", NULL},  {"ceil", NULL},       {"floor", NULL},      {"fmod", NULL},
    {"huge", NULL}, {"max", NULL},        {"maxinteger", NULL}, {"min", NULL},
    {"modf", NULL}, {"mininteger", NULL}, {"tointeger", NULL},  {"type", NULL},
    {"ult", NULL},  {"sqrt", NULL},       {"exp", NULL},        {"log", NULL},
    {"sin", NULL},  {"cos", NULL},        {"tan", NULL},        {"asin", NULL},
    {"acos", NULL}, {"atan", NULL},       {"deg", NULL},        {"rad", NULL},
    {"pi", NULL},   {NULL, NULL},
};

/* Pushes a table with what is kept of the stock one. */
static void push_reduced(lua_State *L, lua_CFunction open, const struct kept *kept)
{
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
    lua_newtable(L);
    for (; kept->name; kept++) {
        lua_getfield(L, -2, kept->name);
        if (kept->wrapper)
            lua_pushcclosure(L, kept->wrapper, 1);
        lua_setfield(L, -2, kept->name);
    }
    lua_remove(L, -2);
}

/* luaopen_string made a metatable for strings, with the arithmetic on numerals; methods
 * are to be ours. */
static void add_string(lua_State *L)
{
    push_reduced(L, luaopen_string, string_kept);
    pattern_install(L);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    sandbox_freeze(L, "string");
    lua_setfield(L, -2, "string");
}

void sandbox_libraries(lua_State *L)
{
    static const struct {
        const char *name;
        lua_CFunction open;
        const struct kept *kept;
    } rest[] = {{"table", luaopen_table, table_kept},
                {"math", luaopen_math, math_kept},
                {"utf8", luaopen_utf8, utf8_kept}};
    add_string(L);
    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
        push_reduced(L, rest[i].open, rest[i].kept);
        sandbox_freeze(L, rest[i].name);
        lua_setfield(L, -2, rest[i].name);
    }
}
