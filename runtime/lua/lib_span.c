#include <lauxlib.h>
#include <stdbool.h>

#include "base/span.h"
#include "lua/api.h"
#include "lua/lib.h"
#include "lua/vm.h"

/* Sets of half-open intervals for scripts: a userdata around `struct spans`. Its memory
 * is malloc's and not Lua's, so each object tells the state how much it holds. */

static const char type_name[] = "kordless.span";

enum { SPANS_MAX = 1 << 20 };

struct held {
    struct spans set;
    size_t counted; /* bytes the state knows of */
};

static struct held *check(lua_State *L, int idx)
{
    return luaL_checkudata(L, idx, type_name);
}

/* Afterwards, since only base/span.c knows how much it needed. */
static void settle(lua_State *L, struct held *h)
{
    vm_recount(L, &h->counted, h->set.cap * sizeof(struct span));
    if (h->set.n > SPANS_MAX)
        luaL_error(L, "a span of more than %d intervals", SPANS_MAX);
}

static struct held *push_new(lua_State *L)
{
    struct held *h = lua_newuserdatauv(L, sizeof(*h), 0);
    spans_init(&h->set);
    h->counted = 0;
    luaL_setmetatable(L, type_name);
    return h;
}

struct spans *span_push(lua_State *L)
{
    if (luaL_getmetatable(L, type_name) != LUA_TTABLE)
        luaL_error(L, "a kordless.span needs needs = {\"span\"} in plugin.lua");
    lua_pop(L, 1);
    return &push_new(L)->set;
}

const struct spans *span_check(lua_State *L, int idx)
{
    return &check(L, idx)->set;
}

void span_settle(lua_State *L, int idx)
{
    settle(L, check(L, idx));
}

/* The interval at `i` of the list at `list`. */
static void add_listed(lua_State *L, struct held *h, int list, lua_Integer i)
{
    int exact_a = 0, exact_b = 0;
    if (lua_rawgeti(L, list, i) != LUA_TTABLE)
        luaL_error(L, "span.new: entry %I is no {a, b}", (LUAI_UACINT)i);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_Integer a = lua_tointegerx(L, -2, &exact_a),
                b = lua_tointegerx(L, -1, &exact_b);
    if (!exact_a || !exact_b)
        luaL_error(L, "span.new: entry %I is no {a, b} of integers", (LUAI_UACINT)i);
    lua_pop(L, 3);
    vm_charge(L, 4);
    spans_add(&h->set, a, b);
}

int lib_span_new(lua_State *L)
{
    lua_settop(L, 2);
    struct held *h = push_new(L);
    if (lua_istable(L, 1)) {
        lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
        for (lua_Integer i = 1; i <= n; i++)
            add_listed(L, h, 1, i);
    } else if (!lua_isnil(L, 1)) {
        spans_add(&h->set, luaL_checkinteger(L, 1), luaL_checkinteger(L, 2));
    }
    settle(L, h);
    return 1;
}

int lib_span_add(lua_State *L)
{
    struct held *h = check(L, 1);
    lua_Integer a = luaL_checkinteger(L, 2), b = luaL_checkinteger(L, 3);
    if (h->set.n &&
        a <= h->set.at[h->set.n - 1].b) /* not at the end: what is behind moves */
        vm_charge(L, (int64_t)(h->set.n / 16));
    spans_add(&h->set, a, b);
    settle(L, h);
    lua_settop(L, 1);
    return 1;
}

static int combine(lua_State *L, void (*how)(struct spans *out, const struct spans *x,
                                             const struct spans *y))
{
    struct held *x = check(L, 1), *y = check(L, 2), *out;
    vm_charge(L, (int64_t)(x->set.n + y->set.n));
    out = push_new(L);
    how(&out->set, &x->set, &y->set);
    settle(L, out);
    return 1;
}

int lib_span_union(lua_State *L)
{
    return combine(L, spans_union);
}

int lib_span_intersect(lua_State *L)
{
    return combine(L, spans_intersect);
}

int lib_span_subtract(lua_State *L)
{
    return combine(L, spans_subtract);
}

int lib_span_covers(lua_State *L)
{
    struct held *h = check(L, 1);
    lua_pushboolean(
        L, spans_cover(&h->set, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3)));
    return 1;
}

int lib_span_touches(lua_State *L)
{
    struct held *h = check(L, 1);
    lua_pushboolean(
        L, spans_touch(&h->set, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3)));
    return 1;
}

int lib_span_total(lua_State *L)
{
    struct held *h = check(L, 1);
    vm_charge(L, (int64_t)(h->set.n / 4));
    lua_pushinteger(L, spans_total(&h->set));
    return 1;
}

static int l_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check(L, 1)->set.n);
    return 1;
}

static int push_interval(lua_State *L, const struct spans *s, lua_Integer i)
{
    if (i < 1 || (lua_Unsigned)i > s->n) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, s->at[i - 1].a);
    lua_pushinteger(L, s->at[i - 1].b);
    return 2;
}

int lib_span_get(lua_State *L)
{
    return push_interval(L, &check(L, 1)->set, luaL_checkinteger(L, 2));
}

/* Upvalues: the set, how far it is. */
static int l_each_next(lua_State *L)
{
    struct held *h = lua_touserdata(L, lua_upvalueindex(1));
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(2));
    return push_interval(L, &h->set, i);
}

int lib_span_each(lua_State *L)
{
    check(L, 1);
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, l_each_next, 2);
    return 1;
}

static int l_gc(lua_State *L)
{
    struct held *h = check(L, 1);
    spans_end(&h->set);
    vm_recount(L, &h->counted, 0);
    return 0;
}

/* --- peak --- */

static lua_Integer listed_integer(lua_State *L, int list, lua_Integer i)
{
    int exact;
    lua_rawgeti(L, list, i);
    lua_Integer v = lua_tointegerx(L, -1, &exact);
    if (!exact)
        luaL_error(L, "span.peak: entry %I of the loads is no integer", (LUAI_UACINT)i);
    lua_pop(L, 1);
    return v;
}

int lib_span_peak(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer a = luaL_checkinteger(L, 2), b = luaL_checkinteger(L, 3);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1) / 3;
    luaL_argcheck(L, lua_rawlen(L, 1) % 3 == 0, 1, "three integers for each load");
    vm_charge(L, 16 * n);
    struct load *loads = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof(*loads), 0);
    for (lua_Integer i = 0; i < n; i++)
        loads[i] = (struct load){listed_integer(L, 1, 3 * i + 1),
                                 listed_integer(L, 1, 3 * i + 2),
                                 listed_integer(L, 1, 3 * i + 3)};
    lua_pushinteger(L, loads_peak(loads, (size_t)n, a, b));
    return 1;
}

/* The class; its methods are rows of the API and come into __index by themselves. */
int lib_span_share(lua_State *L, const struct api_grant *g)
{
    static const luaL_Reg meta[] = {{"__len", l_len}, {"__gc", l_gc}, {NULL, NULL}};
    (void)g;
    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, meta, 0);
    lua_newtable(L);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    return 0;
}
