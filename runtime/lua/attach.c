#include "lua/attach.h"

#include "http/asset.h"
#include "native/natives.h"

/* --- files that were built in --- */

/* "/" and "assets/…", as one path. All but the index share a label: their paths change
 * with their content. */
static struct route *asset_route(struct generation *g, const struct plugin *p,
                                 const struct asset *a)
{
    struct str at = p->manifest.assets;
    struct route *r = arena_zero(&g->arena, sizeof(*r));
    *r = (struct route){
        .asset = a,
        .method = HTTP_GET,
        .auth = ROUTE_NONE,
        .plugin = p->index,
        .path = arena_fmt(&g->arena, "%s%s", at.p, a->path.p),
        .label = arena_fmt(&g->arena, "GET %s%s", at.p, a->fixed ? "assets" : ""),
        .handler = STR("assets")};
    return r;
}

int attach_assets(struct generation *g, struct plugin *p, struct buf *faults)
{
    const struct asset *all;
    struct str name = p->manifest.name;
    int n, found = 0;
    if (!p->manifest.assets.p)
        return 0;
    all = asset_all(&n);
    for (int i = 0; i < n; i++) {
        void *clash = NULL;
        if (!str_eq(all[i].plugin, name))
            continue;
        found++;
        struct route *r = asset_route(g, p, &all[i]);
        int err = generation_route(g, r, &clash);
        if (err == ERR_EXISTS)
            manifest_fault(&p->folder, faults, "assets", "the route %s is taken by %s",
                           r->label.p, ((const struct route *)clash)->label.p);
        else if (err)
            manifest_fault(&p->folder, faults, "assets", "'%s' is no route path",
                           r->path.p);
        if (err)
            return err;
    }
    if (!found)
        manifest_fault(&p->folder, faults, "assets",
                       "no files of a plugin '%s' were built into this server", name.p);
    return found ? 0 : ERR_NOT_FOUND;
}

/* --- native plugins --- */

/* They name no handlers: "get_hosts_id_load" of GET /hosts/{id}/load. */
static struct str name_handler(struct generation *g, const struct native_route *n)
{
    char *p = arena_cstr(&g->arena, n->label);
    size_t k = 0;
    for (size_t i = 0; i < n->label.n; i++) {
        char c = n->label.p[i];
        bool word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (word)
            p[k++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        else if (k && p[k - 1] != '_')
            p[k++] = '_';
    }
    while (k && p[k - 1] == '_')
        k--;
    return (struct str){p, k};
}

static int add_compiled(struct generation *g, const struct native_route *n, int i,
                        const char *file, struct buf *faults)
{
    static const enum route_auth auth[] = {[KORDLESS_KEY] = ROUTE_KEY,
                                           [KORDLESS_ORGANIZATION] = ROUTE_ORGANIZATION,
                                           [KORDLESS_CONTACT] = ROUTE_CONTACT,
                                           [KORDLESS_NONE] = ROUTE_NONE,
                                           [KORDLESS_PLATFORM] = ROUTE_PLATFORM};
    struct route *r = arena_zero(&g->arena, sizeof(*r));
    *r = (struct route){.compiled = n,
                        .method = n->method,
                        .auth = auth[n->auth],
                        .path = n->path,
                        .label = n->label,
                        .handler = name_handler(g, n),
                        .summary = n->summary,
                        .scope = n->scope,
                        .body = n->json};
    void *clash = NULL;
    int err = generation_route(g, r, &clash);
    if (err == ERR_EXISTS)
        buf_fmt(faults, "%s: routes[%d].path: the route %s is taken by %s\n", file, i,
                r->label.p, ((const struct route *)clash)->label.p);
    else if (err)
        buf_fmt(faults, "%s: routes[%d].path: '%s' is no route path\n", file, i,
                r->path.p);
    return err;
}

/* Its name stands in logs as a plugin's does, so it is no other's. */
static int check_native(const struct generation *g, const struct native *n,
                        const char *file, struct buf *faults)
{
    struct str name = native_name(n);
    bool twice = false, taken = false;
    for (int i = 0; i < g->n_natives; i++)
        twice = twice || g->natives[i] == n;
    for (int i = 0; i < g->n_plugins; i++)
        taken = taken || str_eq(g->plugins[i].folder.name, name);
    if (twice)
        buf_fmt(faults, "%s: is listed twice\n", file);
    else if (taken)
        buf_fmt(faults, "%s: there is a plugin '%.*s' already\n", file, (int)name.n,
                name.p);
    return twice || taken ? ERR_EXISTS : 0;
}

static int add_one(struct generation *g, struct natives *set, const char *file,
                   struct buf *faults)
{
    const struct native *n;
    const struct native_route *routes;
    int err = natives_load(set, file, &n, faults);
    if (!err)
        err = check_native(g, n, file, faults);
    if (err)
        return err;
    g->natives[g->n_natives++] = n;
    int count = native_routes(n, &routes);
    for (int i = 0; i < count; i++) {
        int e = add_compiled(g, &routes[i], i, file, faults);
        err = err ? err : e;
    }
    return err;
}

int attach_natives(struct generation *g, struct natives *set, struct buf *faults)
{
    const struct settings *s = &g->settings;
    int err = 0;
    g->natives = arena_zero(&g->arena, sizeof(*g->natives) * ((size_t)s->n_native + 1));
    for (int i = 0; set && i < s->n_native; i++) {
        int e = add_one(g, set, s->native[i].p, faults);
        err = err ? err : e;
    }
    return err;
}
