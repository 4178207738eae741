#include "lua/data.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lua/lazy.h"
#include "lua/lib.h"
#include "lua/place.h"
#include "lua/sandbox.h"
#include "lua/slots.h"
#include "lua/vm.h"

/* One byte says what follows; numbers stand as they lie in memory, for packed data
 * never leaves the process.
 *
 *     n t f z          nil, true, false, json.null
 *     i d              integer, float: 8 bytes
 *     s                4 bytes of length, the bytes
 *     L                a column of slots: 4 bytes of length, and one of
 *     I                  a list of integers: 4 bytes of count, 8 each
 *     N                  one of few strings: a list of them (a T), 4 bytes of count, 4
 * each T A              a table, or one with the array mark: two counts of 4 bytes,
 * then the values of 1, 2, 3 …, then pairs of key and value */

enum { COUNTS = 8, BYTES_PER_CHARGE = 8 };

struct packer {
    lua_State *L;
    struct buf *out, *why;
    size_t end; /* the output may not grow past it */
};

static int complain(struct packer *p, const struct place *at, const char *what)
{
    place_put(p->L, at, p->why);
    buf_fmt(p->why, " %s", what);
    return ERR_INVALID;
}

static int no_data(struct packer *p, const struct place *at, int idx)
{
    place_put(p->L, at, p->why);
    buf_fmt(p->why, " is a %s", luaL_typename(p->L, idx));
    return ERR_INVALID;
}

/* Where the next `n` bytes go; NULL when they are too many. */
static char *room(struct packer *p, size_t n)
{
    if (p->end - p->out->n < n) {
        buf_fmt(p->why, "%sit holds too much", p->why->n ? ": " : "");
        return NULL;
    }
    char *to = buf_reserve(p->out, n);
    p->out->n += n;
    return to;
}

static int put(struct packer *p, char tag, const void *bytes, size_t n)
{
    char *to = room(p, n + 1);
    if (!to)
        return ERR_TOO_LARGE;
    to[0] = tag;
    if (n)
        memcpy(to + 1, bytes, n);
    return 0;
}

static int put_number(struct packer *p, int idx)
{
    if (lua_isinteger(p->L, idx)) {
        lua_Integer v = lua_tointeger(p->L, idx);
        return put(p, 'i', &v, sizeof(v));
    }
    lua_Number v = lua_tonumber(p->L, idx);
    return put(p, 'd', &v, sizeof(v));
}

static int put_string(struct packer *p, int idx)
{
    size_t n;
    const char *s = lua_tolstring(p->L, idx, &n);
    uint32_t n32 = (uint32_t)n;
    char *to = n < UINT32_MAX ? room(p, 1 + sizeof(n32) + n) : NULL;
    if (!to)
        return ERR_TOO_LARGE;
    to[0] = 's';
    memcpy(to + 1, &n32, sizeof(n32));
    memcpy(to + 1 + sizeof(n32), s, n);
    return 0;
}

static int put_table(struct packer *p, const struct place *at, int idx, int depth);

static int put_integers(struct packer *p, const struct column *c)
{
    uint32_t n = (uint32_t)c->of->n;
    char *to = room(p, 1 + sizeof(n) + n * sizeof(int64_t));
    int64_t value = 0;
    if (!to)
        return ERR_TOO_LARGE;
    *to++ = 'I';
    memcpy(to, &n, sizeof(n));
    to += sizeof(n);
    for (uint32_t i = 0; i < n; i++, to += sizeof(value)) {
        if (i == 0 || c->of->at[i].start != c->of->at[i - 1].start)
            value = column_value(c, i);
        memcpy(to, &value, sizeof(value));
    }
    return 0;
}

/* Positions in the list of names; what has none there comes out as nil. */
static int put_names(struct packer *p, const struct place *at, int idx,
                     const struct column *c, int depth)
{
    uint32_t n = (uint32_t)c->of->n;
    int err = put(p, 'N', NULL, 0);
    lua_getiuservalue(p->L, idx, 2);
    err = err ? err : put_table(p, at, lua_gettop(p->L), depth);
    lua_pop(p->L, 1);
    char *to = err ? NULL : room(p, sizeof(n) + n * sizeof(int32_t));
    if (!to)
        return err ? err : ERR_TOO_LARGE;
    memcpy(to, &n, sizeof(n));
    to += sizeof(n);
    for (uint32_t i = 0; i < n; i++, to += sizeof(int32_t))
        memcpy(to, &c->of->at[i].who, sizeof(int32_t));
    return 0;
}

static int put_column(struct packer *p, const struct place *at, int idx, int depth)
{
    const struct column *c = column_of(p->L, idx);
    uint32_t n = 0;
    if (!c)
        return no_data(p, at, idx);
    int err = put(p, 'L', &n, sizeof(n));
    size_t from = p->out->n;
    if (!err)
        err = c->kind == COLUMN_NAMES ? put_names(p, at, idx, c, depth)
                                      : put_integers(p, c);
    n = (uint32_t)(p->out->n - from);
    if (!err)
        memcpy(p->out->p + from - sizeof(n), &n, sizeof(n));
    return err;
}

static int put_value(struct packer *p, const struct place *at, int idx, int depth)
{
    switch (lua_type(p->L, idx)) {
    case LUA_TNIL:
        return put(p, 'n', NULL, 0);
    case LUA_TBOOLEAN:
        return put(p, lua_toboolean(p->L, idx) ? 't' : 'f', NULL, 0);
    case LUA_TNUMBER:
        return put_number(p, idx);
    case LUA_TSTRING:
        return put_string(p, idx);
    case LUA_TTABLE:
        return put_table(p, at, idx, depth);
    case LUA_TUSERDATA:
        return put_column(p, at, idx, depth);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(p->L, idx))
            return put(p, 'z', NULL, 0);
    }
    return no_data(p, at, idx);
}

/* Key and value are on top. Values of 1, 2, 3 … stand alone as long as the walk meets
 * them first and in order, which it does in a list. */
static int put_member(struct packer *p, const struct place *up, uint32_t counts[2],
                      int depth)
{
    int key = lua_gettop(p->L) - 1;
    struct place at = {up, key, 0};
    if (sandbox_hidden(p->L, key))
        return 0;
    bool next = lua_isinteger(p->L, key) && counts[1] == 0 &&
                lua_tointeger(p->L, key) == (lua_Integer)counts[0] + 1;
    if (!next && lua_istable(p->L, key))
        return complain(p, &at, "has a table for a key");
    counts[next ? 0 : 1]++;
    int err = next ? 0 : put_value(p, &at, key, depth);
    return err ? err : put_value(p, &at, key + 1, depth);
}

static int put_members(struct packer *p, const struct place *at, int idx, int depth)
{
    uint32_t counts[2] = {0, 0};
    size_t counts_at = p->out->n - COUNTS;
    int err = 0;
    lua_pushnil(p->L);
    while (!err && lua_next(p->L, idx)) {
        err = put_member(p, at, counts, depth);
        lua_pop(p->L, 1);
    }
    memcpy(p->out->p + counts_at, counts, COUNTS);
    return err;
}

static int put_table(struct packer *p, const struct place *at, int idx, int depth)
{
    static const char zero[COUNTS];
    bool marked = json_is_marked(p->L, idx);
    if (!marked && lua_getmetatable(p->L, idx)) {
        lua_pop(p->L, 1);
        return complain(p, at, "has a metatable");
    }
    if (depth == DATA_DEPTH || !lua_checkstack(p->L, 8))
        return complain(p, at, "is nested too deep");
    int err = put(p, marked ? 'A' : 'T', zero, COUNTS);
    return err ? err : put_members(p, at, idx, depth + 1);
}

int data_pack(lua_State *L, int idx, size_t max, struct buf *out, struct buf *why)
{
    struct packer p = {L, out, why, out->n + max};
    struct place root = {NULL, 0, 0};
    int top = lua_gettop(L);
    size_t from = out->n;
    if (!lua_checkstack(L, 8))
        return complain(&p, &root, "is nested too deep");
    int err = put_value(&p, &root, lua_absindex(L, idx), 0);
    lua_settop(L, top);
    vm_charge(L, (int64_t)((out->n - from) / BYTES_PER_CHARGE));
    return err;
}

/* --- back again --- */

struct unpacker {
    lua_State *L;
    const char *p, *end;
};

static bool get(struct unpacker *u, void *to, size_t n)
{
    if ((size_t)(u->end - u->p) < n)
        return false;
    memcpy(to, u->p, n);
    u->p += n;
    return true;
}

static int push_string(struct unpacker *u)
{
    uint32_t n;
    if (!get(u, &n, sizeof(n)) || (size_t)(u->end - u->p) < n)
        return ERR_CORRUPT;
    lua_pushlstring(u->L, u->p, n);
    u->p += n;
    return 0;
}

static int push_integer(struct unpacker *u)
{
    lua_Integer v;
    if (!get(u, &v, sizeof(v)))
        return ERR_CORRUPT;
    lua_pushinteger(u->L, v);
    return 0;
}

static int push_number(struct unpacker *u)
{
    lua_Number v;
    if (!get(u, &v, sizeof(v)))
        return ERR_CORRUPT;
    lua_pushnumber(u->L, v);
    return 0;
}

static int push_value(struct unpacker *u, int depth);

/* A column stays packed until somebody looks at it. The key is on top. */
static int set_column(struct unpacker *u)
{
    uint32_t n;
    u->p++;
    if (!get(u, &n, sizeof(n)) || (size_t)(u->end - u->p) < n)
        return ERR_CORRUPT;
    lazy_set(u->L, (struct str){u->p, n});
    u->p += n;
    return 0;
}

static int set_pair(struct unpacker *u, int depth)
{
    int err = push_value(u, depth);
    if (!err &&
        (lua_isnil(u->L, -1) || (lua_type(u->L, -1) == LUA_TNUMBER &&
                                 lua_tonumber(u->L, -1) != lua_tonumber(u->L, -1))))
        return ERR_CORRUPT; /* nil and NaN are no keys */
    if (!err && u->p < u->end && *u->p == 'L')
        return set_column(u);
    err = err ? err : push_value(u, depth);
    if (!err)
        lua_rawset(u->L, -3);
    return err;
}

static int push_table(struct unpacker *u, bool marked, int depth)
{
    uint32_t counts[2];
    size_t left = (size_t)(u->end - u->p);
    int err = 0;
    if (depth == DATA_DEPTH || !get(u, counts, sizeof(counts)) || counts[0] > left ||
        counts[1] > left / 2)
        return ERR_CORRUPT;
    luaL_checkstack(u->L, 4, NULL);
    lua_createtable(u->L, (int)counts[0], (int)counts[1]);
    for (uint32_t i = 1; i <= counts[0] && !err; i++) {
        err = push_value(u, depth + 1);
        if (!err)
            lua_rawseti(u->L, -2, i);
    }
    for (uint32_t i = 0; i < counts[1] && !err; i++)
        err = set_pair(u, depth + 1);
    if (!err && marked)
        json_mark(u->L);
    return err;
}

/* One that is no member of a table. */
static int push_column(struct unpacker *u, int depth)
{
    uint32_t n;
    return get(u, &n, sizeof(n)) ? push_value(u, depth) : ERR_CORRUPT;
}

/* How many follow, of `size` bytes each; false: not that many do. */
static bool get_count(struct unpacker *u, size_t size, uint32_t *n)
{
    return get(u, n, sizeof(*n)) && *n <= (size_t)(u->end - u->p) / size;
}

static int push_integers(struct unpacker *u)
{
    uint32_t n;
    int64_t value;
    if (!get_count(u, sizeof(value), &n))
        return ERR_CORRUPT;
    luaL_checkstack(u->L, 4, NULL);
    lua_createtable(u->L, (int)n, 0);
    for (uint32_t i = 1; i <= n && get(u, &value, sizeof(value)); i++) {
        lua_pushinteger(u->L, value);
        lua_rawseti(u->L, -2, i);
    }
    return 0;
}

static int push_names(struct unpacker *u, int depth)
{
    uint32_t n;
    int32_t at;
    int err = push_value(u, depth);
    if (err || !lua_istable(u->L, -1) || !get_count(u, sizeof(at), &n))
        return err ? err : ERR_CORRUPT;
    luaL_checkstack(u->L, 4, NULL);
    lua_createtable(u->L, (int)n, 0);
    for (uint32_t i = 1; i <= n && get(u, &at, sizeof(at)); i++) {
        lua_rawgeti(u->L, -2, at);
        lua_rawseti(u->L, -2, i);
    }
    lua_remove(u->L, -2);
    return 0;
}

static int push_value(struct unpacker *u, int depth)
{
    char tag;
    if (!get(u, &tag, 1))
        return ERR_CORRUPT;
    switch (tag) {
    case 'n':
        lua_pushnil(u->L);
        return 0;
    case 't':
    case 'f':
        lua_pushboolean(u->L, tag == 't');
        return 0;
    case 'z':
        lua_pushlightuserdata(u->L, NULL);
        return 0;
    case 'i':
        return push_integer(u);
    case 'd':
        return push_number(u);
    case 's':
        return push_string(u);
    case 'L':
        return push_column(u, depth);
    case 'I':
        return push_integers(u);
    case 'N':
        return push_names(u, depth);
    case 'T':
    case 'A':
        return push_table(u, tag == 'A', depth);
    }
    return ERR_CORRUPT;
}

int data_unpack(lua_State *L, struct str packed)
{
    struct unpacker u = {L, packed.p, packed.p + packed.n};
    int top = lua_gettop(L);
    vm_charge(L, (int64_t)(packed.n / BYTES_PER_CHARGE));
    luaL_checkstack(L, 4, NULL);
    int err = push_value(&u, 0);
    if (!err && u.p != u.end)
        err = ERR_CORRUPT;
    if (err)
        lua_settop(L, top);
    return err;
}
