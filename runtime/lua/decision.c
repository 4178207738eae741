#include "lua/decision.h"

#include <lauxlib.h>

#include "base/date.h"
#include "base/json.h"
#include "lua/lib.h"
#include "lua/slots.h"

enum { DEPTH = 6, ENTRIES = 12, TEXT = 200 };

static const char *const kinds[] = {[DECISION_ALLOWED] = "allowed",
                                    [DECISION_REFUSED] = "refused",
                                    [DECISION_CHANGED] = "changed",
                                    [DECISION_FAILED] = "failed"};

struct put {
    lua_State *L;
    struct buf *out;
    size_t most; /* bytes of `out` after which only ends are written */
};

/* --- masks --- */

static bool is_person(struct str name) /* all text in it is about someone */
{
    return str_eq(name, STR("customer")) || str_eq(name, STR("contact"));
}

static bool is_private(struct str name)
{
    return str_eq(name, STR("email")) || str_eq(name, STR("phone")) ||
           str_eq(name, STR("notes"));
}

/* An address, or six digits and more with nothing but what numbers are written with. */
static bool looks_private(struct str s)
{
    int digits = 0, others = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '@')
            return true;
        if (s.p[i] >= '0' && s.p[i] <= '9')
            digits++;
        else if (!memchr("+-/(). ", s.p[i], 7))
            others++;
    }
    return digits >= 6 && others == 0;
}

/* --- values --- */

static void put_text(struct put *p, struct str s, bool masked)
{
    size_t n = s.n > TEXT ? TEXT : s.n;
    if (masked || looks_private(s)) {
        buf_lit(p->out, "\"***\"");
        return;
    }
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--; /* whole characters */
    if (json_put_string(p->out, (struct str){s.p, n}))
        buf_lit(p->out, "\"(no text)\"");
}

static void put_value(struct put *p, int idx, int depth, bool masked);

static bool is_full(const struct put *p)
{
    return p->out->n > p->most;
}

static void put_list(struct put *p, int idx, int depth, bool masked)
{
    lua_Integer n = (lua_Integer)lua_rawlen(p->L, idx);
    buf_char(p->out, '[');
    for (lua_Integer i = 1; i <= n && i <= ENTRIES && !is_full(p); i++) {
        if (i > 1)
            buf_char(p->out, ',');
        lua_rawgeti(p->L, idx, i);
        put_value(p, lua_gettop(p->L), depth + 1, masked);
        lua_pop(p->L, 1);
    }
    if (n > ENTRIES)
        buf_fmt(p->out, ",\"… %lld more\"", (long long)(n - ENTRIES));
    buf_char(p->out, ']');
}

/* The same of a column of slots. */
static void put_column(struct put *p, int idx)
{
    const struct column *c = column_of(p->L, idx);
    size_t n = c ? c->of->n : 0;
    buf_char(p->out, '[');
    for (size_t i = 0; i < n && i < ENTRIES && !is_full(p); i++) {
        if (i)
            buf_char(p->out, ',');
        column_push(p->L, idx, c, i);
        put_value(p, lua_gettop(p->L), 2, false);
        lua_pop(p->L, 1);
    }
    if (n > ENTRIES)
        buf_fmt(p->out, ",\"… %zu more\"", n - ENTRIES);
    buf_char(p->out, ']');
}

/* A number as a name becomes its text: refused[7] of a policy has one. */
static struct str name_of(lua_State *L, int idx, char digits[24])
{
    struct str s = STR("?");
    if (lua_type(L, idx) == LUA_TSTRING) {
        s.p = lua_tolstring(L, idx, &s.n);
    } else if (lua_isinteger(L, idx)) {
        snprintf(digits, 24, "%lld", (long long)lua_tointeger(L, idx));
        s = str_of(digits);
    }
    return s;
}

static void put_object(struct put *p, int idx, int depth, bool masked)
{
    char digits[24];
    int n = 0, most = depth == 0 ? 4 * ENTRIES : ENTRIES;
    buf_char(p->out, '{');
    lua_pushnil(p->L);
    while (lua_next(p->L, idx)) {
        struct str name = name_of(p->L, -2, digits);
        if (n++ < most && !is_full(p)) {
            if (n > 1)
                buf_char(p->out, ',');
            put_text(p, name, false);
            buf_char(p->out, ':');
            if (is_private(name))
                buf_lit(p->out, "\"***\"");
            else
                put_value(p, lua_gettop(p->L), depth + 1, masked || is_person(name));
        }
        lua_pop(p->L, 1);
    }
    if (n > most)
        buf_fmt(p->out, ",\"…\":\"%d more\"", n - most);
    buf_char(p->out, '}');
}

static void put_table(struct put *p, int idx, int depth, bool masked)
{
    if (depth >= DEPTH) {
        buf_lit(p->out, "\"…\"");
        return;
    }
    luaL_checkstack(p->L, 4, NULL);
    lua_Integer n = (lua_Integer)lua_rawlen(p->L, idx);
    if (n > 0 && json_only_positions(p->L, idx, n))
        put_list(p, idx, depth, masked);
    else
        put_object(p, idx, depth, masked);
}

static void put_value(struct put *p, int idx, int depth, bool masked)
{
    struct str s;
    switch (lua_type(p->L, idx)) {
    case LUA_TBOOLEAN:
        buf_str(p->out, lua_toboolean(p->L, idx) ? STR("true") : STR("false"));
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(p->L, idx))
            buf_i64(p->out, lua_tointeger(p->L, idx));
        else if (json_put_real(p->out, lua_tonumber(p->L, idx)))
            buf_lit(p->out, "null");
        break;
    case LUA_TSTRING:
        s.p = lua_tolstring(p->L, idx, &s.n);
        put_text(p, s, masked);
        break;
    case LUA_TTABLE:
        put_table(p, idx, depth, masked);
        break;
    case LUA_TUSERDATA:
        put_column(p, idx);
        break;
    default:
        buf_lit(p->out, "null");
    }
}

/* --- the line --- */

static void put_member(struct put *p, const char *name, struct str value)
{
    if (!value.n)
        return;
    buf_fmt(p->out, ",\"%s\":", name);
    if (json_put_string(p->out, value))
        buf_lit(p->out, "\"\"");
}

void decision_put(lua_State *L, int args, int result, const struct decision *d,
                  struct buf *out)
{
    struct put p = {L, out, out->n + DECISION_MAX / 2};
    char at[32];
    time_format(d->wall_ms / 1000, at);
    buf_fmt(out, "{\"at\":\"%s\",\"decision\":\"%s\"", at, kinds[d->kind]);
    put_member(&p, "policy", str_of(d->file));
    put_member(&p, "rule", str_of(d->rule));
    put_member(&p, "hash", d->hash);
    put_member(&p, "plugin", d->plugin);
    put_member(&p, "organization_id", d->organization);
    put_member(&p, "request_id", str_of(d->request_id));
    buf_lit(out, ",\"inputs\":");
    put_value(&p, lua_absindex(L, args), 0, false);
    p.most = out->n + DECISION_MAX / 3;
    if (d->kind == DECISION_FAILED) {
        buf_lit(out, ",\"why\":");
        put_text(&p, d->why, false);
    } else {
        buf_lit(out, ",\"result\":");
        put_value(&p, lua_absindex(L, result), 0, false);
    }
    buf_fmt(out, ",\"microseconds\":%lld,\"instructions\":%lld", (long long)d->micros,
            (long long)d->instructions);
    if (d->sampled > 1)
        buf_fmt(out, ",\"stands_for\":%d", d->sampled);
    buf_char(out, '}');
}
