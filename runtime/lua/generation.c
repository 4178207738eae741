#include "lua/generation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/attach.h"
#include "lua/builtin.h"
#include "lua/entry.h"
#include "lua/hook.h"
#include "lua/measure.h"
#include "lua/nearest.h"
#include "lua/option.h"
#include "lua/reference.h"
#include "native/natives.h"

/* --- reading --- */

/* Compiles every file, also those that only some day's request would require. */
static int check_syntax(struct folder *f, struct buf *faults)
{
    struct vm *vm;
    int err = vm_new(&vm, &(struct vm_options){.name = f->name.p});
    if (err)
        return err;
    for (int i = 0; i < f->n_files; i++) {
        int e = entry_check(vm, &f->files[i], faults);
        err = err ? err : e;
    }
    vm_free(vm);
    return err;
}

static int read_plugin(struct generation *g, const char *path,
                       const struct chosen *chosen, struct measures *measures,
                       struct buf *faults)
{
    struct plugin *p = &g->plugins[g->n_plugins];
    *p = (struct plugin){.index = g->n_plugins, .settings = &g->settings};
    int err = source_read(&g->arena, path, &p->folder, faults);
    if (err)
        return err;
    p->quarantine = quarantine_new(&g->arena, &g->ward, p->folder.name);
    for (int i = 0; i < g->n_plugins; i++) {
        if (str_eq(g->plugins[i].folder.name, p->folder.name)) {
            buf_fmt(faults, "%s: there is a plugin '%s' already\n", path,
                    p->folder.name.p);
            return ERR_EXISTS;
        }
    }
    g->n_plugins++;
    err = check_syntax(&p->folder, faults);
    p->faulty = manifest_read(&g->arena, &p->folder, &p->manifest, faults) != 0;
    if (!p->faulty)
        p->faulty = option_bind(&g->arena, &p->manifest, chosen,
                                source_find(&g->scripts, STR("kordless")), faults) != 0;
    measure_bind(measures, &p->manifest);
    return p->faulty ? ERR_INVALID : err;
}

static int read_plugins(struct generation *g, const struct generation_options *o,
                        struct buf *faults)
{
    int err = 0, most = g->settings.n_plugins + o->n_extra;
    g->plugins = arena_zero(&g->arena, sizeof(*g->plugins) * (size_t)(most + 1));
    for (int i = 0; i < most; i++) {
        const char *path =
            i < g->settings.n_plugins
                ? arena_fmt(&g->arena, "%s/%s", o->plugins, g->settings.plugins[i].p).p
                : o->extra[i - g->settings.n_plugins];
        const struct chosen *chosen =
            i < g->settings.n_plugins ? &g->settings.chosen[i] : NULL;
        int e = read_plugin(g, path, chosen, o->measures, faults);
        err = err ? err : e;
    }
    return err;
}

static void unknown_use(const struct generation *g, const struct plugin *p, int i,
                        struct buf *faults)
{
    const char *known[SETTINGS_PLUGINS_MAX + 1] = {NULL}, *near;
    for (int k = 0; k < p->index && k < SETTINGS_PLUGINS_MAX; k++)
        known[k] = g->plugins[k].folder.name.p;
    near = nearest(p->manifest.uses[i], known);
    manifest_fault(&p->folder, faults, "uses",
                   "no plugin '%s' stands before '%s'%s%s%s", p->manifest.uses[i].p,
                   p->folder.name.p, near ? "; did you mean '" : "", near ? near : "",
                   near ? "'?" : "");
}

/* `uses` may only name plugins that come earlier in the list: no circles. Its own name
 * is fine: a file that others take a copy of names its neighbours in full. */
static int bind_uses(struct generation *g, struct plugin *p, struct buf *faults)
{
    const struct manifest *m = &p->manifest;
    int err = 0;
    p->uses = arena_zero(&g->arena, sizeof(struct folder *) * (size_t)(m->n_uses + 1));
    for (int i = 0; i < m->n_uses; i++) {
        for (int k = 0; k <= p->index; k++)
            if (str_eq(g->plugins[k].folder.name, m->uses[i]))
                p->uses[i] = &g->plugins[k].folder;
        if (!p->uses[i]) {
            unknown_use(g, p, i, faults);
            err = ERR_INVALID;
        }
    }
    return err;
}

enum { ROUTES_STEP = 64 };

int generation_route(struct generation *g, struct route *r, void **clash)
{
    if (g->n_all % ROUTES_STEP == 0) {
        struct route **more =
            arena_alloc(&g->arena, sizeof(*more) * (size_t)(g->n_all + ROUTES_STEP));
        if (g->n_all)
            memcpy(more, g->all, sizeof(*more) * (size_t)g->n_all);
        g->all = more;
    }
    g->all[g->n_all++] = r;
    return route_add(g->routes, r->method, r->path, r, clash);
}

static int add_route(struct generation *g, struct plugin *p, int i, struct buf *faults)
{
    struct route *r = &p->manifest.routes[i];
    void *clash = NULL;
    char key[32];
    snprintf(key, sizeof(key), "routes[%d].path", i + 1);
    r->plugin = p->index;
    int err = generation_route(g, r, &clash);
    if (err == ERR_EXISTS)
        manifest_fault(&p->folder, faults, key, "the route %s is taken by %s",
                       r->label.p, ((const struct route *)clash)->label.p);
    else if (err)
        manifest_fault(&p->folder, faults, key, "'%s' is no route path", r->path.p);
    return err;
}

static int add_builtin(struct generation *g, bool test_clock)
{
    int n, err = 0;
    const struct route *own = builtin_routes(&n);
    for (int i = 0; i < n && !err; i++) {
        if (own[i].native == NATIVE_CLOCK && !test_clock)
            continue;
        struct route *r = arena_zero(&g->arena, sizeof(*r));
        *r = own[i];
        void *clash;
        err = generation_route(g, r, &clash);
    }
    return err;
}

static int add_routes(struct generation *g, bool test_clock, struct buf *faults)
{
    g->routes = routes_new();
    int err = add_builtin(g, test_clock);
    for (int i = 0; i < g->n_plugins; i++) {
        struct plugin *p = &g->plugins[i];
        int e = p->faulty ? 0 : bind_uses(g, p, faults);
        err = err ? err : e;
        for (int k = 0; k < p->manifest.n_routes && !p->faulty; k++) {
            e = add_route(g, p, k, faults);
            err = err ? err : e;
        }
        e = p->faulty ? 0 : attach_assets(g, p, faults);
        err = err ? err : e;
    }
    return err;
}

int generation_start(struct generation *g, struct natives *natives, struct buf *faults)
{
    int err = 0;
    for (int i = 0; i < g->n_natives && !err; i++)
        err = natives_start(natives, g->natives[i], faults);
    return err;
}

int generation_read(struct generation **out, const struct generation_options *o,
                    struct buf *faults)
{
    struct generation *g = calloc(1, sizeof(*g));
    if (!g)
        abort();
    *out = g;
    arena_init(&g->arena);
    g->exact = o->exact;
    g->kept = o->kept;
    g->ward.policies = quarantine_new(&g->arena, &g->ward, STR("policy"));
    atomic_store(&g->holders, 1);
    int err = source_read(&g->arena, o->scripts, &g->scripts, faults);
    if (err == ERR_NOT_FOUND)
        return err;
    int e = check_syntax(&g->scripts, faults);
    err = err ? err : e;
    e = settings_read(&g->arena, &g->scripts, &g->settings, faults);
    err = err ? err : e;
    e = read_plugins(g, o, faults);
    err = err ? err : e;
    e = hook_bind(&g->arena, g->plugins, g->n_plugins, faults);
    err = err ? err : e;
    e = add_routes(g, o->test_clock, faults);
    err = err ? err : e;
    e = attach_natives(g, o->natives, faults);
    err = err ? err : e;
    if (!err)
        reference_write(g);
    return err;
}

/* --- the store --- */

int generation_migrate(struct generation *g, struct db *db, bool dry, int *ran,
                       struct buf *faults)
{
    *ran = 0;
    for (int i = 0; i < g->n_plugins; i++) {
        struct plugin *p = &g->plugins[i];
        int n = 0;
        if (p->faulty)
            continue;
        int err = migrate_run(db, p->manifest.name, p->folder.migrations,
                              (size_t)p->folder.n_migrations, dry, &n, faults);
        if (err) {
            buf_char(faults, '\n');
            return err;
        }
        *ran += n;
    }
    return 0;
}

enum { TABLES_MAX = 64 };

struct table_list {
    struct arena *arena;
    struct str names[TABLES_MAX];
    size_t n;
};

static void note_table(void *ctx, struct str table)
{
    struct table_list *l = ctx;
    if (l->n < TABLES_MAX)
        l->names[l->n++] = arena_str(l->arena, table);
}

/* Of the runtime's own tables a plugin may read the organizations, and no keys, people,
 * secrets or numbers of how they are used. */
static bool readable(struct str table, const struct table_list *runtimes)
{
    for (size_t i = 0; i < runtimes->n; i++)
        if (str_eq_nocase(table, runtimes->names[i]))
            return str_eq_nocase(table, STR("organization"));
    return true;
}

static int build_fence(struct generation *g, struct plugin *p, struct db *db,
                       struct buf *faults)
{
    struct table_list l = {.arena = &g->arena}, runtimes = {.arena = &g->arena};
    int err = migrate_tables(db, p->manifest.name, note_table, &l);
    int e = migrate_tables(db, STR("kordless"), note_table, &runtimes);
    err = err ? err : e;
    struct str *names = arena_alloc(&g->arena, sizeof(l.names));
    memcpy(names, l.names, sizeof(l.names));
    p->fence = (struct fence){.write = names,
                              .n_write = l.n,
                              .read = p->manifest.reads,
                              .n_read = (size_t)p->manifest.n_reads};
    for (int i = 0; i < p->manifest.n_reads; i++) {
        if (readable(p->manifest.reads[i], &runtimes))
            continue;
        manifest_fault(&p->folder, faults, "reads", "'%s' is closed to plugins",
                       p->manifest.reads[i].p);
        err = ERR_DENIED;
    }
    return err;
}

/* --- states --- */

static int build_writers(struct generation *g, const struct unit_options *common,
                         struct buf *faults)
{
    int err = 0;
    g->writers = calloc((size_t)g->n_plugins + 1, sizeof(struct unit *));
    if (!g->writers)
        abort();
    for (int i = 0; i < g->n_plugins; i++) {
        struct unit_options o = *common;
        if (g->plugins[i].faulty)
            continue;
        o.role = UNIT_TRANSACTIONS;
        o.plugin = &g->plugins[i];
        int e = unit_new(&g->writers[i], &o, faults);
        err = err ? err : e;
    }
    return err;
}

static int build_worker(struct generation *g, struct worker_units *w,
                        const struct unit_options *common, struct buf *faults)
{
    int err =
        policies_new(&w->policies, &g->scripts, common->zones, common->log, faults);
    w->units = calloc((size_t)g->n_plugins + 1, sizeof(struct unit *));
    if (!w->units)
        abort();
    for (int i = 0; i < g->n_plugins; i++) {
        struct unit_options o = *common;
        if (g->plugins[i].faulty)
            continue;
        o.role = UNIT_HANDLERS;
        o.plugin = &g->plugins[i];
        o.policies = w->policies;
        o.writer = g->writers[i];
        int e = unit_new(&w->units[i], &o, faults);
        err = err ? err : e;
    }
    return err;
}

/* --- what a request costs --- */

static int count_routes(const struct generation *g)
{
    int n = 0;
    for (int i = 0; i < g->n_plugins; i++)
        n += g->plugins[i].faulty ? 0 : g->plugins[i].manifest.n_routes;
    return n;
}

/* Asked once a load, of the routes that keys may use; then it is a number of the route.
 */
static int set_costs(struct generation *g, struct buf *faults)
{
    int n = 0, most = count_routes(g);
    struct quota_route *all = arena_zero(&g->arena, sizeof(*all) * ((size_t)most + 1));
    struct route **routes = arena_zero(&g->arena, sizeof(*routes) * ((size_t)most + 1));
    for (int i = 0; i < g->n_plugins; i++)
        for (int k = 0; !g->plugins[i].faulty && k < g->plugins[i].manifest.n_routes;
             k++) {
            struct route *r = &g->plugins[i].manifest.routes[k];
            if (r->auth == ROUTE_NONE || r->auth == ROUTE_PLATFORM)
                continue;
            routes[n] = r;
            all[n++] =
                (struct quota_route){.method = str_of(http_method_name(r->method)),
                                     .path = r->path,
                                     .label = r->label,
                                     .plugin = g->plugins[i].folder.name,
                                     .scope = str_of(scope_name(r->scope))};
        }
    int err = quota_costs(g->quota, all, n, faults);
    for (int i = 0; i < n && !err; i++)
        routes[i]->cost = all[i].cost;
    return err;
}

int generation_build(struct generation *g, struct db *db, struct zones *zones,
                     struct log *log, const struct keyring *ring, int n_workers,
                     uint32_t number, struct buf *faults)
{
    struct unit_options common = {
        .scripts = &g->scripts, .zones = zones, .log = log, .exact = g->exact};
    int err = 0;
    g->number = number;
    g->n_workers = n_workers;
    g->workers = calloc((size_t)n_workers, sizeof(*g->workers));
    if (!g->workers)
        abort();
    for (int i = 0; i < g->n_plugins; i++) {
        if (g->plugins[i].faulty)
            continue;
        int e = build_fence(g, &g->plugins[i], db, faults);
        err = err ? err : e;
    }
    int e = build_writers(g, &common, faults);
    err = err ? err : e;
    for (int i = 0; i < n_workers && !err; i++) /* equal states: the first finds all */
        err = build_worker(g, &g->workers[i], &common, faults);
    e = quota_new(&g->quota, &g->scripts, zones, log, ring, number, g->kept, faults);
    e = e ? e : set_costs(g, faults);
    return err ? err : e;
}

/* --- the end --- */

static void free_all(struct generation *g)
{
    for (int w = 0; g->workers && w < g->n_workers; w++) {
        for (int i = 0; g->workers[w].units && i < g->n_plugins; i++)
            unit_free(g->workers[w].units[i]);
        free(g->workers[w].units);
        policies_free(g->workers[w].policies);
    }
    for (int i = 0; g->writers && i < g->n_plugins; i++)
        unit_free(g->writers[i]);
    free(g->workers);
    free(g->writers);
    quota_free(g->quota);
    routes_free(g->routes);
    arena_end(&g->arena);
    free(g);
}

void generation_hold(struct generation *g)
{
    atomic_fetch_add(&g->holders, 1);
}

void generation_drop(struct generation *g)
{
    if (g && atomic_fetch_sub(&g->holders, 1) == 1)
        free_all(g);
}
