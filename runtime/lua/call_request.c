#include "lua/call_inside.h"

#include "lua/identity.h"
#include "lua/lib.h"

static void set_pair(lua_State *L, const char *key, struct str value)
{
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, key);
}

static void push_params(lua_State *L, const struct call *c)
{
    lua_createtable(L, 0, c->match->n_params);
    for (int i = 0; i < c->match->n_params; i++) {
        lua_pushlstring(L, c->match->names[i].p, c->match->names[i].n);
        lua_pushlstring(L, c->match->values[i].p, c->match->values[i].n);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "params");
}

static void push_query(lua_State *L, const struct call *c)
{
    lua_createtable(L, 0, c->n_query);
    for (int i = 0; i < c->n_query; i++) {
        lua_pushlstring(L, c->query[i].name.p, c->query[i].name.n);
        lua_pushlstring(L, c->query[i].value.p, c->query[i].value.n);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "query");
}

/* One entity-tag off the front of a list (RFC 9110 8.8.3) and the comma behind it.
 * False when there is none. The tag is without its quotes, `weak` says whether W/ stood
 * there. */
static bool next_tag(struct str *list, struct str *tag, bool *weak)
{
    struct str rest, before;
    *weak = str_starts(*list, STR("W/"));
    rest = *weak ? (struct str){list->p + 2, list->n - 2} : *list;
    if (!str_starts(rest, STR("\"")))
        return false;
    if (!str_cut((struct str){rest.p + 1, rest.n - 1}, '"', tag, &rest))
        return false;
    rest = str_trim(rest);
    if (rest.n && (!str_cut(rest, ',', &before, &rest) || before.n))
        return false;
    *list = str_trim(rest);
    return true;
}

static bool push_tags(lua_State *L, struct str list)
{
    struct str tag;
    bool weak;
    int n = 0;
    lua_newtable(L);
    if (str_eq(list, STR("*"))) {
        lua_pushliteral(L, "*");
        lua_rawseti(L, -2, 1);
        return true;
    }
    do {
        if (!next_tag(&list, &tag, &weak))
            return false;
        if (weak) /* equal to none: RFC 9110 13.1.1 */
            continue;
        lua_pushlstring(L, tag.p, tag.n);
        lua_rawseti(L, -2, ++n);
    } while (list.n);
    return true;
}

/* False, with the reply made, when If-Match is no list of tags. */
static bool push_if_match(lua_State *L, struct call *c)
{
    struct str name = STR("if-match");
    int n = c->route->if_match ? http_field_count(c->req, name) : 0;
    if (n == 0)
        return true;
    if (n > 1 || !push_tags(L, http_field_get(c->req, name))) {
        reply_problem(
            c->reply, 400, "validation_error",
            STR("If-Match must be one field: *, or versions in quotes, such as "
                "\"3\"."));
        return false;
    }
    lua_setfield(L, -2, "if_match");
    return true;
}

/* False, with the reply made, when the body is no JSON. */
static bool push_body(lua_State *L, struct call *c)
{
    if (!c->route->body || c->req->body.n == 0)
        return true;
    buf_clear(&c->why);
    c->json_fault = json_decode(L, c->req->body, &c->why) != 0;
    if (c->json_fault)
        reply_problem(c->reply, 400, "invalid_json", buf_slice(&c->why));
    else
        lua_setfield(L, -2, "body");
    return !c->json_fault;
}

/* False, with the reply made, when the request is not what the route declares. */
static bool fits(lua_State *L, struct call *c)
{
    buf_clear(&c->why);
    if (declare_request(L, &c->route->declared, c->unit->zones, &c->why))
        return true;
    reply_problem(c->reply, 400, "validation_error", buf_slice(&c->why));
    return false;
}

bool call_push_request(lua_State *L, struct call *c)
{
    lua_createtable(L, 0, 10);
    set_pair(L, "method", str_of(http_method_name(c->req->method)));
    set_pair(L, "path", c->req->path);
    set_pair(L, "request_id", str_of(c->request_id));
    set_pair(L, "public_url", c->public_url);
    push_params(L, c);
    push_query(L, c);
    identity_push(L, c);
    if (c->route->raw)
        identity_raw(L, c);
    return push_if_match(L, c) && push_body(L, c) && fits(L, c);
}
