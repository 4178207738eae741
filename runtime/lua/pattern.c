#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lua/lib.h"
#include "lua/match.h"
#include "lua/vm.h"

/* string.find, match, gmatch and gsub on our matcher. What a callback of gsub does is
 * the script's own and counted by the hook. */

/* Capture `i` of a match from `s` to `e`; without captures the first is the match. */
static void push_capture(struct matcher *m, int i, const char *s, const char *e)
{
    if (i >= m->level) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(e - s));
    } else if (m->captures[i].n == MATCH_POSITION) {
        lua_pushinteger(m->L, m->captures[i].at - m->subject + 1);
    } else if (m->captures[i].n == MATCH_UNCLOSED) {
        luaL_error(m->L, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->captures[i].at, (size_t)m->captures[i].n);
    }
}

static int push_captures(struct matcher *m, const char *s, const char *e)
{
    int n = m->level == 0 && s ? 1 : m->level;
    luaL_checkstack(m->L, n, "too many captures");
    for (int i = 0; i < n; i++)
        push_capture(m, i, s, e);
    return n;
}

static struct str check_str(lua_State *L, int idx)
{
    struct str s;
    s.p = luaL_checklstring(L, idx, &s.n);
    return s;
}

/* --- find and match --- */

static bool has_specials(struct str p)
{
    for (size_t i = 0; i < p.n; i++)
        if (memchr("^$*+?.([%-", p.p[i], 10))
            return true;
    return false;
}

/* From 0; past the end is one more than the length. */
static size_t start_of(lua_State *L, int idx, size_t n)
{
    lua_Integer init = luaL_optinteger(L, idx, 1);
    if (init > 0)
        return (lua_Unsigned)init > n ? (lua_Unsigned)init == n + 1 ? n : n + 1
                                      : (size_t)init - 1;
    if (init == 0 || 0 - (lua_Unsigned)init > n)
        return 0;
    return n - (size_t)(0 - (lua_Unsigned)init);
}

static int find_plain(lua_State *L, struct str s, struct str p, size_t from)
{
    const char *at = memmem(s.p + from, s.n - from, p.p, p.n);
    vm_charge(L, (int64_t)((at ? (size_t)(at - s.p) - from : s.n - from) + p.n) / 16);
    if (!at) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, at - s.p + 1);
    lua_pushinteger(L, at - s.p + (lua_Integer)p.n);
    return 2;
}

static int search(lua_State *L, struct str s, struct str p, size_t from, bool find)
{
    struct matcher m;
    const char *end = NULL, *at = s.p + from;
    match_init(&m, L, s, p);
    bool anchored = match_anchor(&m);
    while (!(end = match_at(&m, at)) && !anchored && at < m.subject_end)
        at++;
    match_settle(&m);
    if (!end) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return push_captures(&m, at, end);
    lua_pushinteger(L, at - s.p + 1);
    lua_pushinteger(L, end - s.p);
    return push_captures(&m, NULL, NULL) + 2;
}

static int l_find(lua_State *L)
{
    struct str s = check_str(L, 1), p = check_str(L, 2);
    size_t from = start_of(L, 3, s.n);
    if (from > s.n) {
        lua_pushnil(L);
        return 1;
    }
    if (lua_toboolean(L, 4) || !has_specials(p))
        return find_plain(L, s, p, from);
    return search(L, s, p, from, true);
}

static int l_match(lua_State *L)
{
    struct str s = check_str(L, 1), p = check_str(L, 2);
    size_t from = start_of(L, 3, s.n);
    if (from <= s.n)
        return search(L, s, p, from, false);
    lua_pushnil(L);
    return 1;
}

/* --- gmatch --- */

struct progress {
    size_t at;
    size_t last; /* where the last match ended; SIZE_MAX before the first */
};

/* Upvalues: subject, pattern, progress. */
static int l_gmatch_next(lua_State *L)
{
    struct matcher m;
    struct progress *g = lua_touserdata(L, lua_upvalueindex(3));
    match_init(&m, L, check_str(L, lua_upvalueindex(1)),
               check_str(L, lua_upvalueindex(2)));
    for (; g->at <= (size_t)(m.subject_end - m.subject); g->at++) {
        const char *at = m.subject + g->at, *end = match_at(&m, at);
        if (end && (size_t)(end - m.subject) != g->last) {
            g->at = g->last = (size_t)(end - m.subject);
            match_settle(&m);
            return push_captures(&m, at, end);
        }
    }
    match_settle(&m);
    return 0;
}

static int l_gmatch(lua_State *L)
{
    struct str s = check_str(L, 1);
    check_str(L, 2);
    size_t from = start_of(L, 3, s.n);
    lua_settop(L, 2);
    struct progress *g = lua_newuserdatauv(L, sizeof(*g), 0);
    *g = (struct progress){from, SIZE_MAX};
    lua_pushcclosure(L, l_gmatch_next, 3);
    return 1;
}

/* --- gsub --- */

static void add_text(struct matcher *m, luaL_Buffer *b, const char *s, const char *e)
{
    struct str r;
    r.p = lua_tolstring(m->L, 3, &r.n);
    match_charge(m, (int64_t)(r.n / 16));
    for (const char *p = r.p, *end = r.p + r.n; p < end; p++) {
        if (*p != '%') {
            luaL_addchar(b, *p);
        } else if (++p < end && *p == '%') {
            luaL_addchar(b, '%');
        } else if (p < end && *p == '0') {
            luaL_addlstring(b, s, (size_t)(e - s));
        } else if (p < end && isdigit((unsigned char)*p)) {
            push_capture(m, *p - '1', s, e);
            luaL_tolstring(m->L, -1, NULL);
            lua_remove(m->L, -2);
            luaL_addvalue(b);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
}

/* What a table or function says; false and nil keep the match. */
static void add_answer(struct matcher *m, luaL_Buffer *b, const char *s, const char *e)
{
    lua_State *L = m->L;
    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, e), 1);
    } else {
        push_capture(m, 0, s, e);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, s, (size_t)(e - s));
    } else if (lua_isstring(L, -1)) {
        luaL_addvalue(b);
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

static bool check_replacement(lua_State *L)
{
    int type = lua_type(L, 3);
    if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TTABLE &&
        type != LUA_TFUNCTION)
        luaL_typeerror(L, 3, "string/function/table");
    return type == LUA_TNUMBER || type == LUA_TSTRING;
}

static int l_gsub(lua_State *L)
{
    struct matcher m;
    struct str s = check_str(L, 1), p = check_str(L, 2);
    bool text = check_replacement(L);
    lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)s.n + 1), n = 0;
    luaL_Buffer b;
    lua_settop(L, 3);
    match_init(&m, L, s, p);
    bool anchored = match_anchor(&m);
    const char *at = s.p, *last = NULL;
    luaL_buffinit(L, &b);
    while (n < max) {
        const char *end = match_at(&m, at);
        if (end && end != last) {
            n++;
            (text ? add_text : add_answer)(&m, &b, at, end);
            at = last = end;
        } else if (at < m.subject_end) {
            luaL_addchar(&b, *at++);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    match_settle(&m);
    luaL_addlstring(&b, at, (size_t)(m.subject_end - at));
    luaL_pushresult(&b);
    lua_pushinteger(L, n);
    return 2;
}

void pattern_install(lua_State *L)
{
    static const luaL_Reg functions[] = {{"find", l_find},
                                         {"match", l_match},
                                         {"gmatch", l_gmatch},
                                         {"gsub", l_gsub},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
