/* The libraries of the one plugin that manages organizations and keys, and what they
 * have in common; see lua/platform.h. */

#include "lua/platform.h"

#include <stdlib.h>
#include <string.h>

#include "guard/audit.h"
#include "lua/identity.h"
#include "lua/lib.h"
#include "lua/transaction.h"

/* --- writes --- */

static int run(struct write *w, struct db *db)
{
    struct platform_write *p = (struct platform_write *)w;
    if (!p->begun && identity_again(p->cw.call, p->now_ms) != AUTH_OK)
        return ERR_ENDED;
    arena_reset(&p->arena);
    return p->act(p, db);
}

void *platform_write_new(struct call *c, size_t size,
                         int (*act)(struct platform_write *, struct db *),
                         int (*resume)(struct call_write *, lua_State *, int *))
{
    struct platform_write *w = calloc(1, size);
    if (!w)
        abort();
    w->cw.w.run = run;
    w->act = act;
    w->cw.resume = resume;
    w->cw.free = platform_write_free;
    w->actor = identity_actor(c);
    w->now_ms = c->now.wall_ms;
    arena_init(&w->arena);
    return w;
}

void platform_write_free(struct call_write *cw)
{
    arena_end(&((struct platform_write *)cw)->arena);
    free(cw);
}

int platform_failed(struct platform_write *w, lua_State *L)
{
    int err = w->cw.w.result;
    transaction_fails(w->cw.call, err);
    lua_pushfstring(L, "the store refused: %s", err_name(err));
    return err;
}

int platform_refused(lua_State *L, const char *word, int *n)
{
    lua_pushnil(L);
    lua_pushstring(L, word);
    *n = 2;
    return 0;
}

struct db *platform_read(lua_State *L, struct call *c)
{
    struct db *db;
    int err = c->host->read(c->host->ctx, &db);
    if (err)
        luaL_error(L, "the store cannot be read: %s", err_name(err));
    db_fence(db, NULL);
    return db;
}

/* --- arguments --- */

static int member(lua_State *L, int idx, const char *name)
{
    lua_pushstring(L, name);
    return lua_rawget(L, idx);
}

bool platform_has(lua_State *L, int idx, const char *name)
{
    bool there = member(L, idx, name) != LUA_TNIL;
    lua_pop(L, 1);
    return there;
}

struct str platform_str(lua_State *L, int idx, struct call *c, const char *name,
                        bool *null)
{
    size_t n;
    struct str out = {NULL, 0};
    int type = member(L, idx, name);
    if (type == LUA_TSTRING) {
        const char *p = lua_tolstring(L, -1, &n);
        out = arena_str(c->arena, (struct str){p, n});
    } else if (type != LUA_TNIL && type != LUA_TLIGHTUSERDATA) {
        luaL_error(L, "'%s' must be a string", name);
    }
    if (null)
        *null = type == LUA_TLIGHTUSERDATA;
    lua_pop(L, 1);
    return out;
}

int64_t platform_ms(lua_State *L, int idx, const char *name, bool *null)
{
    int type = member(L, idx, name);
    bool none = type == LUA_TNIL || type == LUA_TLIGHTUSERDATA;
    lua_Integer v = none ? 0 : luaL_checkinteger(L, -1);
    if (null)
        *null = type == LUA_TLIGHTUSERDATA;
    lua_pop(L, 1);
    return v || none ? v * 1000 : 1; /* 0 is none, and 1970 is a time */
}

struct str platform_json(lua_State *L, int idx, struct call *c, const char *name)
{
    struct str out = {NULL, 0};
    if (member(L, idx, name) != LUA_TNIL) {
        buf_clear(&c->scratch);
        buf_clear(&c->why);
        if (json_encode(L, lua_gettop(L), &c->scratch, &c->why)) {
            lua_pushlstring(L, c->why.p, c->why.n);
            luaL_error(L, "'%s': %s", name, lua_tostring(L, -1));
        }
        out = arena_str(c->arena, buf_slice(&c->scratch));
    }
    lua_pop(L, 1);
    return out;
}

/* --- results --- */

void platform_set_str(lua_State *L, const char *name, struct str v)
{
    if (v.n == 0)
        return;
    lua_pushlstring(L, v.p, v.n);
    lua_setfield(L, -2, name);
}

void platform_set_ms(lua_State *L, const char *name, int64_t ms)
{
    if (!ms)
        return;
    lua_pushinteger(L, ms / 1000);
    lua_setfield(L, -2, name);
}

void platform_set_json(lua_State *L, const char *name, struct str json)
{
    struct call *c = call_of(L);
    if (json.n == 0)
        return;
    buf_clear(&c->why);
    if (json_decode(L, json, &c->why))
        luaL_error(L, "the stored '%s' is no JSON", name);
    lua_setfield(L, -2, name);
}

/* --- plugins --- */

struct resuming {
    struct platform_write p; /* first */
    struct quarantine *q;
    struct str name;
};

static int note_resumed(struct platform_write *p, struct db *db)
{
    return audit_add(db, &(struct audit_row){.at_ms = p->now_ms,
                                             .actor = p->actor,
                                             .action = STR("plugin.resume"),
                                             .object = ((struct resuming *)p)->name});
}

static int resumed(struct call_write *cw, lua_State *L, int *n)
{
    struct resuming *r = (struct resuming *)cw;
    if (cw->w.result)
        return platform_failed(&r->p, L);
    lua_pushboolean(L, quarantine_end(r->q, cw->call->host->log));
    *n = 1;
    return 0;
}

/* true: it runs again; false: it was running; nil: there is none of that name. */
int lib_platform_resume(lua_State *L)
{
    struct call *c = call_of(L);
    struct str name = {NULL, 0};
    name.p = luaL_checklstring(L, 1, &name.n);
    struct quarantine *q =
        quarantine_find(quarantine_ward(c->unit->plugin->quarantine), name);
    if (!q || !quarantine_on(q)) {
        q ? lua_pushboolean(L, false) : lua_pushnil(L);
        return 1;
    }
    struct resuming *r = platform_write_new(c, sizeof(*r), note_resumed, resumed);
    r->q = q;
    r->name = arena_str(c->arena, name);
    return call_wait(L, &r->p.cw);
}
