/* A plugin with every fault there is, one at a time: the environment's KORDLESS_WRONG
 * says which. Without one it is good. */

#include <kordless_plugin.h>

#include <stdlib.h>

static void answer(const struct kordless_host *host, void *state,
                   const struct kordless_request *request, struct kordless_answer *a)
{
    (void)state;
    (void)request;
    host->status(a, 204);
}

static int no_start(const struct kordless_host *host, void **state, char *why,
                    size_t why_size)
{
    static const char reason[] = "the moon is not full";
    (void)host;
    (void)state;
    if (why_size > sizeof(reason))
        memcpy(why, reason, sizeof(reason));
    return 1;
}

static struct kordless_route routes[2];
static struct kordless_plugin plugin;

static void make_good(void)
{
    routes[0] = (struct kordless_route){.method = "GET",
                                        .path = "/wrong",
                                        .handle = answer,
                                        .auth = KORDLESS_NONE,
                                        .summary = "Does nothing."};
    routes[1] = (struct kordless_route){.method = "POST",
                                        .path = "/wrong/{id}",
                                        .scope = "bookings:write",
                                        .handle = answer,
                                        .auth = KORDLESS_KEY};
    plugin = (struct kordless_plugin){.struct_size = sizeof(plugin),
                                      .abi = KORDLESS_ABI,
                                      .route_size = sizeof(routes[0]),
                                      .name = "wrong",
                                      .version = "1",
                                      .routes = routes,
                                      .n_routes = 2};
}

static void spoil_plugin(const char *how)
{
    if (!strcmp(how, "abi"))
        plugin.abi = 7;
    if (!strcmp(how, "size"))
        plugin.struct_size = sizeof(plugin) + 8;
    if (!strcmp(how, "small"))
        plugin.struct_size = sizeof(plugin) - 8;
    if (!strcmp(how, "tiny"))
        plugin.struct_size = 3;
    if (!strcmp(how, "route_size"))
        plugin.route_size = 16;
    if (!strcmp(how, "name"))
        plugin.name = "Wrong Name";
    if (!strcmp(how, "no_name"))
        plugin.name = plugin.version = NULL;
    if (!strcmp(how, "shared_name"))
        plugin.name = "v1";
    if (!strcmp(how, "lua_name"))
        plugin.name = "bookings";
    if (!strcmp(how, "many"))
        plugin.n_routes = 1000000;
    if (!strcmp(how, "no_routes"))
        plugin.routes = NULL;
    if (!strcmp(how, "start"))
        plugin.start = no_start;
}

static void spoil_route(const char *how)
{
    if (!strcmp(how, "method"))
        routes[0].method = "FETCH";
    if (!strcmp(how, "handle"))
        routes[1].handle = NULL;
    if (!strcmp(how, "auth"))
        routes[1].auth = 0;
    if (!strcmp(how, "scope"))
        routes[1].scope = "bookings:eat";
    if (!strcmp(how, "flags"))
        routes[0].flags = 64;
    if (!strcmp(how, "path"))
        routes[0].path = "no/slash";
    if (!strcmp(how, "no_path"))
        routes[0].path = NULL;
    if (!strcmp(how, "clash"))
        routes[0].path = "/healthz";
    if (!strcmp(how, "all"))
        routes[0] = (struct kordless_route){.scope = "x"};
}

const struct kordless_plugin *kordless_plugin_entry(const struct kordless_host *host)
{
    const char *how = getenv("KORDLESS_WRONG");
    make_good();
    if (!how)
        return &plugin;
    if (!strcmp(how, "none")) {
        host->log(host, KORDLESS_ERROR, "wrong_says", KORDLESS_TEXT("not here"));
        return NULL;
    }
    spoil_plugin(how);
    spoil_route(how);
    return &plugin;
}
