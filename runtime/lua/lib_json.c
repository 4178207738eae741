#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "lua/api.h"
#include "lua/lib.h"
#include "lua/vm.h"

/* JSON from bytes straight into Lua tables, and what scripts see of it. The other way
 * is lib_json_encode.c.
 *
 * A raised error (budget, memory) jumps past these functions. Whatever they hold is
 * therefore on the Lua stack or in the state's `scratch`, which lives as long as the
 * state. Nothing between taking and using it runs Lua code. */

enum {
    CHUNK = 48, /* values gathered before their table is made */
    SCRATCH_KEEP = 64 << 10,
    BYTES_PER_CHARGE = 4
};

static const char mark_key = 'a', scratch_key = 's';

struct scratch {
    struct buf out, strings, why;
};

/* --- the state's own --- */

static int l_scratch_gc(lua_State *L)
{
    struct scratch *s = lua_touserdata(L, 1);
    buf_end(&s->out);
    buf_end(&s->strings);
    buf_end(&s->why);
    return 0;
}

static struct scratch *new_scratch(lua_State *L)
{
    struct scratch *s = lua_newuserdatauv(L, sizeof(*s), 0);
    memset(s, 0, sizeof(*s));
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_scratch_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &scratch_key);
    return s;
}

static void empty(struct buf *b)
{
    if (b->cap > SCRATCH_KEEP)
        buf_end(b);
    buf_clear(b);
}

static struct scratch *get_scratch(lua_State *L)
{
    struct scratch *s;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &scratch_key);
    s = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (!s)
        s = new_scratch(L);
    empty(&s->out);
    empty(&s->strings);
    empty(&s->why);
    return s;
}

static void push_mark(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &mark_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "kordless.array");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &mark_key);
}

void json_mark(lua_State *L)
{
    push_mark(L);
    lua_setmetatable(L, -2);
}

bool json_is_marked(lua_State *L, int idx)
{
    if (!lua_getmetatable(L, idx))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mark_key);
    bool is = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is;
}

/* --- decoding --- */

/* The members of a table wait on the Lua stack until the table ends or CHUNK of them
 * are there; so most tables are made in the right size at once. */
struct decoder {
    lua_State *L;
    struct json_reader r;
};

static int decode_value(struct decoder *d, const struct json_event *ev);

/* The values above `base` become the next of the list at `base`, which is made first if
 * it is the first chunk. */
static void store_list(lua_State *L, int base, lua_Integer *stored)
{
    int n = lua_gettop(L) - base + (*stored == 0);
    if (*stored == 0) {
        lua_createtable(L, n, 0);
        lua_insert(L, base);
    }
    for (int i = n; i > 0; i--)
        lua_rawseti(L, base, *stored + i);
    *stored += n;
}

static int decode_list(struct decoder *d)
{
    lua_State *L = d->L;
    struct json_event ev;
    lua_Integer stored = 0;
    int base = lua_gettop(L) + 1, n = 0, err;
    luaL_checkstack(L, CHUNK + 8, NULL);
    while (!(err = json_next(&d->r, &ev)) && ev.kind != JSON_ARRAY_END) {
        err = decode_value(d, &ev);
        if (err)
            return err;
        if (++n == CHUNK) {
            store_list(L, base, &stored);
            n = 0;
        }
    }
    if (!err && (n || stored == 0))
        store_list(L, base, &stored);
    if (!err)
        json_mark(L);
    return err;
}

/* The same for pairs. In order, so that of equal names the last stays. */
static void store_members(lua_State *L, int base, bool *made)
{
    int from = base + *made, n = (lua_gettop(L) - from + 1) / 2;
    if (!*made) {
        lua_createtable(L, 0, n);
        lua_insert(L, base);
        *made = true;
        from++;
    }
    for (int i = 0; i < n; i++) {
        lua_pushvalue(L, from + 2 * i);
        lua_pushvalue(L, from + 2 * i + 1);
        lua_rawset(L, base);
    }
    lua_settop(L, base);
}

static int decode_object(struct decoder *d)
{
    lua_State *L = d->L;
    struct json_event ev;
    bool made = false;
    int base = lua_gettop(L) + 1, n = 0, err;
    luaL_checkstack(L, 2 * CHUNK + 8, NULL);
    while (!(err = json_next(&d->r, &ev)) && ev.kind == JSON_NAME) {
        lua_pushlstring(L, ev.text.p, ev.text.n);
        err = json_next(&d->r, &ev);
        err = err ? err : decode_value(d, &ev);
        if (err)
            return err;
        if (++n == CHUNK) {
            store_members(L, base, &made);
            n = 0;
        }
    }
    if (!err)
        store_members(L, base, &made);
    return err;
}

static int decode_value(struct decoder *d, const struct json_event *ev)
{
    lua_State *L = d->L;
    switch (ev->kind) {
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, ev->kind == JSON_TRUE);
        return 0;
    case JSON_INT:
        lua_pushinteger(L, ev->integer);
        return 0;
    case JSON_REAL:
        lua_pushnumber(L, ev->real);
        return 0;
    case JSON_STRING:
        lua_pushlstring(L, ev->text.p, ev->text.n);
        return 0;
    case JSON_OBJECT:
        return decode_object(d);
    case JSON_ARRAY:
        return decode_list(d);
    default:
        return ERR_INVALID; /* the reader gives no other kind where a value stands */
    }
}

static int decode_whole(struct decoder *d)
{
    struct json_event ev;
    int err = json_next(&d->r, &ev);
    err = err ? err : decode_value(d, &ev);
    return err ? err : json_next(&d->r, &ev); /* what follows must be the end */
}

int json_decode(lua_State *L, struct str text, struct buf *why)
{
    struct decoder d = {.L = L};
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    vm_charge(L, (int64_t)(text.n / BYTES_PER_CHARGE));
    json_reader_init(&d.r, text, &get_scratch(L)->strings);
    int err = decode_whole(&d);
    if (err) {
        lua_settop(L, top);
        buf_fmt(why, "This is not valid JSON, at byte %zu: %s.", d.r.at + 1,
                d.r.why ? d.r.why : "no value stands here");
    }
    return err ? ERR_INVALID : 0;
}

/* --- for scripts --- */

int lib_json_encode(lua_State *L)
{
    struct scratch *s = get_scratch(L);
    luaL_checkany(L, 1);
    if (json_encode(L, 1, &s->out, &s->why)) {
        lua_pushlstring(L, s->why.p, s->why.n);
        return luaL_error(L, "json.encode: %s", lua_tostring(L, -1));
    }
    lua_pushlstring(L, s->out.p, s->out.n);
    return 1;
}

int lib_json_decode(lua_State *L)
{
    struct str text;
    struct buf *why = &get_scratch(L)->why;
    text.p = luaL_checklstring(L, 1, &text.n);
    if (json_decode(L, text, why) == 0)
        return 1;
    lua_pushnil(L);
    lua_pushlstring(L, why->p, why->n);
    return 2;
}

int lib_json_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!json_is_marked(L, 1) && lua_getmetatable(L, 1))
        return luaL_error(L, "json.array: this table has a metatable");
    lua_settop(L, 1);
    json_mark(L);
    return 1;
}

int lib_json_is_array(lua_State *L)
{
    luaL_checkany(L, 1);
    bool is = lua_istable(L, 1) && json_is_marked(L, 1);
    if (!is && lua_istable(L, 1)) {
        lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
        vm_charge(L, n);
        is = n > 0 && json_only_positions(L, 1, n);
    }
    lua_pushboolean(L, is);
    return 1;
}

int lib_json_null(lua_State *L, const struct api_grant *g)
{
    (void)g;
    lua_pushlightuserdata(L, NULL);
    return 1;
}
