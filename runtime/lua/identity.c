#include "lua/identity.h"

#include "guard/auth.h"

struct str identity_actor(const struct call *c)
{
    if (c->actor.n)
        return c->actor;
    if (c->key)
        return str_of(c->key->id);
    if (c->is_job)
        return STR("plugin");
    return c->route && c->route->auth == ROUTE_CONTACT ? STR("contact")
                                                       : STR("stranger");
}

static void set_text(lua_State *L, const char *name, struct str v)
{
    if (!v.p)
        return;
    lua_pushlstring(L, v.p, v.n);
    lua_setfield(L, -2, name);
}

static void push_organization(lua_State *L, const struct org *o)
{
    lua_createtable(L, 0, 3);
    set_text(L, "id", str_of(o->id));
    set_text(L, "slug", o->slug);
    set_text(L, "name", keyring_name(o));
    lua_setfield(L, -2, "organization");
}

static void push_key(lua_State *L, const struct key *k)
{
    lua_createtable(L, 0, 4);
    set_text(L, "id", str_of(k->id));
    set_text(L, "label", keyring_label(k));
    set_text(L, "last4", str_of(k->last4));
    set_text(L, "environment", str_of(environment_name(k->environment)));
    lua_setfield(L, -2, "key");
}

static void push_caller(lua_State *L, const struct caller *c, const char *name)
{
    static const char *const kinds[] = {[CALLER_OPERATOR] = "operator",
                                        [CALLER_TOKEN] = "token",
                                        [CALLER_MEMBER] = "member"};
    lua_createtable(L, 0, 5);
    set_text(L, "kind", str_of(kinds[c->kind]));
    set_text(L, "role", str_of(role_name(c->role)));
    if (c->id[0])
        set_text(L, "id", str_of(c->id));
    if (c->organization_id[0])
        set_text(L, "organization_id", str_of(c->organization_id));
    set_text(L, "email", c->email);
    lua_setfield(L, -2, name);
}

void identity_push(lua_State *L, const struct call *c)
{
    if (c->key)
        push_key(L, c->key);
    if (c->org)
        push_organization(L, c->org);
    if (c->caller)
        push_caller(L, c->caller,
                    c->route->auth == ROUTE_PLATFORM ? "actor" : "member");
}

void identity_raw(lua_State *L, const struct call *c)
{
    int n = 0;
    lua_createtable(L, c->req->n_fields, 0);
    for (int i = 0; i < c->req->n_fields; i++) {
        if (auth_is_proof(c->req->fields[i].name))
            continue;
        lua_createtable(L, 0, 2);
        set_text(L, "name", c->req->fields[i].name);
        set_text(L, "value", c->req->fields[i].value);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "headers");
    set_text(L, "raw_body", c->req->body);
}

/* As the gates have it: on the platform's routes a suspension turns no member away. */
static bool is_off(const struct call *c)
{
    return c->org && c->caller && c->caller->role != ROLE_OPERATOR && c->route &&
           c->route->auth != ROUTE_PLATFORM && atomic_load(&c->org->suspended);
}

enum auth identity_again(const struct call *c, int64_t wall_ms)
{
    enum auth a = c->key      ? auth_again(c->key, wall_ms)
                  : c->caller ? sessions_again(c->host->sessions, c->caller, wall_ms)
                              : AUTH_OK;
    return a == AUTH_OK && !c->key && is_off(c) ? AUTH_SUSPENDED : a;
}

/* Who may again since then was turned away all the same. */
void identity_fails(struct call *c)
{
    enum auth a = identity_again(c, c->now.wall_ms);
    if (a == AUTH_OK)
        a = AUTH_ENDED;
    buf_clear(&c->scratch);
    auth_detail(a, c->key, STR(""), &c->scratch);
    call_fails(c, auth_status(a), auth_code(a), "");
    c->failed_detail = arena_str(c->arena, buf_slice(&c->scratch));
}
