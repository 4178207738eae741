/* A route in C: GET /tally?name=… greets and counts. Install: build it with
 * `make build/examples/tally.so`, list that path in scripts/kordless.lua as
 * `native = { "build/examples/tally.so" }`, and restart or reload the server. */

#include <kordless_plugin.h>

#include <stdatomic.h>
#include <stdio.h>

/* Workers call at once from several threads: what they share is atomic. */
static atomic_long greeted;

static void greet(const struct kordless_host *host, void *state,
                  const struct kordless_request *request,
                  struct kordless_answer *answer)
{
    struct kordless_text name = kordless_find(request->query, request->n_query, "name");
    char tail[40];
    int n = snprintf(tail, sizeof(tail), ",\"count\":%ld}",
                     atomic_fetch_add((atomic_long *)state, 1) + 1);
    host->status(answer, 200);
    host->body(answer, "{\"hello\":", 9);
    if (host->json(answer, name.p ? name : KORDLESS_TEXT("world")))
        host->problem(answer, 400, "validation_error",
                      KORDLESS_TEXT("The name is not UTF-8."));
    else
        host->body(answer, tail, (size_t)n);
}

static int start(const struct kordless_host *host, void **state, char *why,
                 size_t why_size)
{
    (void)why;
    (void)why_size;
    *state = &greeted;
    host->log(host, KORDLESS_INFO, "tally_ready", KORDLESS_TEXT("counting from 0"));
    return 0;
}

static const struct kordless_route routes[] = {
    {.method = "GET",
     .path = "/tally",
     .handle = greet,
     .auth = KORDLESS_NONE,
     .summary = "Greets who is named, and counts."},
};

static const struct kordless_plugin plugin = {
    .struct_size = sizeof(plugin),
    .abi = KORDLESS_ABI,
    .route_size = sizeof(routes[0]),
    .name = "tally",
    .version = "1.0.0",
    .routes = routes,
    .n_routes = sizeof(routes) / sizeof(routes[0]),
    .start = start,
};

const struct kordless_plugin *kordless_plugin_entry(const struct kordless_host *host)
{
    (void)host;
    return &plugin;
}
