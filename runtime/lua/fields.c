#include "lua/fields.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lua/lib.h"
#include "lua/locate.h"
#include "lua/nearest.h"

/* "plugins/x/plugin.lua:12: routes[2].auth": the path, and the line it was written on.
 */
static void put_place(struct fields *f, const char *key)
{
    char whole[192];
    int n = (int)strlen(f->path);
    if (n > 0 && (!*key || *key == '['))
        n--; /* about the table itself, or an entry of it: no dot behind it */
    snprintf(whole, sizeof(whole), "%.*s%s", n, f->path, key);
    int line = locate(f->text, whole);
    buf_fmt(f->faults, line ? "%s:%d: " : "%s: ", f->file, line);
    buf_str(f->faults, str_of(whole));
    f->n_faults++;
}

static void put_hint(struct fields *f, struct str value, const char *const *known)
{
    const char *near = known ? nearest(value, known) : NULL;
    if (near)
        buf_fmt(f->faults, "; did you mean '%s'?", near);
    buf_char(f->faults, '\n');
}

void fields_fault(struct fields *f, const char *key, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    put_place(f, key);
    buf_fmt(f->faults, "%s%s\n", *f->path || *key ? ": " : "", text);
}

void fields_wrong(struct fields *f, const char *key, struct str value, const char *what,
                  const char *const *known)
{
    put_place(f, key);
    buf_fmt(f->faults, " = '%.*s': %s", (int)(value.n < 64 ? value.n : 64), value.p,
            what);
    put_hint(f, value, known);
}

void fields_end(struct fields *f)
{
    buf_end(&f->text_scratch);
    buf_end(&f->why_scratch);
}

static int get(struct fields *f, const char *key)
{
    lua_pushstring(f->L, key);
    return lua_rawget(f->L, -2);
}

struct str fields_str(struct fields *f, const char *key, enum need need)
{
    struct str out = {NULL, 0};
    int type = get(f, key);
    if (type == LUA_TSTRING) {
        size_t n;
        const char *p = lua_tolstring(f->L, -1, &n);
        out = arena_str(f->arena, (struct str){p, n});
    } else if (type != LUA_TNIL) {
        fields_fault(f, key, "must be a string, not a %s", lua_typename(f->L, type));
    } else if (need == REQUIRED) {
        fields_fault(f, key, "is missing");
    }
    lua_pop(f->L, 1);
    return out;
}

int64_t fields_int(struct fields *f, const char *key, int64_t lo, int64_t hi,
                   int64_t def)
{
    int type = get(f, key), exact = 0;
    int64_t v = type == LUA_TNUMBER ? lua_tointegerx(f->L, -1, &exact) : 0;
    lua_pop(f->L, 1);
    if (type == LUA_TNIL)
        return def;
    if (exact && v >= lo && v <= hi)
        return v;
    fields_fault(f, key, "must be a whole number from %lld to %lld", (long long)lo,
                 (long long)hi);
    return def;
}

bool fields_bool(struct fields *f, const char *key, bool def)
{
    int type = get(f, key);
    bool v = type == LUA_TNIL ? def : lua_toboolean(f->L, -1);
    lua_pop(f->L, 1);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        fields_fault(f, key, "must be true or false");
    return v;
}

int fields_list(struct fields *f, const char *key, struct str *out, int max)
{
    int n = 0;
    if (!fields_enter(f, key, OPTIONAL))
        return 0;
    int count = fields_n(f);
    if (!fields_is_list(f))
        fields_fault(f, "", "must be a list");
    if (count > max)
        fields_fault(f, "", "has more than %d entries", max);
    for (int i = 1; i <= count && n < max; i++) {
        size_t len;
        if (lua_rawgeti(f->L, -1, i) == LUA_TSTRING) {
            const char *p = lua_tolstring(f->L, -1, &len);
            out[n++] = arena_str(f->arena, (struct str){p, len});
        } else {
            char entry[16];
            snprintf(entry, sizeof(entry), "[%d]", i);
            fields_fault(f, entry, "must be a string");
        }
        lua_pop(f->L, 1);
    }
    fields_leave(f);
    return n;
}

static void unknown(struct fields *f, const char *key, const char *const *known)
{
    put_place(f, key);
    buf_lit(f->faults, ": is not known here");
    put_hint(f, str_of(key), known);
}

static bool is_position(lua_State *L, int last)
{
    return lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 &&
           lua_tointeger(L, -1) <= last;
}

void fields_only_behind(struct fields *f, int first, const char *const *known)
{
    lua_pushnil(f->L);
    while (lua_next(f->L, -2)) {
        lua_pop(f->L, 1);
        const char *key =
            lua_type(f->L, -1) == LUA_TSTRING ? lua_tostring(f->L, -1) : NULL;
        const char *const *k = known;
        while (key && *k && strcmp(*k, key) != 0)
            k++;
        if (!key && !is_position(f->L, first))
            fields_fault(f, "", "has a key that is no string");
        else if (key && !*k)
            unknown(f, key, known);
    }
}

void fields_only(struct fields *f, const char *const *known)
{
    fields_only_behind(f, 0, known);
}

/* "routes" + "[2]." : the way in is spelled out for messages and cut again on leaving.
 */
static void deeper(struct fields *f, const char *fmt, ...)
{
    size_t n = strlen(f->path);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->path + n, sizeof(f->path) - n, fmt, ap);
    va_end(ap);
}

bool fields_enter(struct fields *f, const char *key, enum need need)
{
    luaL_checkstack(f->L, 8, NULL);
    int type = get(f, key);
    if (type == LUA_TTABLE) {
        deeper(f, "%s.", key);
        return true;
    }
    lua_pop(f->L, 1);
    if (type != LUA_TNIL)
        fields_fault(f, key, "must be a table, not a %s", lua_typename(f->L, type));
    else if (need == REQUIRED)
        fields_fault(f, key, "is missing");
    return false;
}

int fields_n(struct fields *f)
{
    return (int)lua_rawlen(f->L, -1);
}

bool fields_is_list(struct fields *f)
{
    return json_only_positions(f->L, lua_gettop(f->L),
                               (lua_Integer)lua_rawlen(f->L, -1));
}

bool fields_item(struct fields *f, int i)
{
    int type = lua_rawgeti(f->L, -1, i);
    if (type == LUA_TTABLE) {
        size_t n = strlen(f->path);
        if (n > 0)
            f->path[n - 1] = '\0'; /* the dot goes behind the bracket */
        deeper(f, "[%d].", i);
        return true;
    }
    lua_pop(f->L, 1);
    char key[16];
    snprintf(key, sizeof(key), "[%d]", i);
    fields_fault(f, key, "must be a table");
    return false;
}

void fields_leave(struct fields *f)
{
    size_t n = strlen(f->path);
    lua_pop(f->L, 1);
    if (n > 0)
        n--; /* the dot at the end */
    bool item = n > 0 && f->path[n - 1] == ']';
    while (n > 0 && f->path[n - 1] != (item ? '[' : '.'))
        n--;
    if (item && n > 1)
        f->path[n - 1] = '.'; /* the list's own again */
    f->path[item && n == 1 ? 0 : n] = '\0';
}
