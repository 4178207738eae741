/* kordless.slots: which starts are free, found, sorted and thinned out in C. Scripts
 * say what a slot is and who may give it; a list is one object to them, however long.
 */

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/api.h"
#include "lua/lib.h"
#include "lua/slots.h"
#include "lua/vm.h"

const char slots_type[] = "kordless.slots";
static const char taken_type[] = "kordless.taken";

enum {
    SLOTS_MAX = 1 << 20,
    LOOK_MAX = 1 << 24,
    PLACES_MAX = 1000000000,
    SECONDS_MAX = 400 * 86400, /* of a step, a length, a buffer */
    DAYS_FAR = 4000000,
    SUBJECTS_MAX = 1000,
    LOOKED_PER_CHARGE = 4
};

/* --- lists --- */

struct held {
    struct slots set;
    size_t counted; /* bytes the state knows of */
};

static struct held *check(lua_State *L, int idx)
{
    return luaL_checkudata(L, idx, slots_type);
}

static void settle(lua_State *L, struct held *h)
{
    vm_recount(L, &h->counted,
               h->set.cap * sizeof(struct slot) + h->set.cap_runs * sizeof(size_t));
}

struct slots *slots_check(lua_State *L, int idx)
{
    struct held *h = check(L, idx);
    if (!slots_sorted(&h->set))
        vm_charge(L, (int64_t)(h->set.n / 2));
    slots_sort(&h->set);
    return &h->set;
}

/* A member of the grid's table. */
static lua_Integer number(lua_State *L, const char *name, lua_Integer least,
                          lua_Integer most)
{
    int exact;
    lua_pushstring(L, name);
    lua_rawget(L, 1);
    lua_Integer v = lua_tointegerx(L, -1, &exact);
    lua_pop(L, 1);
    if (!exact || v < least || v > most)
        luaL_error(L, "slots.new: %s is a whole number from %I to %I", name,
                   (LUAI_UACINT)least, (LUAI_UACINT)most);
    return v;
}

int lib_slots_new(lua_State *L)
{
    const lua_Integer far = (lua_Integer)DAYS_FAR * 86400;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushliteral(L, "zone");
    lua_rawget(L, 1);
    struct grid g = {.zone = zone_check(L, 2),
                     .step = number(L, "step", 1, SECONDS_MAX),
                     .length = number(L, "length", 1, SECONDS_MAX),
                     .before = number(L, "before", 0, SECONDS_MAX),
                     .after = number(L, "after", 0, SECONDS_MAX),
                     .lo = number(L, "lo", -far, far),
                     .hi = number(L, "hi", -far, far),
                     .capacity = (int32_t)number(L, "capacity", 1, PLACES_MAX),
                     .units = (int32_t)number(L, "units", 0, PLACES_MAX)};
    size_t most = (size_t)number(L, "most", 0, SLOTS_MAX);
    size_t look = (size_t)number(L, "look", 0, LOOK_MAX);
    struct held *h = lua_newuserdatauv(L, sizeof(*h), 0);
    slots_init(&h->set, &g, most, look);
    h->counted = 0;
    luaL_setmetatable(L, slots_type);
    return 1;
}

/* What is taken of each of the subjects named at `idx`, in memory of Lua's on top. */
static const struct taken_of **push_subjects(lua_State *L, const struct taken *t,
                                             int idx, size_t *n)
{
    *n = t && lua_istable(L, idx) ? lua_rawlen(L, idx) : 0;
    luaL_argcheck(L, *n <= SUBJECTS_MAX, idx, "at most 1,000 subjects");
    const struct taken_of **of = lua_newuserdatauv(L, (*n + 1) * sizeof(*of), 0);
    for (size_t i = 0; i < *n; i++) {
        struct str name;
        if (lua_rawgeti(L, idx, (lua_Integer)i + 1) != LUA_TSTRING)
            luaL_error(L, "slots:add: subjects are a list of names");
        name.p = lua_tolstring(L, -1, &name.n);
        of[i] = taken_find(t, name);
        lua_pop(L, 1);
    }
    return of;
}

/* self, who, open, taken?, subjects? */
int lib_slots_add(lua_State *L)
{
    struct held *h = check(L, 1);
    lua_Integer who = luaL_checkinteger(L, 2);
    const struct spans *open = span_check(L, 3);
    size_t n, unseen = h->set.unseen;
    luaL_argcheck(L, who >= 1 && who <= INT32_MAX, 2, "a number from 1 on");
    lua_settop(L, 5);
    struct taken **t = lua_isnil(L, 4) ? NULL : luaL_checkudata(L, 4, taken_type);
    const struct taken_of **of = push_subjects(L, t ? *t : NULL, 5, &n);
    vm_charge(L, (int64_t)(20 + 4 * n + open->n / 4) +
                     (h->set.grid.hi - h->set.grid.lo) / 86400);
    int err = slots_add(&h->set, (int32_t)who, open, of, n);
    settle(L, h);
    vm_charge(L, (int64_t)((unseen - h->set.unseen) / LOOKED_PER_CHARGE));
    lua_pushboolean(L, err == 0);
    return 1;
}

int lib_slots_get(lua_State *L)
{
    const struct slots *s = slots_check(L, 1);
    lua_Integer i = luaL_checkinteger(L, 2);
    if (i < 1 || (lua_Unsigned)i > s->n) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, s->at[i - 1].start);
    lua_pushinteger(L, s->at[i - 1].free);
    lua_pushinteger(L, s->at[i - 1].who);
    return 3;
}

/* self, refused: all i for which refused[i] is nil or false stay. */
int lib_slots_drop(lua_State *L)
{
    struct slots *s = slots_check(L, 1);
    size_t kept = 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    vm_charge(L, (int64_t)(s->n / 2));
    for (size_t i = 0; i < s->n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        if (!lua_toboolean(L, -1))
            s->at[kept++] = s->at[i];
        lua_pop(L, 1);
    }
    slots_cut(s, kept);
    lua_settop(L, 1);
    return 1;
}

/* self, ranks: what is no number, nor the text of one, counts as 0. */
int lib_slots_rank(lua_State *L)
{
    struct slots *s = slots_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    vm_charge(L, (int64_t)s->n);
    double *ranks = lua_newuserdatauv(L, (s->n + 1) * sizeof(*ranks), 0);
    for (size_t i = 0; i < s->n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        ranks[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    slots_rank(s, ranks);
    lua_settop(L, 1);
    return 1;
}

static int l_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check(L, 1)->set.n);
    return 1;
}

static int l_gc(lua_State *L)
{
    struct held *h = check(L, 1);
    slots_end(&h->set);
    vm_recount(L, &h->counted, 0);
    return 0;
}

/* --- what is taken --- */

struct holding {
    struct taken *taken; /* first: slots:add looks no further */
    size_t counted;
};

struct taken *taken_push(lua_State *L)
{
    struct holding *h = lua_newuserdatauv(L, sizeof(*h), 0);
    *h = (struct holding){NULL, 0};
    if (luaL_getmetatable(L, taken_type) != LUA_TTABLE)
        luaL_error(L, "kordless.db.taken needs needs = {\"slots\"} in plugin.lua");
    lua_setmetatable(L, -2);
    h->taken = taken_new();
    return h->taken;
}

void taken_settle(lua_State *L, int idx)
{
    struct holding *h = luaL_checkudata(L, idx, taken_type);
    vm_recount(L, &h->counted, taken_bytes(h->taken));
}

static int l_taken_gc(lua_State *L)
{
    struct holding *h = luaL_checkudata(L, 1, taken_type);
    taken_free(h->taken);
    h->taken = NULL;
    vm_recount(L, &h->counted, 0);
    return 0;
}

/* --- the classes --- */

static void share_class(lua_State *L, const char *type, const luaL_Reg *meta)
{
    luaL_newmetatable(L, type);
    luaL_setfuncs(L, meta, 0);
    lua_newtable(L);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

/* Its functions look zones up as those of kordless.zone do. */
int lib_slots_share(lua_State *L, const struct api_grant *g)
{
    static const luaL_Reg list[] = {{"__len", l_len}, {"__gc", l_gc}, {NULL, NULL}};
    static const luaL_Reg taken[] = {{"__gc", l_taken_gc}, {NULL, NULL}};
    share_class(L, slots_type, list);
    share_class(L, taken_type, taken);
    slots_column_share(L);
    slots_show_share(L);
    return lib_zone_share(L, g);
}
