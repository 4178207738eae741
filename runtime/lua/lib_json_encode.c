#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "lua/lib.h"
#include "lua/place.h"
#include "lua/sandbox.h"
#include "lua/slots.h"
#include "lua/vm.h"

/* Lua values straight to JSON bytes. Nothing here runs Lua code: metatables are not
 * asked, so what is on the stack stays put and a table cannot change while it is
 * walked. Raised errors jump past these functions, so they own nothing but what is on a
 * stack. */

enum {
    SORTED = 64, /* members sorted on the stacks; more take a detour */
    OUTPUT_MAX = 16 << 20,
    CHARGE_AT = 1000,
    BYTES_PER_CHARGE = 8
};

struct encoder {
    lua_State *L;
    struct buf *out, *why;
    size_t start, charged; /* of the output */
    int64_t values;        /* not charged yet */
    int depth;
};

static int encode_value(struct encoder *e, const struct place *at, int idx);

static int complain(struct encoder *e, const struct place *at, const char *what)
{
    place_put(e->L, at, e->why);
    buf_fmt(e->why, ": %s", what);
    return ERR_INVALID;
}

static int no_json(struct encoder *e, const struct place *at, int idx, const char *what)
{
    place_put(e->L, at, e->why);
    buf_fmt(e->why, ": a %s is no JSON %s", luaL_typename(e->L, idx), what);
    return ERR_INVALID;
}

static int tick(struct encoder *e, const struct place *at)
{
    if (++e->values < CHARGE_AT && e->out->n - e->charged < (size_t)CHARGE_AT * 8)
        return 0;
    int64_t owed = e->values + (int64_t)((e->out->n - e->charged) / BYTES_PER_CHARGE);
    e->values = 0;
    e->charged = e->out->n;
    vm_charge(e->L, owed);
    return e->out->n - e->start < OUTPUT_MAX ? 0
                                             : complain(e, at, "over 16 MiB of JSON");
}

static int encode_string(struct encoder *e, const struct place *at, int idx)
{
    struct str s;
    s.p = lua_tolstring(e->L, idx, &s.n);
    if (s.n > OUTPUT_MAX || e->out->n - e->start > OUTPUT_MAX - s.n)
        return complain(e, at, "over 16 MiB of JSON");
    return json_put_string(e->out, s) ? complain(e, at, "a string is not valid UTF-8")
                                      : 0;
}

static int encode_number(struct encoder *e, const struct place *at, int idx)
{
    if (lua_isinteger(e->L, idx)) {
        buf_i64(e->out, lua_tointeger(e->L, idx));
        return 0;
    }
    return json_put_real(e->out, lua_tonumber(e->L, idx))
               ? complain(e, at, "NaN and infinity are no JSON numbers")
               : 0;
}

/* A list as the walk meets it. `*in_order` is false, and what was written is for
 * nothing, when the next key is another than the next position. A key and its value are
 * on top. */
static int encode_list(struct encoder *e, const struct place *up, int idx,
                       bool *in_order)
{
    lua_State *L = e->L;
    struct place at = {up, 0, 0};
    int value = lua_gettop(L), err = 0;
    *in_order = true;
    buf_char(e->out, '[');
    do {
        if (!lua_isinteger(L, value - 1) ||
            lua_tointeger(L, value - 1) != ++at.position) {
            *in_order = false;
            lua_pop(L, 2);
            return 0;
        }
        if (at.position > 1)
            buf_char(e->out, ',');
        err = encode_value(e, &at, value);
        lua_pop(L, 1);
    } while (!err && lua_next(L, idx));
    buf_char(e->out, ']');
    return err;
}

/* Is every member of the table one of the positions 1 … n? */
bool json_only_positions(lua_State *L, int idx, lua_Integer n)
{
    lua_Integer seen = 0;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        lua_Integer i = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        bool hidden = sandbox_hidden(L, -2);
        if (!hidden && (i < 1 || i > n)) {
            lua_pop(L, 2);
            return false;
        }
        seen += !hidden;
        lua_pop(L, 1);
    }
    return seen == n;
}

/* A list that lies in the table out of order: built from its end, say. */
static int encode_scattered(struct encoder *e, const struct place *up, int idx)
{
    lua_Integer n = (lua_Integer)lua_rawlen(e->L, idx);
    struct place at = {up, 0, 0};
    int err = 0;
    if (!json_only_positions(e->L, idx, n))
        return complain(e, up,
                        "a table is either a list without holes or has names only");
    vm_charge(e->L, 2 * n);
    buf_char(e->out, '[');
    while (!err && at.position < n) {
        if (at.position++)
            buf_char(e->out, ',');
        lua_rawgeti(e->L, idx, at.position);
        err = encode_value(e, &at, lua_gettop(e->L));
        lua_pop(e->L, 1);
    }
    buf_char(e->out, ']');
    return err;
}

static int encode_member(struct encoder *e, const struct place *up, int key, bool first)
{
    struct place at = {up, key, 0};
    if (!first)
        buf_char(e->out, ',');
    int err = encode_string(e, &at, key);
    buf_char(e->out, ':');
    return err ? err : encode_value(e, &at, key + 1);
}

/* Few members, which is nearly always: all keys and values are on the Lua stack from
 * `base` on, and their order is found by insertion. */
static int encode_few(struct encoder *e, const struct place *up, int base, int n)
{
    struct str names[SORTED];
    unsigned char order[SORTED];
    int err = 0;
    for (int i = 0; i < n; i++) {
        struct str s;
        int at = i;
        s.p = lua_tolstring(e->L, base + 2 * i, &s.n);
        for (; at > 0 && str_cmp(s, names[at - 1]) < 0; at--) {
            names[at] = names[at - 1];
            order[at] = order[at - 1];
        }
        names[at] = s;
        order[at] = (unsigned char)i;
    }
    buf_char(e->out, '{');
    for (int i = 0; i < n && !err; i++)
        err = encode_member(e, up, base + 2 * order[i], i == 0);
    buf_char(e->out, '}');
    return err;
}

static int by_name(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    return str_cmp(*x, *y);
}

static size_t count_members(lua_State *L, int idx)
{
    size_t n = 0;
    lua_pushnil(L);
    for (; lua_next(L, idx); lua_pop(L, 1))
        n++;
    return n;
}

/* The names of all members, sorted, in memory of Lua's that stays on the stack. NULL:
 * one is no string; it is on top. */
static struct str *push_names(lua_State *L, int idx, size_t *n)
{
    size_t count = count_members(L, idx), i = 0;
    struct str *names = lua_newuserdatauv(L, (count + 1) * sizeof(*names), 0);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        lua_pop(L, 1);
        if (sandbox_hidden(L, -1))
            continue;
        if (lua_type(L, -1) != LUA_TSTRING)
            return NULL;
        names[i].p = lua_tolstring(L, -1, &names[i].n);
        i++;
    }
    qsort(names, i, sizeof(*names), by_name);
    *n = i;
    return names;
}

static int encode_many(struct encoder *e, const struct place *up, int idx)
{
    lua_State *L = e->L;
    size_t n = 0;
    int err = 0;
    struct str *names = push_names(L, idx, &n);
    if (!names)
        return no_json(e, up, lua_gettop(L), "name");
    vm_charge(L, (int64_t)n * 4);
    buf_char(e->out, '{');
    for (size_t i = 0; i < n && !err; i++) {
        int key = lua_gettop(L) + 1;
        lua_pushlstring(L, names[i].p, names[i].n);
        lua_pushvalue(L, key);
        lua_rawget(L, idx);
        err = encode_member(e, up, key, i == 0);
        lua_settop(L, key - 1);
    }
    buf_char(e->out, '}');
    return err;
}

/* A key and its value are on top, the first of the table's. */
static int encode_object(struct encoder *e, const struct place *up, int idx)
{
    lua_State *L = e->L;
    int base = lua_gettop(L) - 1, n = 0;
    do {
        int key = base + 2 * n;
        if (sandbox_hidden(L, key)) {
            lua_pop(L, 1);
            continue;
        }
        if (lua_type(L, key) != LUA_TSTRING)
            return no_json(e, up, key, "name");
        if (++n > SORTED || !lua_checkstack(L, 6)) {
            lua_settop(L, base - 1);
            return encode_many(e, up, idx);
        }
        lua_pushvalue(L, key); /* for lua_next; this key and its value stay */
    } while (lua_next(L, idx));
    return encode_few(e, up, base, n);
}

static int encode_members(struct encoder *e, const struct place *at, int idx)
{
    lua_State *L = e->L;
    size_t rewind = e->out->n;
    bool in_order;
    lua_pushnil(L);
    if (!lua_next(L, idx)) {
        if (json_is_marked(L, idx))
            buf_lit(e->out, "[]");
        else
            buf_lit(e->out, "{}");
        return 0;
    }
    if (lua_type(L, -2) != LUA_TNUMBER && !json_is_marked(L, idx))
        return encode_object(e, at, idx);
    int err = encode_list(e, at, idx, &in_order);
    if (err || in_order)
        return err;
    e->out->n = rewind;
    e->charged = e->charged < rewind ? e->charged : rewind;
    return encode_scattered(e, at, idx);
}

static int encode_table(struct encoder *e, const struct place *at, int idx)
{
    int top = lua_gettop(e->L);
    if (e->depth == JSON_DEPTH)
        return complain(e, at, "nested too deep");
    luaL_checkstack(e->L, 12, NULL);
    e->depth++;
    int err = encode_members(e, at, idx);
    e->depth--;
    lua_settop(e->L, top);
    return err;
}

/* A list of slots writes itself; no other object does. */
static int encode_slots(struct encoder *e, const struct place *at, int idx)
{
    size_t used = e->out->n - e->start;
    int err = used < OUTPUT_MAX ? slots_put_json(e->L, idx, e->out, OUTPUT_MAX - used)
                                : ERR_TOO_LARGE;
    if (err == ERR_TOO_LARGE)
        return complain(e, at, "over 16 MiB of JSON");
    return err ? no_json(e, at, idx, "value") : 0;
}

static int encode_value(struct encoder *e, const struct place *at, int idx)
{
    int err = tick(e, at);
    if (err)
        return err;
    switch (lua_type(e->L, idx)) {
    case LUA_TSTRING:
        return encode_string(e, at, idx);
    case LUA_TNUMBER:
        return encode_number(e, at, idx);
    case LUA_TTABLE:
        return encode_table(e, at, idx);
    case LUA_TNIL:
        buf_lit(e->out, "null");
        return 0;
    case LUA_TBOOLEAN:
        buf_str(e->out, lua_toboolean(e->L, idx) ? STR("true") : STR("false"));
        return 0;
    case LUA_TUSERDATA:
        return encode_slots(e, at, idx);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(e->L, idx)) {
            buf_lit(e->out, "null");
            return 0;
        }
    }
    return no_json(e, at, idx, "value");
}

int json_encode(lua_State *L, int idx, struct buf *out, struct buf *why)
{
    struct encoder e = {
        .L = L, .out = out, .why = why, .start = out->n, .charged = out->n};
    struct place root = {NULL, 0, 0};
    luaL_checkstack(L, 8, NULL);
    int err = encode_value(&e, &root, lua_absindex(L, idx));
    vm_charge(L, e.values + (int64_t)((out->n - e.charged) / BYTES_PER_CHARGE));
    return err;
}
