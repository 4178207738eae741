#include "lua/reference.h"

#include "lua/api_page.h"
#include "lua/docs.h"
#include "native/natives.h"

static void list_routes(const struct generation *g, struct openapi *o)
{
    for (int i = 0; i < g->n_plugins; i++) {
        const struct manifest *m = &g->plugins[i].manifest;
        for (int k = 0; k < m->n_routes; k++)
            o->routes[o->n_routes++] =
                (struct openapi_route){&m->routes[k], m->name, m};
    }
    for (int i = 0; i < g->n_all; i++)
        if (g->all[i]->compiled)
            o->routes[o->n_routes++] = (struct openapi_route){
                .route = g->all[i], .owner = native_name(g->all[i]->compiled->of)};
    openapi_own(o);
}

static const struct openapi_owner *list_owners(struct generation *g)
{
    struct openapi_owner *all = arena_alloc(
        &g->arena, sizeof(*all) * (size_t)(g->n_plugins + g->n_natives + 1));
    int n = 0;
    for (int i = 0; i < g->n_plugins; i++)
        all[n++] = (struct openapi_owner){g->plugins[i].manifest.name,
                                          g->plugins[i].manifest.version};
    for (int i = 0; i < g->n_natives; i++)
        all[n++] = (struct openapi_owner){native_name(g->natives[i]),
                                          native_version(g->natives[i])};
    return all;
}

void reference_write(struct generation *g)
{
    struct openapi o = {.url = g->settings.public_url,
                        .contact = g->settings.support_contact,
                        .owners = list_owners(g),
                        .n_owners = g->n_plugins + g->n_natives};
    struct buf text;
    o.routes = arena_alloc(&g->arena, sizeof(*o.routes) * (size_t)(g->n_all + 1));
    list_routes(g, &o);
    buf_init(&text);
    openapi_put(&o, &text);
    g->openapi = arena_str(&g->arena, buf_slice(&text));
    buf_clear(&text);
    docs_put(&o, &text);
    g->docs = arena_str(&g->arena, buf_slice(&text));
    buf_clear(&text);
    api_page_put(&text);
    g->lua_docs = arena_str(&g->arena, buf_slice(&text));
    buf_end(&text);
}
