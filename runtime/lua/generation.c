#include "lua/generation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/entry.h"

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

static int read_plugin(struct generation *g, const char *path, struct buf *faults)
{
    struct plugin *p = &g->plugins[g->n_plugins];
    *p = (struct plugin){.index = g->n_plugins};
    int err = source_read(&g->arena, path, &p->folder, faults);
    if (err)
        return err;
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
        int e = read_plugin(g, path, faults);
        err = err ? err : e;
    }
    return err;
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
            buf_fmt(faults, "%s/plugin.lua: uses: no plugin '%s' stands before '%s'\n",
                    p->folder.path.p, m->uses[i].p, p->folder.name.p);
            err = ERR_INVALID;
        }
    }
    return err;
}

static int add_route(struct generation *g, struct route *r, const char *file,
                     struct buf *faults)
{
    void *clash = NULL;
    int err = route_add(g->routes, r->method, r->path, r, &clash);
    if (err == ERR_EXISTS)
        buf_fmt(faults, "%s: the route %s is taken by %s\n", file, r->label.p,
                ((const struct route *)clash)->label.p);
    else if (err)
        buf_fmt(faults, "%s: '%s' is no route path\n", file, r->path.p);
    return err;
}

static int add_native(struct generation *g, bool test_clock, struct buf *faults)
{
    static const struct route native[] = {
        {.native = NATIVE_HEALTHZ,
         .method = HTTP_GET,
         .auth = ROUTE_NONE,
         .path = STR("/healthz"),
         .label = STR("GET /healthz")},
        {.native = NATIVE_READYZ,
         .method = HTTP_GET,
         .auth = ROUTE_NONE,
         .path = STR("/readyz"),
         .label = STR("GET /readyz")},
        {.native = NATIVE_RATE_LIMIT,
         .method = HTTP_GET,
         .auth = ROUTE_ORGANIZATION,
         .path = STR("/api/calendar/v1/rate-limit"),
         .label = STR("GET /api/calendar/v1/rate-limit")},
        {.native = NATIVE_CLOCK,
         .method = HTTP_PUT,
         .auth = ROUTE_NONE,
         .path = STR("/test/clock"),
         .label = STR("PUT /test/clock"),
         .body = true},
    };
    int err = 0;
    for (size_t i = 0; i < sizeof(native) / sizeof(native[0]) && !err; i++) {
        if (native[i].native == NATIVE_CLOCK && !test_clock)
            continue;
        struct route *r = arena_zero(&g->arena, sizeof(*r));
        *r = native[i];
        err = add_route(g, r, "the server's own", faults);
    }
    return err;
}

static int add_routes(struct generation *g, bool test_clock, struct buf *faults)
{
    g->routes = routes_new();
    int err = add_native(g, test_clock, faults);
    for (int i = 0; i < g->n_plugins; i++) {
        struct plugin *p = &g->plugins[i];
        struct str file = arena_fmt(&g->arena, "%s/plugin.lua", p->folder.path.p);
        int e = p->faulty ? 0 : bind_uses(g, p, faults);
        err = err ? err : e;
        for (int k = 0; k < p->manifest.n_routes && !p->faulty; k++) {
            p->manifest.routes[k].plugin = i;
            e = add_route(g, &p->manifest.routes[k], file.p, faults);
            err = err ? err : e;
        }
    }
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
    e = add_routes(g, o->test_clock, faults);
    return err ? err : e;
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

/* A plugin may be listed as reading what it must not: keys, sessions, secrets. */
static bool readable(struct str table)
{
    static const char *const closed[] = {"api_key", "member", "session",
                                         "audit",   "outbox", "idempotency",
                                         "secret",  "setting"};
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        if (str_eq_nocase(table, str_of(closed[i])))
            return false;
    return true;
}

static int build_fence(struct generation *g, struct plugin *p, struct db *db,
                       struct buf *faults)
{
    struct table_list l = {.arena = &g->arena};
    int err = migrate_tables(db, p->manifest.name, note_table, &l);
    struct str *names = arena_alloc(&g->arena, sizeof(l.names));
    memcpy(names, l.names, sizeof(l.names));
    p->fence = (struct fence){.write = names,
                              .n_write = l.n,
                              .read = p->manifest.reads,
                              .n_read = (size_t)p->manifest.n_reads};
    for (int i = 0; i < p->manifest.n_reads; i++) {
        if (readable(p->manifest.reads[i]))
            continue;
        buf_fmt(faults, "%s/plugin.lua: reads: '%s' is closed to plugins\n",
                p->folder.path.p, p->manifest.reads[i].p);
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

int generation_build(struct generation *g, struct db *db, struct zones *zones,
                     struct log *log, const struct keyring *ring, int n_workers,
                     uint32_t number, struct buf *faults)
{
    struct unit_options common = {.scripts = &g->scripts, .zones = zones, .log = log};
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
    e = quota_new(&g->quota, &g->scripts, zones, log, ring, number, faults);
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
