#include "lua/unit.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "lua/entry.h"
#include "lua/fields.h"
#include "lua/hook.h"
#include "lua/settings.h"

struct unit *unit_of(lua_State *L)
{
    return vm_owner(vm_of(L));
}

void unit_close(struct unit *u)
{
    if (u->open)
        stmt_done(u->open);
    u->open = NULL;
}

/* "rules" is a file of one's own, and so is "bookings.rules" in the plugin bookings,
 * which another's copy of the file finds too; "availability.rules" is of a plugin under
 * `uses`. */
static const struct source *resolve(const struct unit *u, struct str name)
{
    struct str head, rest;
    if (!str_cut(name, '.', &head, &rest))
        return source_find(u->plugin ? &u->plugin->folder : u->scripts, name);
    if (!u->plugin)
        return NULL;
    if (str_eq(head, u->plugin->manifest.name))
        return source_find(&u->plugin->folder, rest);
    for (int i = 0; i < u->plugin->manifest.n_uses; i++)
        if (str_eq(u->plugin->manifest.uses[i], head) && u->plugin->uses[i])
            return source_find(u->plugin->uses[i], rest);
    return NULL;
}

/* What a module of another plugin may be: its pure files, never what runs it. */
static bool is_entry(struct str module)
{
    return str_eq(module, STR("plugin")) || str_eq(module, STR("handlers")) ||
           str_eq(module, STR("transactions"));
}

static bool find_module(lua_State *L, struct str name, void *ctx)
{
    struct unit *u = ctx;
    const struct source *s = resolve(u, name);
    if (!s || is_entry(s->module))
        return false;
    buf_clear(&u->why);
    if (s->broken)
        luaL_error(L, "require: %s does not compile", s->name.p);
    if (vm_load(u->vm, s->text, s->name.p, false, &u->why)) {
        lua_pushlstring(L, u->why.p, u->why.n);
        lua_error(L);
    }
    if (L != vm_main(u->vm))
        lua_xmove(vm_main(u->vm), L, 1);
    lua_call(L, 0, 1);
    return true;
}

static void open_api(struct unit *u)
{
    const struct source *s =
        u->plugin ? source_find(&u->plugin->folder, STR("plugin")) : NULL;
    u->grant = (struct api_grant){.vm = u->vm,
                                  .phase = (enum api_phase)(1 << u->role),
                                  .needs = u->plugin ? u->plugin->manifest.needs : ~0u,
                                  .zones = u->zones,
                                  .manifest = u->plugin ? &u->plugin->manifest : NULL,
                                  .file = s ? s->name.p : "plugin.lua"};
    api_open(&u->grant);
}

struct look {
    struct unit *u;
    struct buf *faults;
};

/* With the table of handlers on top. */
static void no_handler(lua_State *L, const struct look *l, int route)
{
    enum { NAMES_MAX = 200 };
    const struct plugin *p = l->u->plugin;
    const char *known[NAMES_MAX + 1] = {NULL};
    const struct source *s = source_find(&p->folder, STR("plugin"));
    struct fields f = {.L = L, .file = s->name.p, .text = s->text, .faults = l->faults};
    int n = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (n < NAMES_MAX && lua_type(L, -2) == LUA_TSTRING && lua_isfunction(L, -1))
            known[n++] = lua_tostring(L, -2);
        lua_pop(L, 1);
    }
    snprintf(f.path, sizeof(f.path), "routes[%d].", route + 1);
    fields_wrong(&f, "handler", p->manifest.routes[route].handler,
                 "handlers.lua has no such function", known);
}

/* What the manifest's hooks name must be there as well. */
static int check_hooks(lua_State *L, const struct look *l)
{
    const struct manifest *m = &l->u->plugin->manifest;
    int err = 0;
    for (int i = 0; i < m->n_hooks; i++) {
        char key[96];
        snprintf(key, sizeof(key), "hooks.%s", m->hooks[i].event.p);
        lua_pushlstring(L, m->hooks[i].handler.p, m->hooks[i].handler.n);
        if (lua_rawget(L, -2) != LUA_TFUNCTION) {
            manifest_fault(&l->u->plugin->folder, l->faults, key,
                           "handlers.lua has no function '%s'", m->hooks[i].handler.p);
            err = ERR_INVALID;
        }
        lua_pop(L, 1);
    }
    return err;
}

static int bind_handlers(lua_State *L, const struct look *l)
{
    const struct plugin *p = l->u->plugin;
    const struct manifest *m = &p->manifest;
    int err = 0;
    for (int i = 0; i < m->n_routes; i++) {
        lua_pushlstring(L, m->routes[i].handler.p, m->routes[i].handler.n);
        if (lua_rawget(L, -2) != LUA_TFUNCTION) {
            lua_pop(L, 1);
            no_handler(L, l, i);
            err = ERR_INVALID;
        } else {
            l->u->handler_refs[i + 1] = luaL_ref(L, LUA_REGISTRYINDEX);
        }
    }
    return err;
}

static int look(lua_State *L, void *ctx)
{
    const struct look *l = ctx;
    int err = 0;
    if (l->u->role == UNIT_HANDLERS) {
        err = check_hooks(L, l);
        int e = bind_handlers(L, l);
        err = err ? err : e;
    }
    l->u->table_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return err;
}

/* A plugin without the role's file has an empty table. */
static int load_role(struct unit *u, struct buf *faults)
{
    static const struct str files[] = {STR("handlers"), STR("transactions")};
    static const struct source nothing = {.name = STR("nothing"),
                                          .text = STR("return {}")};
    struct look l = {u, faults};
    struct entry e = {.instructions = 1000000, .look = look, .ctx = &l};
    if (u->role == UNIT_POLICY)
        return 0;
    u->handler_refs = calloc((size_t)u->plugin->manifest.n_routes + 1, sizeof(int));
    if (!u->handler_refs)
        abort();
    e.source = source_find(&u->plugin->folder, files[u->role]);
    if (!e.source)
        e.source = &nothing;
    return entry_run(u->vm, &e, faults);
}

int unit_new(struct unit **out, const struct unit_options *o, struct buf *faults)
{
    struct unit *u = calloc(1, sizeof(*u));
    if (!u)
        abort();
    *u = (struct unit){.role = o->role,
                       .plugin = o->plugin,
                       .scripts = o->scripts,
                       .log = o->log,
                       .zones = o->zones,
                       .policies = o->policies,
                       .writer = o->writer};
    struct vm_options vo = {.name = o->plugin ? o->plugin->manifest.name.p : "policy",
                            .owner = u,
                            .exact = o->exact};
    if (o->plugin && o->plugin->settings)
        vo.memory_max = (size_t)o->plugin->settings->memory_mib << 20;
    int err = vm_new(&u->vm, &vo);
    if (err) {
        free(u);
        return err;
    }
    vm_set_require(u->vm, find_module, u);
    open_api(u);
    err = load_role(u, faults);
    if (err)
        unit_free(u);
    else
        *out = u;
    return err;
}

void unit_free(struct unit *u)
{
    if (!u)
        return;
    vm_free(u->vm);
    buf_end(&u->why);
    free(u->handler_refs);
    free(u);
}
