/* A list of slots as clients see it: what slots of one candidate have in common is made
 * JSON once, with holes as wide as values are, and each slot is that text with its own
 * three values laid over the holes. */

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "lua/lib.h"
#include "lua/slots.h"
#include "lua/vm.h"

static const char shown_type[] = "kordless.shown";

enum { START, FINISH, FREE, HOLES };
enum { MEMBERS_MAX = 64, TIME_BYTES = 20, HOLE_BYTES = 26, FACES_BYTES = 4 << 20 };

/* Values as wide as nearly all are: a time in quotes, one digit. */
static const struct str blanks[HOLES] = {
    [START] = {"\"0000-00-00T00:00:00Z\"", TIME_BYTES + 2},
    [FINISH] = {"\"0000-00-00T00:00:00Z\"", TIME_BYTES + 2},
    [FREE] = {"0", 1}};

/* The text of one candidate's slots: `n` bytes of `text`, 0 while there is none. */
struct face {
    size_t at, n;
    size_t holes[HOLES]; /* from `at` on */
};

/* Its user value keeps the list. */
struct shown {
    const struct slots *of;
    int holes[HOLES]; /* which value stands in which hole: members are sorted by name */
    struct face *faces;
    size_t n; /* of faces, candidates 1 … n */
    struct buf text, why;
};

static int l_gc(lua_State *L)
{
    struct shown *s = luaL_checkudata(L, 1, shown_type);
    free(s->faces);
    buf_end(&s->text);
    buf_end(&s->why);
    s->faces = NULL;
    return 0;
}

/* --- the faces --- */

struct member {
    struct str name;
    int hole; /* or -1: a value of the face's */
};

static int by_name(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

static struct str text_at(lua_State *L, int idx)
{
    struct str s;
    s.p = lua_tolstring(L, idx, &s.n);
    return s;
}

/* Those of the face at `face` and the three that `names` (2) names, sorted. */
static size_t collect(lua_State *L, int face, struct member list[MEMBERS_MAX])
{
    static const char *const holes[HOLES] = {"start", "finish", "free"};
    size_t n = 0;
    for (int i = 0; i < HOLES; i++) {
        if (lua_getfield(L, 2, holes[i]) != LUA_TSTRING)
            luaL_error(L, "slots:show: names has no %s", holes[i]);
        list[n++] = (struct member){text_at(L, -1), i};
        lua_pop(L, 1); /* the table keeps it */
    }
    lua_pushnil(L);
    while (lua_next(L, face)) {
        if (lua_type(L, -2) != LUA_TSTRING || n == MEMBERS_MAX)
            luaL_error(L, "slots:show: a face has at most 60 members, with names");
        list[n++] = (struct member){text_at(L, -2), -1};
        lua_pop(L, 1);
    }
    qsort(list, n, sizeof(*list), by_name);
    return n;
}

static int put_value(lua_State *L, int face, struct str name, struct shown *s)
{
    lua_pushlstring(L, name.p, name.n);
    lua_rawget(L, face);
    int err = json_encode(L, -1, &s->text, &s->why);
    lua_pop(L, 1);
    return err;
}

static void put_face(lua_State *L, int face, struct shown *s, struct face *f)
{
    struct member list[MEMBERS_MAX];
    size_t n = collect(L, face, list);
    int cut = 0, err = 0;
    f->at = s->text.n;
    for (size_t i = 0; i < n && !err; i++) {
        buf_char(&s->text, i ? ',' : '{');
        err = json_put_string(&s->text, list[i].name);
        buf_char(&s->text, ':');
        if (list[i].hole >= 0) {
            f->holes[cut] = s->text.n - f->at;
            s->holes[cut++] = list[i].hole;
            buf_str(&s->text, blanks[list[i].hole]);
        } else if (!err) {
            err = put_value(L, face, list[i].name, s);
        }
    }
    buf_char(&s->text, '}');
    f->n = s->text.n - f->at;
    if (s->text.n > FACES_BYTES)
        luaL_error(L, "slots:show: faces of more than 4 MiB");
    if (err) {
        lua_pushlstring(L, s->why.p, s->why.n);
        luaL_error(L, "slots:show: a face is no JSON: %s", lua_tostring(L, -1));
    }
}

/* self, names, faces: a table for each candidate that the list has */
int lib_slots_show(lua_State *L)
{
    const struct slots *of = slots_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    struct shown *s = lua_newuserdatauv(L, sizeof(*s), 1);
    memset(s, 0, sizeof(*s));
    luaL_setmetatable(L, shown_type);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 4, 1);
    s->of = of;
    s->n = lua_rawlen(L, 3);
    if (!(s->faces = calloc(s->n + 1, sizeof(*s->faces))))
        abort();
    for (size_t i = 0; i < of->n; i++) {
        size_t who = (size_t)of->at[i].who;
        if (who <= s->n && s->faces[who].n)
            continue;
        if (who > s->n || lua_rawgeti(L, 3, (lua_Integer)who) != LUA_TTABLE)
            return luaL_error(L, "slots:show: candidate %d has no face", (int)who);
        put_face(L, lua_gettop(L), s, &s->faces[who]);
        lua_pop(L, 1);
    }
    return 1;
}

/* --- the list --- */

/* The text of an instant; neighbours are of one day, and often one instant. */
struct clock {
    int64_t at;
    char text[32];
    size_t n; /* TIME_BYTES in all years of four digits */
};

static void set_clock(struct clock *c, int64_t t)
{
    int64_t from_day = c->at - c->at % 86400;
    if (t == c->at)
        return;
    if (c->at < 0 || c->n != TIME_BYTES || t < from_day || t >= from_day + 86400) {
        time_format(t, c->text);
        c->n = strlen(c->text);
    } else {
        int in_day = (int)(t - from_day),
            part[3] = {in_day / 3600, in_day / 60 % 60, in_day % 60};
        for (int i = 0; i < 3; i++) {
            c->text[11 + 3 * i] = (char)('0' + part[i] / 10);
            c->text[12 + 3 * i] = (char)('0' + part[i] % 10);
        }
    }
    c->at = t;
}

static char *put_time(char *to, struct clock *c, int64_t t)
{
    set_clock(c, t);
    *to++ = '"';
    memcpy(to, c->text, c->n);
    to[c->n] = '"';
    return to + c->n + 1;
}

static char *put_number(char *to, int32_t v)
{
    char digits[12];
    int n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    while (n)
        *to++ = digits[--n];
    return to;
}

/* Where a value does not fit its hole: piece by piece. */
static char *put_wide(char *to, const struct shown *s, const struct slot *slot,
                      struct clock clocks[2])
{
    const struct face *f = &s->faces[slot->who];
    const char *from = s->text.p + f->at;
    size_t at = 0;
    for (int i = 0; i < HOLES; i++) {
        memcpy(to, from + at, f->holes[i] - at);
        to += f->holes[i] - at;
        at = f->holes[i] + blanks[s->holes[i]].n;
        if (s->holes[i] == FREE)
            to = put_number(to, slot->free);
        else if (s->holes[i] == START)
            to = put_time(to, &clocks[0], slot->start);
        else
            to = put_time(to, &clocks[1], slot->start + s->of->grid.length);
    }
    memcpy(to, from + at, f->n - at);
    return to + (f->n - at);
}

static char *put_slot(char *to, const struct shown *s, const struct slot *slot,
                      struct clock clocks[2])
{
    const struct face *f = &s->faces[slot->who];
    set_clock(&clocks[0], slot->start);
    set_clock(&clocks[1], slot->start + s->of->grid.length);
    if (slot->free > 9 || clocks[0].n != TIME_BYTES || clocks[1].n != TIME_BYTES)
        return put_wide(to, s, slot, clocks);
    memcpy(to, s->text.p + f->at, f->n);
    for (int i = 0; i < HOLES; i++) {
        char *hole = to + f->holes[i];
        if (s->holes[i] == FREE)
            *hole = (char)('0' + slot->free);
        else
            memcpy(hole + 1, clocks[s->holes[i]].text, TIME_BYTES);
    }
    return to + f->n;
}

/* What the whole list takes at most; 0 when it has somebody now who has no face. */
static size_t bytes_of(const struct shown *s)
{
    size_t n = 2;
    for (size_t i = 0; i < s->of->n; i++) {
        size_t who = (size_t)s->of->at[i].who;
        const struct face *f = &s->faces[who <= s->n ? who : 0];
        if (!f->n)
            return 0;
        n += f->n + HOLES * HOLE_BYTES + 1;
    }
    return n;
}

int slots_put_json(lua_State *L, int idx, struct buf *out, size_t most)
{
    const struct shown *s = luaL_testudata(L, idx, shown_type);
    struct clock clocks[2] = {{.at = INT64_MIN}, {.at = INT64_MIN}};
    if (!s)
        return ERR_NOT_FOUND;
    size_t n = bytes_of(s);
    if (n == 0 || n > most)
        return n ? ERR_TOO_LARGE : ERR_INVALID;
    vm_charge(L, (int64_t)s->of->n);
    char *from = buf_reserve(out, n), *to = from;
    *to++ = '[';
    for (size_t i = 0; i < s->of->n; i++) {
        if (i)
            *to++ = ',';
        to = put_slot(to, s, &s->of->at[i], clocks);
    }
    *to++ = ']';
    out->n += (size_t)(to - from);
    return 0;
}

void slots_show_share(lua_State *L)
{
    luaL_newmetatable(L, shown_type);
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
