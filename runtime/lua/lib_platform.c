/* kordless.organizations and kordless.keys, for the one plugin that manages them. Rows
 * are guard/registry.c's; what every worker sees is guard/keyring.c's. The order
 * between the two is the promise: a key is in the ring only when its row is durable; a
 * revocation is in the ring before its transaction is even queued, and is answered when
 * it is durable. */

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "guard/limit.h"
#include "guard/registry.h"
#include "lua/call.h"
#include "lua/lib.h"

enum { LIST_MAX = 100, TRIES = 16 };

struct job {
    struct call_write cw; /* first */
    struct str actor, reason;
    int64_t now_ms;
    struct org org;
    struct key key;
    enum key_kind kind;
    char text[KEY_TEXT + 1];
    int64_t revoked_ms;
    const struct pepper *pepper;
};

static void free_job(struct call_write *cw)
{
    struct job *j = (struct job *)cw;
    explicit_bzero(j->text, sizeof(j->text));
    free(j);
}

static struct job *new_job(struct call *c, int (*run)(struct write *, struct db *),
                           int (*resume)(struct call_write *, lua_State *, int *))
{
    struct job *j = calloc(1, sizeof(*j));
    if (!j)
        abort();
    j->cw.w.run = run;
    j->cw.resume = resume;
    j->cw.free = free_job;
    j->actor = c->actor;
    j->now_ms = c->now.wall_ms;
    j->pepper = c->host->pepper;
    return j;
}

static void set_str(lua_State *L, const char *name, struct str v)
{
    if (v.n == 0) /* unset, in a row as in the ring */
        return;
    lua_pushlstring(L, v.p, v.n);
    lua_setfield(L, -2, name);
}

static void set_ms(lua_State *L, const char *name, int64_t ms)
{
    if (!ms)
        return;
    lua_pushinteger(L, ms / 1000);
    lua_setfield(L, -2, name);
}

/* A field of the table at 1, copied to where the call's writes can read it. */
static struct str arg_str(lua_State *L, struct call *c, const char *name, bool required)
{
    size_t n;
    struct str out = {NULL, 0};
    lua_pushstring(L, name);
    int type = lua_rawget(L, 1);
    if (type == LUA_TSTRING) {
        const char *p = lua_tolstring(L, -1, &n);
        out = arena_str(c->arena, (struct str){p, n});
    } else if (required || type != LUA_TNIL) {
        luaL_error(L, "'%s' must be a string", name);
    }
    lua_pop(L, 1);
    return out;
}

static int64_t arg_seconds(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, 1);
    lua_Integer v = lua_isnil(L, -1) ? 0 : luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    return v * 1000;
}

/* The two failures a caller may meet; everything else is the server's trouble. */
static int failed(struct job *j, lua_State *L, int *n)
{
    int err = j->cw.w.result;
    if (err == ERR_EXISTS) {
        lua_pushnil(L);
        lua_pushliteral(L, "exists");
        *n = 2;
        return 0;
    }
    lua_pushfstring(L, "the store refused: %s", err_name(err));
    return err;
}

/* --- organizations --- */

static void push_org(lua_State *L, const struct org *o)
{
    lua_createtable(L, 0, 5);
    set_str(L, "id", str_of(o->id));
    set_str(L, "slug", o->slug);
    set_str(L, "name", o->name);
    set_str(L, "plan", o->plan);
    lua_pushboolean(L, atomic_load(&o->suspended));
    lua_setfield(L, -2, "suspended");
}

static int add_org(struct write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    return registry_add_org(db, &j->org, j->now_ms, j->actor);
}

static int added_org(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    const struct call_host *h = cw->call->host;
    struct org *org;
    if (!cw->w.result)
        cw->w.result = limits_ring(h->limits, str_of(j->org.id), &j->org.ring);
    if (!cw->w.result)
        cw->w.result = keyring_add_org(h->keyring, &j->org, &org);
    if (cw->w.result)
        return failed(j, L, n);
    push_org(L, org);
    *n = 1;
    return 0;
}

static int l_org_create(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct str slug = arg_str(L, c, "slug", true), name = arg_str(L, c, "name", true);
    struct str plan = arg_str(L, c, "plan", false);
    struct job *j = new_job(c, add_org, added_org);
    id_make(c->host->ids, "org_", c->now.wall_ms, j->org.id);
    j->org.slug = slug;
    j->org.name = name;
    j->org.plan = plan.p ? plan : STR("");
    return call_wait(L, &j->cw);
}

static int l_org_find(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    struct str name = {p, n};
    struct org *o = keyring_org(c->host->keyring, name);
    if (!o)
        o = keyring_org_by_slug(c->host->keyring, name);
    if (o)
        push_org(L, o);
    else
        lua_pushnil(L);
    return 1;
}

/* --- keys --- */

static void push_scopes(lua_State *L, uint32_t scopes)
{
    int n = 0;
    lua_newtable(L);
    for (uint32_t bit = 1; bit & SCOPE_ALL; bit <<= 1) {
        if (!(scopes & bit))
            continue;
        lua_pushstring(L, scope_name(bit));
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "scopes");
}

static void push_row(lua_State *L, const struct key_row *r)
{
    static const char *const environments[] = {NULL, "production", "development"};
    lua_createtable(L, 0, 16);
    set_str(L, "id", r->id);
    set_str(L, "label", r->label);
    set_str(L, "last4", r->last4);
    set_str(L, "environment", str_of(environments[r->environment]));
    set_str(L, "created_by", r->created_by);
    set_str(L, "revoked_by", r->revoked_by);
    set_str(L, "revoke_reason", r->revoke_reason);
    set_str(L, "note", r->note);
    set_ms(L, "created_at", r->created_ms);
    set_ms(L, "revoked_at", r->revoked_ms);
    set_ms(L, "not_before", r->not_before_ms);
    set_ms(L, "expires_at", r->expires_ms);
    set_ms(L, "last_used_at", r->last_used_ms);
    push_scopes(L, r->scopes);
}

/* Last 4 is unique within an organization, so that people can name a key by it: a key
 * that collides is thrown away and another one made. A run after a rerun finds its own
 * last choice still in the job. */
static int add_key(struct write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    int err = ERR_EXISTS;
    for (int i = 0; i < TRIES && err == ERR_EXISTS; i++) {
        if (i > 0 || !j->text[0])
            key_make(j->kind, j->text);
        struct str text = str_of(j->text);
        secret_digest(j->pepper, text, j->key.digest);
        memcpy(j->key.last4, j->text + KEY_TEXT - LAST4, LAST4 + 1);
        err = registry_add_key(db, &j->key, j->now_ms, j->actor);
    }
    return err;
}

static int added_key(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    const struct call_host *h = cw->call->host;
    struct key *key;
    if (!cw->w.result)
        cw->w.result = limits_ring(h->limits, str_of(j->key.id), &j->key.ring);
    if (!cw->w.result)
        cw->w.result = keyring_add_key(h->keyring, &j->key, &key);
    if (cw->w.result)
        return failed(j, L, n);
    struct key_row row = {.id = str_of(j->key.id),
                          .label = j->key.label,
                          .last4 = str_of(j->key.last4),
                          .created_by = j->actor,
                          .environment = j->key.environment,
                          .scopes = j->key.scopes,
                          .created_ms = j->key.created_ms,
                          .not_before_ms = j->key.not_before_ms,
                          .expires_ms = j->key.expires_ms};
    push_row(L, &row);
    set_str(L, "key", str_of(j->text));
    *n = 1;
    return 0;
}

static uint32_t arg_scopes(lua_State *L)
{
    uint32_t scopes = 0;
    lua_pushliteral(L, "scopes");
    if (lua_rawget(L, 1) != LUA_TTABLE) {
        lua_pop(L, 1);
        return SCOPE_ALL;
    }
    for (int i = 1; i <= (int)lua_rawlen(L, -1); i++) {
        lua_rawgeti(L, -1, i);
        uint32_t bit = scope_bit(str_of(lua_tostring(L, -1)));
        if (!bit)
            luaL_error(L, "'%s' is no scope", lua_tostring(L, -1));
        scopes |= bit;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return scopes ? scopes : SCOPE_ALL;
}

static int environment_of(struct str name)
{
    if (!name.p)
        return ENV_NONE;
    return str_eq(name, STR("development")) ? ENV_DEVELOPMENT : ENV_PRODUCTION;
}

static int l_key_create(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct org *org =
        keyring_org(c->host->keyring, arg_str(L, c, "organization_id", true));
    luaL_argcheck(L, org != NULL, 1, "no such organization");
    struct key row = {.org = org,
                      .label = arg_str(L, c, "label", true),
                      .environment =
                          environment_of(arg_str(L, c, "environment", false)),
                      .scopes = arg_scopes(L),
                      .created_ms = c->now.wall_ms,
                      .not_before_ms = arg_seconds(L, "not_before"),
                      .expires_ms = arg_seconds(L, "expires_at")};
    struct job *j = new_job(c, add_key, added_key);
    j->key = row;
    j->kind = row.environment == ENV_DEVELOPMENT ? KEY_TEST : KEY_LIVE;
    id_make(c->host->ids, "key_", c->now.wall_ms, j->key.id);
    return call_wait(L, &j->cw);
}

static int l_key_list(lua_State *L)
{
    struct call *c = call_of(L);
    size_t no, nc;
    const char *org = luaL_checklstring(L, 1, &no);
    const char *cursor = luaL_optlstring(L, 2, "", &nc);
    lua_Integer most = luaL_optinteger(L, 3, LIST_MAX);
    struct key_row *rows;
    struct db *db;
    int n = 0;
    luaL_argcheck(L, most >= 1 && most <= LIST_MAX, 3, "1 to 100");
    int err = c->host->read(c->host->ctx, &db);
    if (!err) {
        db_fence(db, NULL);
        err = registry_list_keys(db, (struct str){org, no}, (struct str){cursor, nc},
                                 (int)most, c->arena, &rows, &n);
    }
    if (err)
        return luaL_error(L, "the keys cannot be read: %s", err_name(err));
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_row(L, &rows[i]);
        struct key *live = keyring_key(c->host->keyring, rows[i].id);
        if (live) /* the row lags a few seconds behind */
            set_ms(L, "last_used_at", atomic_load(&live->last_used_ms));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int revoke(struct write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    return registry_revoke(db, str_of(j->key.id), j->reason, j->now_ms, j->actor,
                           &j->revoked_ms);
}

static int revoked(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    if (cw->w.result)
        return failed(j, L, n);
    lua_pushinteger(L, j->revoked_ms / 1000);
    *n = 1;
    return 0;
}

static int l_key_revoke(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n, nr;
    const char *id = luaL_checklstring(L, 1, &n);
    const char *reason = luaL_optlstring(L, 2, "", &nr);
    struct key *k = keyring_key(c->host->keyring, (struct str){id, n});
    if (!k) {
        lua_pushnil(L);
        return 1;
    }
    struct job *j = new_job(c, revoke, revoked);
    memcpy(j->key.id, k->id, sizeof(j->key.id));
    j->reason = arena_str(c->arena, (struct str){reason, nr});
    keyring_revoke(k); /* from here on no worker lets it in, whatever the disk says */
    return call_wait(L, &j->cw);
}

/* --- plugins --- */

/* true: it runs again; false: it was running; nil: there is none of that name. */
static int l_plugin_resume(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    struct quarantine *q = quarantine_find(quarantine_ward(c->unit->plugin->quarantine),
                                           (struct str){name, n});
    if (q)
        lua_pushboolean(L, quarantine_end(q, c->host->log));
    else
        lua_pushnil(L);
    return 1;
}

void lib_platform_open(struct unit *u)
{
    static const luaL_Reg plugins[] = {{"resume", l_plugin_resume}, {NULL, NULL}};
    static const luaL_Reg organizations[] = {
        {"create", l_org_create}, {"find", l_org_find}, {NULL, NULL}};
    static const luaL_Reg keys[] = {{"create", l_key_create},
                                    {"list", l_key_list},
                                    {"revoke", l_key_revoke},
                                    {NULL, NULL}};
    lua_State *L = vm_main(u->vm);
    luaL_newlib(L, organizations);
    vm_set_library(u->vm, "organizations");
    luaL_newlib(L, keys);
    vm_set_library(u->vm, "keys");
    luaL_newlib(L, plugins);
    vm_set_library(u->vm, "plugins");
}
