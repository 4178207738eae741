/* A plugin of the first ABI, compiled against the first header in every run: it must
 * load and answer for ever. Shows what it is given; do not mend it for a newer server.
 */

#include <kordless_plugin.h>

#include <stdio.h>

static void text(const struct kordless_host *host, struct kordless_answer *a,
                 const char *name, struct kordless_text value)
{
    host->body(a, ",", 1);
    host->json(a, kordless_text(name, strlen(name)));
    host->body(a, ":", 1);
    if (value.p)
        host->json(a, value);
    else
        host->body(a, "null", 4);
}

static void pairs(const struct kordless_host *host, struct kordless_answer *a,
                  const char *name, const struct kordless_pair *list, size_t n)
{
    host->body(a, ",\"", 2);
    host->body(a, name, strlen(name));
    host->body(a, "\":[", 3);
    for (size_t i = 0; i < n; i++) {
        host->body(a, i ? ",[" : "[", i ? 2 : 1);
        host->json(a, list[i].name);
        host->body(a, ",", 1);
        host->json(a, list[i].value);
        host->body(a, "]", 1);
    }
    host->body(a, "]", 1);
}

static void show(const struct kordless_host *host, void *state,
                 const struct kordless_request *r, struct kordless_answer *a)
{
    char head[80];
    (void)state;
    int n = snprintf(
        head, sizeof(head), "{\"now\":%lld,\"whole\":%s", (long long)r->now,
        KORDLESS_HAS(r, struct kordless_request, key_environment) ? "true" : "false");
    host->status(a, 207);
    host->header(a, "X-Seen-By", KORDLESS_TEXT("abi 1"));
    host->body(a, head, (size_t)n);
    text(host, a, "method", r->method);
    text(host, a, "path", r->path);
    text(host, a, "body", r->body);
    text(host, a, "request_id", r->request_id);
    text(host, a, "public_url", r->public_url);
    text(host, a, "id", kordless_find(r->params, r->n_params, "id"));
    text(host, a, "organization_id", r->organization_id);
    text(host, a, "organization_slug", r->organization_slug);
    text(host, a, "organization_name", r->organization_name);
    text(host, a, "key_id", r->key_id);
    text(host, a, "key_label", r->key_label);
    text(host, a, "key_last4", r->key_last4);
    text(host, a, "key_environment", r->key_environment);
    pairs(host, a, "query", r->query, r->n_query);
    pairs(host, a, "headers", r->headers, r->n_headers);
    host->body(a, "}", 1);
}

/* Each way to answer wrongly, by the name in the path. */
static void wrong(const struct kordless_host *host, void *state,
                  const struct kordless_request *r, struct kordless_answer *a)
{
    struct kordless_text how = kordless_find(r->params, r->n_params, "how");
    (void)state;
    if (how.n == 6 && memcmp(how.p, "header", 6) == 0) {
        int refused = host->header(a, "X-A", KORDLESS_TEXT("b\r\nX-C: d")) &&
                      host->header(a, "Content-Length", KORDLESS_TEXT("3")) &&
                      host->header(a, "Content-Type", KORDLESS_TEXT("a\nb"));
        host->header(a, "Content-Type", KORDLESS_TEXT("text/plain"));
        host->header(a, "Cache-Control", KORDLESS_TEXT("max-age=60"));
        host->status(a, 200);
        host->body(a, refused ? "refused" : "taken", refused ? 7 : 5);
    } else if (how.n == 4 && memcmp(how.p, "json", 4) == 0) {
        host->status(a, host->json(a, KORDLESS_TEXT("\xff")) ? 204 : 200);
    } else if (how.n == 7 && memcmp(how.p, "problem", 7) == 0) {
        host->problem(a, 409, "too_late", KORDLESS_TEXT("It is \"late\"."));
    } else if (how.n == 4 && memcmp(how.p, "code", 4) == 0) {
        host->problem(a, 409, "Too Late", KORDLESS_TEXT("It is late."));
    } else if (how.n == 6 && memcmp(how.p, "status", 6) == 0) {
        host->header(a, "X-Half", KORDLESS_TEXT("done"));
        host->status(a, 99);
    } else if (how.n == 3 && memcmp(how.p, "log", 3) == 0) {
        host->log(host, KORDLESS_WARN, "seen_wrong", KORDLESS_TEXT("line\nforged=1"));
        host->status(a, 204);
    }
}

static int start(const struct kordless_host *host, void **state, char *why,
                 size_t why_size)
{
    (void)state;
    (void)why;
    (void)why_size;
    host->log(host, KORDLESS_INFO, "v1_started", KORDLESS_TEXT("once"));
    return 0;
}

static void stop(void *state)
{
    (void)state;
    fputs("event=v1_stopped\n", stderr);
}

static const struct kordless_route routes[] = {
    {"POST", "/v1/show/{id}", "bookings:read", show, KORDLESS_KEY, KORDLESS_JSON_BODY},
    {"GET", "/v1/open/{id}", NULL, show, KORDLESS_NONE, 0},
    {"GET", "/v1/organization/{id}", NULL, show, KORDLESS_ORGANIZATION, 0},
    {"GET", "/v1/contact/{id}", NULL, show, KORDLESS_CONTACT, 0},
    {"GET", "/v1/platform/{id}", NULL, show, KORDLESS_PLATFORM, 0},
    {"GET", "/v1/wrong/{how}", NULL, wrong, KORDLESS_NONE, 0},
};

static const struct kordless_plugin plugin = {
    sizeof(plugin),
    KORDLESS_ABI,
    sizeof(routes[0]),
    "v1",
    "1.0.0",
    routes,
    sizeof(routes) / sizeof(routes[0]),
    start,
    stop,
};

const struct kordless_plugin *kordless_plugin_entry(const struct kordless_host *host)
{
    return host->struct_size >= sizeof(*host) && host->abi == KORDLESS_ABI ? &plugin
                                                                           : NULL;
}
