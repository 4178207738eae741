/* kordless.fetch: a table in, bytes out; later bytes in, a table out. In between the
 * host has the request (net/fetch.h). What the script got wrong raises; what the world
 * got wrong is returned, as nil, a word and a sentence. */

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "http/outgoing.h"
#include "lua/call.h"
#include "lua/lib.h"
#include "lua/settings.h"

enum {
    TIMEOUT_DEFAULT = 10000,
    TIMEOUT_MAX = 60000,
    BODY_DEFAULT = 1 << 20,
    BODY_MAX = 8 << 20, /* of either body */
    FIELDS_MAX = 50
};

struct wish {
    struct str url, method, body;
    bool has_body, detached;
    lua_Integer timeout_ms, max_bytes;
};

static void only_known(lua_State *L)
{
    static const char *const known[] = {"url",        "method",    "headers", "body",
                                        "timeout_ms", "max_bytes", "detached"};
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
        size_t i = 0;
        while (i < sizeof(known) / sizeof(known[0]) && strcmp(key, known[i]) != 0)
            i++;
        if (i == sizeof(known) / sizeof(known[0]))
            luaL_error(L, "fetch: '%s' is not known here", key);
    }
}

/* The value stays on the stack, and the text with it. False: absent. */
static bool text_at(lua_State *L, const char *key, struct str *out)
{
    lua_pushstring(L, key);
    int type = lua_rawget(L, 1);
    if (type == LUA_TNIL)
        return false;
    if (type != LUA_TSTRING)
        luaL_error(L, "fetch: %s must be a string", key);
    out->p = lua_tolstring(L, -1, &out->n);
    return true;
}

static lua_Integer number_at(lua_State *L, const char *key, lua_Integer lo,
                             lua_Integer hi, lua_Integer def)
{
    lua_pushstring(L, key);
    if (lua_rawget(L, 1) == LUA_TNIL)
        return def;
    int exact = 0;
    lua_Integer n = lua_tointegerx(L, -1, &exact);
    if (!exact || n < lo || n > hi)
        luaL_error(L, "fetch: %s must be a whole number from %I to %I", key, lo, hi);
    return n;
}

static void read_wish(lua_State *L, struct wish *w)
{
    *w = (struct wish){.method = STR("GET")};
    only_known(L);
    if (!text_at(L, "url", &w->url))
        luaL_error(L, "fetch: url is missing");
    text_at(L, "method", &w->method);
    w->has_body = text_at(L, "body", &w->body);
    if (w->body.n > BODY_MAX)
        luaL_error(L, "fetch: the body has more than 8 MiB");
    w->timeout_ms = number_at(L, "timeout_ms", 1, TIMEOUT_MAX, TIMEOUT_DEFAULT);
    w->max_bytes = number_at(L, "max_bytes", 0, BODY_MAX, BODY_DEFAULT);
    lua_pushliteral(L, "detached");
    lua_rawget(L, 1);
    w->detached = lua_toboolean(L, -1);
}

static void add_headers(lua_State *L, struct outgoing *o)
{
    int n = 0;
    lua_pushliteral(L, "headers");
    int type = lua_rawget(L, 1);
    if (type == LUA_TNIL)
        return;
    if (type != LUA_TTABLE)
        luaL_error(L, "fetch: headers must be a table of names and values");
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        struct str name, value;
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING ||
            ++n > FIELDS_MAX)
            luaL_error(L, "fetch: headers must be strings, %d at most", FIELDS_MAX);
        name.p = lua_tolstring(L, -2, &name.n);
        value.p = lua_tolstring(L, -1, &value.n);
        if (outgoing_field(o, name, value))
            luaL_error(L, "fetch: '%s' is no header a plugin may send", name.p);
        lua_pop(L, 1);
    }
}

static bool listed(const struct outgoing *o, const struct str *list, int n)
{
    for (int i = 0; i < n; i++)
        if (outgoing_matches(o, list[i]))
            return true;
    return false;
}

static int give_up(lua_State *L, const char *code, struct str why)
{
    lua_pushnil(L);
    lua_pushstring(L, code);
    lua_pushlstring(L, why.p, why.n);
    return 3;
}

/* 0: it may go there; else what is returned stands on the stack. */
static int refuse_host(lua_State *L, struct call *c)
{
    const struct outgoing *o = c->outgoing;
    const struct plugin *p = c->unit->plugin;
    const struct settings *s = p->settings;
    const char *where = NULL;
    if (!listed(o, p->manifest.hosts, p->manifest.n_hosts))
        where = "hosts in its plugin.lua";
    else if (!s || !listed(o, s->fetch_hosts, s->n_fetch_hosts))
        where = "fetch_hosts in scripts/kordless.lua";
    if (!where)
        return 0;
    buf_clear(&c->why);
    buf_fmt(&c->why, "%s:%u is not among %s", o->host, (unsigned)o->port, where);
    return give_up(L, "host_not_allowed", buf_slice(&c->why));
}

static void push_header(lua_State *L, struct http_field f)
{
    luaL_Buffer b;
    char *p = luaL_buffinitsize(L, &b, f.name.n);
    for (size_t i = 0; i < f.name.n; i++)
        p[i] = f.name.p[i] >= 'A' && f.name.p[i] <= 'Z' ? (char)(f.name.p[i] + 32)
                                                        : f.name.p[i];
    luaL_pushresultsize(&b, f.name.n);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TSTRING) {
        lua_pushliteral(L, ", ");
        lua_pushlstring(L, f.value.p, f.value.n);
        lua_concat(L, 3);
    } else {
        lua_pop(L, 1);
        lua_pushlstring(L, f.value.p, f.value.n);
    }
    lua_rawset(L, -3);
}

static int push_response(lua_State *L, const struct response *r)
{
    vm_charge(L, (int64_t)(r->body.n / 8));
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, r->status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, r->body.n ? r->body.p : "", r->body.n);
    lua_setfield(L, -2, "body");
    lua_createtable(L, 0, response_fields(r));
    for (int i = 0; i < response_fields(r); i++)
        push_header(L, response_field(r, i));
    lua_setfield(L, -2, "headers");
    return 1;
}

/* Of a fetch that is over, or that came to nothing before it began. */
void lib_fetch_drop(struct call *c)
{
    if (c->outgoing)
        outgoing_end(c->outgoing);
    free(c->outgoing);
    c->outgoing = NULL;
}

static struct outgoing *renew(struct call *c)
{
    lib_fetch_drop(c);
    c->outgoing = malloc(sizeof(*c->outgoing));
    if (!c->outgoing)
        abort();
    outgoing_init(c->outgoing);
    return c->outgoing;
}

static int fetched(lua_State *L, int status, lua_KContext base)
{
    struct call *c = call_of(L);
    struct outgoing *o = c->outgoing;
    (void)status;
    (void)base;
    int n = o->fault ? give_up(L, o->fault, buf_slice(&o->why))
                     : push_response(L, &o->response);
    lib_fetch_drop(c);
    return n;
}

int lib_fetch_wait(lua_State *L)
{
    struct call *c = call_of(L);
    struct wish w;
    struct str target;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    read_wish(L, &w);
    struct outgoing *o = renew(c);
    if (outgoing_url(o, w.url, &target))
        return give_up(L, "invalid_url", STR("the url is not http(s)://host/path"));
    int refused = refuse_host(L, c);
    if (refused)
        return refused;
    if (outgoing_begin(o, w.method, target))
        return luaL_error(L, "fetch: '%s' is no method", w.method.p);
    add_headers(L, o);
    outgoing_finish(o, w.body, w.has_body);
    o->timeout_ms = w.timeout_ms;
    struct http_caps caps = http_caps_default;
    caps.body_max = (uint64_t)w.max_bytes;
    response_init(&o->response, &caps, o->to_head);
    vm_charge(L, 1000 + (int64_t)(o->bytes.n / 8));
    call_may_wait(L);
    if (!c->host->fetch || c->host->fetch(c->host->ctx, c, o))
        return give_up(L, "busy", STR("too many outgoing requests are under way"));
    c->asleep = true;
    c->detached = w.detached;
    return lua_yieldk(L, 0, 0, fetched);
}
