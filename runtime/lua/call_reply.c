#include "lua/call_inside.h"

#include <lauxlib.h>
#include <string.h>

#include "base/json.h"
#include "lua/lib.h"

/* What every problem has, and from where: not a script's members. */
static bool is_problem(const char *name)
{
    static const char *const names[] = {"detail", "status", "type", "code"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static int add_members(lua_State *L, int idx, struct call *c)
{
    struct buf *members = &c->scratch;
    int err = 0;
    lua_pushnil(L);
    while (!err && lua_next(L, idx)) {
        size_t n;
        if (lua_type(L, -2) == LUA_TSTRING) {
            const char *name = lua_tolstring(L, -2, &n);
            if (!is_problem(name)) {
                buf_char(members, ',');
                err = json_put_string(members, (struct str){name, n});
                buf_char(members, ':');
                err = err ? err : json_encode(L, lua_gettop(L), members, &c->why);
            }
        }
        lua_pop(L, 1);
    }
    return err;
}

static struct str detail_of(lua_State *L, const struct error_spec *e)
{
    size_t n;
    const char *p = NULL;
    if (lua_istable(L, 3)) {
        lua_pushliteral(L, "detail");
        if (lua_rawget(L, 3) == LUA_TSTRING)
            p = lua_tolstring(L, -1, &n);
    }
    return p ? (struct str){p, n} : e->detail;
}

/* {retry_after = seconds} goes into the header as well. */
static void add_retry(lua_State *L, struct call *c)
{
    lua_Integer seconds = 0;
    if (lua_istable(L, 3)) {
        lua_pushliteral(L, "retry_after");
        lua_rawget(L, 3);
        seconds = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    if (seconds > 0)
        reply_field_u64(c->reply, STR("Retry-After"), (uint64_t)seconds);
}

/* What a refusal carries beside its body, whoever refuses. Values of ours only. */
void call_problem_fields(struct call *c, int status, const char *code)
{
    if (status == 401)
        buf_str(&c->reply->fields,
                c->key ? STR("WWW-Authenticate: ApiKey realm=\"kordless\"\r\n")
                       : STR("WWW-Authenticate: Bearer realm=\"kordless\"\r\n"));
    if (!strcmp(code, "busy") || !strcmp(code, "shutting_down"))
        reply_field_u64(c->reply, STR("Retry-After"), 1);
}

/* return nil, "name"[, {detail =, …}] */
static int finish_error(lua_State *L, struct call *c)
{
    size_t n;
    const char *name = lua_tolstring(L, 2, &n);
    const struct error_spec *e =
        name ? manifest_error(&c->unit->plugin->manifest, (struct str){name, n}) : NULL;
    if (!e)
        return luaL_error(
            L,
            "the handler '%s' returned the error '%s', which its manifest "
            "does not declare",
            c->route->handler.p, name ? name : "nil");
    buf_clear(&c->scratch);
    buf_clear(&c->why);
    if (lua_istable(L, 3) && add_members(L, 3, c)) {
        lua_pushlstring(L, c->why.p, c->why.n);
        return luaL_error(L, "members of the error '%s' are no JSON: %s", name,
                          lua_tostring(L, -1));
    }
    add_retry(L, c);
    call_problem_fields(c, e->status, e->name.p);
    reply_problem_with(c->reply, e->status, e->name.p, detail_of(L, e),
                       buf_slice(&c->scratch));
    return 0;
}

static void finish_fields(lua_State *L, struct call *c)
{
    lua_pushnil(L);
    while (lua_next(L, 3)) {
        size_t nk, nv;
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
            luaL_error(L, "a header's name and value must be strings");
        const char *k = lua_tolstring(L, -2, &nk);
        const char *v = lua_tolstring(L, -1, &nv);
        struct str name = {k, nk}, value = {v, nv};
        if (str_eq_nocase(name, STR("Content-Type")) && nv < 256 && !strpbrk(v, "\r\n"))
            c->reply->content_type = arena_cstr(c->arena, value);
        else if (reply_field(c->reply, name, value))
            luaL_error(L, "'%s' is no header a handler may set", k);
        if (str_eq_nocase(name, STR("Cache-Control")))
            c->reply->cacheable = true;
        lua_pop(L, 1);
    }
}

/* In tests a reply that is not what its route declares is the handler's fault. */
static void hold_reply(lua_State *L, struct call *c)
{
    int64_t left = c->budget.instructions; /* looking is not the handler's to pay */
    c->budget.instructions = BUDGET_INSTRUCTIONS;
    buf_clear(&c->why);
    if (lua_type(L, 2) != LUA_TSTRING && !lua_isnil(L, 2)) { /* as it goes out */
        lua_pushlstring(L, c->reply->body.p, c->reply->body.n);
        lua_replace(L, 2);
    }
    bool ok = c->reply->content_type ||
              declare_reply(L, 2, c->reply->status, &c->route->declared, &c->why);
    c->budget.instructions = left;
    if (ok)
        return;
    lua_pushlstring(L, c->why.p, c->why.n);
    luaL_error(L, "the handler '%s' broke its manifest: %s", c->route->handler.p,
               lua_tostring(L, -1));
}

/* The stack is what the handler returned: status, body, headers. */
int call_reply(lua_State *L)
{
    struct call *c = call_of(L);
    int exact;
    if (c->problem) /* a pcall around it does not unmake it */
        return 0;
    lua_settop(L, 3);
    if (lua_isnil(L, 1))
        return finish_error(L, c);
    lua_Integer status = lua_tointegerx(L, 1, &exact);
    if (!exact || status < 200 || status > 599)
        return luaL_error(L,
                          "the handler '%s' must return a status from 200 to 599, or "
                          "nil and an error's name",
                          c->route->handler.p);
    c->reply->status = (int)status;
    buf_clear(&c->reply->body);
    if (lua_istable(L, 3))
        finish_fields(L, c);
    if (lua_type(L, 2) == LUA_TSTRING) {
        size_t n;
        const char *p = lua_tolstring(L, 2, &n);
        buf_add(&c->reply->body, p, n);
    } else if (!lua_isnil(L, 2)) {
        buf_clear(&c->why);
        if (json_encode(L, 2, &c->reply->body, &c->why)) {
            lua_pushlstring(L, c->why.p, c->why.n);
            return luaL_error(L, "the handler '%s' returned a body that is no JSON: %s",
                              c->route->handler.p, lua_tostring(L, -1));
        }
    }
    if (c->strict)
        hold_reply(L, c);
    return 0;
}
