#include "lua/declare.h"

#include <stdio.h>

#include "lua/lib.h"

enum { STATUS_LOW = 200, STATUS_HIGH = 599 };

static int members(lua_State *L)
{
    int n = 0;
    lua_pushnil(L);
    for (; lua_next(L, -2); n++)
        lua_pop(L, 1);
    return n;
}

static void read_replies(struct fields *f, struct declared *out)
{
    if (!fields_enter(f, "replies", OPTIONAL))
        return;
    int n = members(f->L), seen = 0;
    out->replies = arena_zero(f->arena, sizeof(*out->replies) * (size_t)(n + 1));
    for (int status = STATUS_LOW; status <= STATUS_HIGH; status++) {
        bool there = lua_rawgeti(f->L, -1, status) != LUA_TNIL;
        lua_pop(f->L, 1);
        seen += there;
        if (!there || !fields_item(f, status))
            continue;
        out->replies[out->n_replies].status = status;
        schema_read(f, &out->replies[out->n_replies++].body);
        fields_leave(f);
    }
    if (seen < n)
        fields_fault(f, "", "must be statuses, [200] = …, from 200 to 599");
    fields_leave(f);
}

static const struct schema *success(const struct declared *d)
{
    for (int i = 0; i < d->n_replies; i++)
        if (d->replies[i].status < 300)
            return &d->replies[i].body;
    return NULL;
}

static void read_example(struct fields *f, struct declared *out)
{
    static const char *const known[] = {"body", "reply", NULL};
    if (!fields_enter(f, "example", OPTIONAL))
        return;
    fields_only(f, known);
    out->example_body = schema_value(f, "body", out->body);
    out->example_reply = schema_value(f, "reply", success(out));
    fields_leave(f);
}

bool declare_body(struct fields *f)
{
    lua_pushliteral(f->L, "body");
    bool is = lua_rawget(f->L, -2) == LUA_TTABLE;
    lua_pop(f->L, 1);
    return is;
}

void declare_read(struct fields *f, struct declared *out)
{
    struct schema query;
    *out = (struct declared){.query = NULL};
    if (schema_list(f, "query", &query)) {
        out->query = arena_zero(f->arena, sizeof(query));
        *out->query = query;
    }
    if (declare_body(f) && fields_enter(f, "body", OPTIONAL)) {
        out->body = arena_zero(f->arena, sizeof(*out->body));
        schema_read(f, out->body);
        fields_leave(f);
    }
    read_replies(f, out);
    read_example(f, out);
}

/* The member of the request on top. A body that may be null may be left out. */
static bool check_member(lua_State *L, const char *key, const struct schema *s,
                         const char *name, struct schema_look *look)
{
    lua_pushstring(L, key);
    bool none = lua_rawget(L, -2) == LUA_TNIL && s->nullable;
    bool ok = none || schema_check(L, -1, s, name, look);
    lua_pop(L, 1);
    return ok;
}

bool declare_request(lua_State *L, const struct declared *d, struct zones *zones,
                     struct buf *faults)
{
    struct schema_look look = {.zones = zones, .faults = faults, .text = true};
    bool ok = true;
    if (d->query)
        ok = check_member(L, "query", d->query, "", &look);
    look.text = false;
    if (d->body)
        ok = check_member(L, "body", d->body, "the body", &look) && ok;
    if (!ok)
        buf_char(faults, '.');
    return ok;
}

bool declare_reply(lua_State *L, int idx, int status, const struct declared *d,
                   struct buf *faults)
{
    struct schema_look look = {.faults = faults, .strict = true};
    const struct schema *s = NULL;
    for (int i = 0; i < d->n_replies; i++)
        if (d->replies[i].status == status)
            s = &d->replies[i].body;
    if (!s && d->n_replies && status < 300) {
        buf_fmt(faults, "the status %d is not among the route's replies", status);
        return false;
    }
    if (!s)
        return true;
    if (status == 204 && !lua_isnil(L, idx)) {
        buf_lit(faults, "a 204 has no body");
        return false;
    }
    if (status == 204)
        return true;
    size_t n;
    const char *p = lua_type(L, idx) == LUA_TSTRING ? lua_tolstring(L, idx, &n) : NULL;
    if (p && json_decode(L, (struct str){p, n}, faults))
        return false;
    if (!p)
        lua_pushvalue(L, idx);
    bool ok = schema_check(L, -1, s, "the reply", &look);
    lua_pop(L, 1);
    return ok;
}
