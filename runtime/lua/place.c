#include "lua/place.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "base/str.h"

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.n > 0;
}

static void put_text(struct str s, struct buf *out)
{
    if (is_name(s))
        buf_char(out, '.');
    else
        buf_lit(out, "[\"");
    buf_add(out, s.p, s.n < 64 ? s.n : 64);
    if (!is_name(s))
        buf_lit(out, "\"]");
}

static void put_key(lua_State *L, int key, struct buf *out)
{
    struct str s;
    if (lua_type(L, key) == LUA_TSTRING) {
        s.p = lua_tolstring(L, key, &s.n);
        put_text(s, out);
    } else if (lua_isinteger(L, key)) {
        buf_fmt(out, "[%lld]", (long long)lua_tointeger(L, key));
    } else {
        buf_fmt(out, "[a %s]", luaL_typename(L, key));
    }
}

void place_put(lua_State *L, const struct place *p, struct buf *out)
{
    if (p->up)
        place_put(L, p->up, out);
    else if (out->n == 0)
        buf_lit(out, "value");
    if (p->key)
        put_key(L, p->key, out);
    else if (p->position)
        buf_fmt(out, "[%lld]", (long long)p->position);
}
