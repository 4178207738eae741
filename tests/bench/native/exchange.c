/* POST /bench/exchange/c: takes and answers what the Lua handler of the plugin bench
 * does, without looking at it: what is left is all that C does for a request. */

#include <kordless_plugin.h>

static void exchange(const struct kordless_host *host, void *state,
                     const struct kordless_request *request,
                     struct kordless_answer *answer)
{
    static const char text[] =
        "{\"bookable\":true,\"confirmed\":false,\"duration\":60,\"email\":\"ada@"
        "example.com\","
        "\"ends_at\":1803895200,\"name\":\"Ada Lovelace\",\"price\":45.5,\"service\":"
        "\"consultation\",\"starts_at\":1803891600,\"timezone\":\"America/New_York\"}";
    (void)state;
    (void)request;
    host->status(answer, 200);
    host->body(answer, text, sizeof(text) - 1);
}

static const struct kordless_route routes[] = {
    {.method = "POST",
     .path = "/bench/exchange/c",
     .handle = exchange,
     .auth = KORDLESS_KEY,
     .summary = "Ten fields, in C."},
};

static const struct kordless_plugin plugin = {
    .struct_size = sizeof(plugin),
    .abi = KORDLESS_ABI,
    .route_size = sizeof(routes[0]),
    .name = "exchange",
    .version = "1.0.0",
    .routes = routes,
    .n_routes = sizeof(routes) / sizeof(routes[0]),
};

const struct kordless_plugin *kordless_plugin_entry(const struct kordless_host *host)
{
    (void)host;
    return &plugin;
}
