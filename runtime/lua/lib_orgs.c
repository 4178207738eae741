/* kordless.organizations: rows of guard/org_rows.h, and the records in the keyring. */

#include "guard/org_rows.h"
#include "lua/lib.h"
#include "lua/platform.h"

enum { LIST_MAX = 100 };

struct job {
    struct platform_write p; /* first */
    struct org org;          /* to be made; or whose id says which */
    struct str name, plan, metadata;
    struct org_change change;
    struct org *live;
    struct limits *limits;
    struct org_row row;
};

/* Suspended too is one whose suspension the store did not take. */
static void push_row(lua_State *L, const struct org_row *r)
{
    const struct org *live = keyring_org(call_of(L)->host->keyring, r->id);
    lua_createtable(L, 0, 10);
    platform_set_str(L, "id", r->id);
    platform_set_str(L, "slug", r->slug);
    platform_set_str(L, "name", r->name);
    platform_set_str(L, "plan", r->plan);
    platform_set_ms(L, "created_at", r->created_ms);
    platform_set_json(L, "metadata", r->metadata);
    platform_set_json(L, "limits", r->limits);
    platform_set_str(L, "tagline", r->tagline);
    platform_set_json(L, "branding", r->branding);
    lua_pushboolean(L, live ? atomic_load(&live->suspended) != 0 : r->suspended);
    lua_setfield(L, -2, "suspended");
}

/* --- looking --- */

/* One whose making is not answered yet is not there yet: nothing can be done to it. */
int lib_orgs_get(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    struct org_row row;
    int err = org_rows_get(platform_read(L, c), (struct str){p, n}, c->arena, &row);
    if (err && err != ERR_NOT_FOUND)
        return luaL_error(L, "organizations cannot be read: %s", err_name(err));
    if (err || !keyring_org(c->host->keyring, row.id))
        lua_pushnil(L);
    else
        push_row(L, &row);
    return 1;
}

int lib_orgs_list(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct org_row *rows;
    int n = 0;
    int err = org_rows_list(platform_read(L, c), platform_str(L, 1, c, "q", NULL),
                            platform_str(L, 1, c, "cursor", NULL), LIST_MAX + 1,
                            c->arena, &rows, &n);
    if (err)
        return luaL_error(L, "organizations cannot be read: %s", err_name(err));
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_row(L, &rows[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* --- making --- */

static int add(struct platform_write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    int err = org_rows_add(db, &j->org, j->p.now_ms, j->p.actor);
    if (!err)
        err = org_rows_get(db, str_of(j->org.id), &j->p.arena, &j->row);
    return err ? err : limits_ring(j->limits, str_of(j->org.id), &j->org.ring);
}

static int added(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    const struct call_host *h = cw->call->host;
    struct org *org;
    if (cw->w.result == ERR_EXISTS)
        return platform_refused(L, "exists", n);
    if (!cw->w.result)
        cw->w.result = keyring_add_org(h->keyring, &j->org, &org);
    if (cw->w.result)
        return platform_failed(&j->p, L);
    push_row(L, &j->row);
    *n = 1;
    return 0;
}

int lib_orgs_create(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct str slug = platform_str(L, 1, c, "slug", NULL);
    struct str name = platform_str(L, 1, c, "name", NULL);
    struct str plan = platform_str(L, 1, c, "plan", NULL);
    struct str metadata = platform_json(L, 1, c, "metadata");
    luaL_argcheck(L, slug.n && name.n, 1, "slug and name are needed");
    struct job *j = platform_write_new(c, sizeof(*j), add, added);
    j->limits = c->host->limits;
    id_make(c->host->ids, "org_", c->now.wall_ms, j->org.id);
    j->name = name;
    j->plan = plan;
    j->metadata = metadata;
    j->org.slug = slug;
    atomic_init(&j->org.name, &j->name);
    atomic_init(&j->org.plan, &j->plan);
    atomic_init(&j->org.metadata, &j->metadata);
    return call_wait(L, &j->p.cw);
}

/* --- changing --- */

static int change(struct platform_write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    return org_rows_change(db, str_of(j->live->id), &j->change, j->p.now_ms, j->p.actor,
                           &j->p.arena, &j->row);
}

/* Not beside metadata, which may be refused when the rest is good. */
static bool suspends(const struct job *j)
{
    return (j->change.set & ORG_SET_SUSPENDED) && j->change.suspended &&
           !(j->change.set & ORG_SET_METADATA);
}

/* Held in memory whatever came of it: what was to be refused is refused. */
static int not_suspended(struct job *j, lua_State *L)
{
    int err = j->p.cw.w.result;
    call_fails(j->p.cw.call, 500, "suspension_not_durable",
               "All keys of this organization are refused from now on, but the store "
               "did not take it, and a restart would forget it. Suspend it again. "
               "Request id %s.");
    lua_pushfstring(L, "the store refused a suspension: %s", err_name(err));
    return err;
}

static int changed(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    if (cw->w.result == ERR_TOO_LARGE)
        return platform_refused(L, "too_large", n);
    if (cw->w.result)
        return suspends(j) ? not_suspended(j, L) : platform_failed(&j->p, L);
    org_rows_publish(cw->call->host->keyring, j->live, &j->row,
                     (j->change.set & ORG_SET_SUSPENDED) != 0);
    push_row(L, &j->row);
    *n = 1;
    return 0;
}

static void read_suspended(lua_State *L, struct org_change *to)
{
    lua_pushliteral(L, "suspended");
    if (lua_rawget(L, 2) == LUA_TBOOLEAN) {
        to->set |= ORG_SET_SUSPENDED;
        to->suspended = lua_toboolean(L, -1);
    }
    lua_pop(L, 1);
}

static void read_change(lua_State *L, struct call *c, struct org_change *to)
{
    static const struct {
        const char *name;
        unsigned bit;
    } members[] = {{"name", ORG_SET_NAME},         {"plan", ORG_SET_PLAN},
                   {"metadata", ORG_SET_METADATA}, {"limits", ORG_SET_LIMITS},
                   {"tagline", ORG_SET_TAGLINE},   {"branding", ORG_SET_BRANDING}};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (platform_has(L, 2, members[i].name))
            to->set |= members[i].bit;
    to->name = platform_str(L, 2, c, "name", NULL);
    to->plan = platform_str(L, 2, c, "plan", NULL);
    to->metadata = platform_json(L, 2, c, "metadata");
    to->limits = platform_json(L, 2, c, "limits");
    to->tagline = platform_str(L, 2, c, "tagline", NULL);
    to->branding = platform_json(L, 2, c, "branding");
    to->patch = platform_json(L, 2, c, "patch");
    read_suspended(L, to);
}

int lib_orgs_change(lua_State *L)
{
    struct call *c = call_of(L);
    struct org_change to = {.set = 0};
    luaL_checktype(L, 2, LUA_TTABLE);
    struct org *live = keyring_org(c->host->keyring, str_of(luaL_checkstring(L, 1)));
    if (!live) {
        lua_pushnil(L);
        return 1;
    }
    read_change(L, c, &to);
    call_may_wait(L); /* before memory says what the store never will */
    struct job *j = platform_write_new(c, sizeof(*j), change, changed);
    j->change = to;
    j->live = live;
    j->p.begun = suspends(j);
    if (j->p.begun)
        keyring_hold(live); /* no worker lets its keys in any more */
    return call_wait(L, &j->p.cw);
}
