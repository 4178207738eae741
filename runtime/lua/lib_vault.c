/* kordless.secret for plugins, and kordless.secrets for the one that sets them. A value
 * is in memory only when its row is durable. */

#include <lauxlib.h>
#include <string.h>

#include "guard/vault.h"
#include "lua/call.h"
#include "lua/lib.h"
#include "lua/nearest.h"
#include "lua/platform.h"

static struct vault *vault_of(lua_State *L, struct call *c)
{
    if (!c->host->vault)
        luaL_error(L, "there are no secrets here");
    return c->host->vault;
}

/* --- reading --- */

static void need_declared(lua_State *L, const struct manifest *m, struct str name)
{
    enum { KNOWN_MAX = 32 };
    const char *known[KNOWN_MAX + 1] = {NULL}, *near;
    for (int i = 0; i < m->n_secrets && i < KNOWN_MAX; i++) {
        if (str_eq(m->secrets[i], name))
            return;
        known[i] = m->secrets[i].p;
    }
    near = nearest(name, known);
    luaL_error(L, "secret: plugin.lua lists no '%s' under secrets%s%s%s", name.p,
               near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int lib_vault_secret(lua_State *L)
{
    struct call *c = call_of(L);
    const struct manifest *m = &c->unit->plugin->manifest;
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    need_declared(L, m, (struct str){p, n});
    buf_clear(&c->scratch);
    if (vault_get(vault_of(L, c), arena_fmt(c->arena, "%s.%s", m->name.p, p),
                  &c->scratch))
        lua_pushlstring(L, c->scratch.p, c->scratch.n);
    else
        lua_pushnil(L);
    if (c->scratch.n)
        explicit_bzero(c->scratch.p, c->scratch.n);
    buf_clear(&c->scratch);
    return 1;
}

/* --- setting --- */

struct job {
    struct platform_write p; /* first */
    struct str name;
    struct buf value, box;
};

static void free_job(struct call_write *cw)
{
    struct job *j = (struct job *)cw;
    if (j->value.p)
        explicit_bzero(j->value.p, j->value.cap);
    buf_end(&j->value);
    buf_end(&j->box);
    platform_write_free(cw);
}

static int put(struct platform_write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    return vault_row_put(db, j->name, buf_slice(&j->box), w->now_ms, w->actor);
}

static int drop(struct platform_write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    return vault_row_drop(db, j->name, w->now_ms, w->actor);
}

/* In the order of commits, or of two at once memory might keep what the store does not.
 */
static void settled(struct call_write *cw)
{
    struct job *j = (struct job *)cw;
    vault_set(cw->call->host->vault, j->name, buf_slice(&j->value), j->p.now_ms);
}

/* true; nil and a word: "full", "not_found". */
static int done(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    int err = cw->w.result;
    *n = 2;
    if (err == ERR_NOT_FOUND || err == ERR_TOO_LARGE)
        return platform_refused(L, err == ERR_NOT_FOUND ? "not_found" : "full", n);
    if (err)
        return platform_failed(&j->p, L);
    lua_pushboolean(L, true);
    lua_pushnil(L);
    return 0;
}

static struct job *new_job(lua_State *L,
                           int (*act)(struct platform_write *, struct db *))
{
    struct call *c = call_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    vault_of(L, c);
    luaL_argcheck(L, vault_name_ok((struct str){p, n}), 1, "is no plugin.name");
    struct job *j = platform_write_new(c, sizeof(*j), act, done);
    j->p.cw.free = free_job;
    j->p.cw.settled = settled;
    j->name = arena_str(c->arena, (struct str){p, n});
    return j;
}

int lib_vault_set(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 2, &n);
    luaL_argcheck(L, n >= 1 && n <= VAULT_VALUE_MAX, 2, "1 to 8192 bytes");
    struct job *j = new_job(L, put);
    buf_str(&j->value, (struct str){p, n});
    secret_box(call_of(L)->host->pepper, buf_slice(&j->value), &j->box);
    return call_wait(L, &j->p.cw);
}

int lib_vault_drop(lua_State *L)
{
    return call_wait(L, &new_job(L, drop)->p.cw);
}

int lib_vault_list(lua_State *L)
{
    struct call *c = call_of(L);
    int n;
    const struct vault_entry *list = vault_list(vault_of(L, c), c->arena, &n);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lua_createtable(L, 0, 2);
        lua_pushlstring(L, list[i].name.p, list[i].name.n);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, list[i].at_ms / 1000);
        lua_setfield(L, -2, "set_at");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}
