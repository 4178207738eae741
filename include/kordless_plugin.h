#ifndef KORDLESS_PLUGIN_H
#define KORDLESS_PLUGIN_H

/* Endpoints in C: what a shared object owes the server, and what it gets. It is
 * compiled against this one file, exports the one function at its end, and runs when
 * the operator lists it in scripts/kordless.lua: `native = { "path/to/it.so" }`. Its
 * routes pass the same gates as routes in Lua: key, limits, organization, scope.
 *
 * It runs inside the server and is trusted like it: a crash in it is a crash of the
 * server, and no budget stops a loop. Prefer Lua; come here for what must be C.
 *
 * A shared object that works today works with every later server of the same ABI
 * number:
 *   - a struct that may grow begins with its own size and grows at its end alone; what
 * lies behind the size that the other side wrote is not there. KORDLESS_HAS looks;
 *   - struct kordless_text and struct kordless_pair never change;
 *   - what is removed or changes its meaning gets a new number, and this list a line:
 *
 *     ABI 1   2026-11-23   first: routes, requests, answers, start and stop, log
 *             2026-11-29   grown: a route has a summary
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KORDLESS_ABI 1

/* Is this member there? `p` is one of the server's sized structs. */
#define KORDLESS_HAS(p, type, member) \
    ((p)->struct_size >= offsetof(type, member) + sizeof(((type *)0)->member))

/* Any bytes, not ended by a NUL. What is absent has p == NULL and n == 0. */
struct kordless_text {
    const char *p;
    size_t n;
};

struct kordless_pair {
    struct kordless_text name, value;
};

/* A request that passed every gate. All of it is the server's and dies when the handler
 * returns: copy what you keep. */
struct kordless_request {
    size_t struct_size;
    int64_t now; /* UTC seconds; the same for all rules of one request */
    struct kordless_text method; /* "GET"; a GET route is asked for HEAD as well */
    struct kordless_text path;   /* as sent, percent-encoded, without the query */
    struct kordless_text body;   /* whole; empty without one */
    struct kordless_text request_id;
    struct kordless_text public_url;     /* where clients reach us, no slash behind */
    const struct kordless_pair *params;  /* from the route's path, decoded */
    const struct kordless_pair *query;   /* decoded; each name once */
    const struct kordless_pair *headers; /* in their order, without keys and cookies */
    size_t n_params, n_query, n_headers;
    /* Of the API key; absent without one (KORDLESS_NONE, perhaps KORDLESS_CONTACT). On
     * KORDLESS_ORGANIZATION a person who is signed in has an organization and no key.
     */
    struct kordless_text organization_id, organization_slug, organization_name;
    struct kordless_text key_id, key_label, key_last4;
    struct kordless_text key_environment; /* "production", "development" or absent */
};

struct kordless_answer; /* in the making; dies when the handler returns */

enum kordless_level { KORDLESS_INFO = 1, KORDLESS_WARN = 2, KORDLESS_ERROR = 3 };

/* What the server does for a plugin. One per plugin, for ever: keep the pointer that
 * the entry was given. Functions that return int return 0, or -1 when they did nothing.
 */
struct kordless_host {
    size_t struct_size;
    uint32_t abi; /* KORDLESS_ABI of the server */
    /* Any thread. One line with the plugin's name; `event` is one word. */
    void (*log)(const struct kordless_host *host, int level, const char *event,
                struct kordless_text text);
    /* The rest on the handler's thread, before it returns. */
    /* 200 to 599. A handler that sets none has failed: 500. */
    int (*status)(struct kordless_answer *a, int status);
    /* Unless set, Content-Type is application/json and Cache-Control is no-store. -1
     * for what no header may hold (a line end, RFC 9110 5.5) and for what only the
     * server writes: Content-Length, Transfer-Encoding, Connection, Date, X-Request-Id.
     */
    int (*header)(struct kordless_answer *a, const char *name,
                  struct kordless_text value);
    /* Appends to the body, at most 64 MiB in all. -1 past it, and the answer is 500. */
    int (*body)(struct kordless_answer *a, const void *bytes, size_t n);
    /* Appends `text` as a JSON string (RFC 8259 7), quoted and escaped. -1 if it is not
     * UTF-8. */
    int (*json)(struct kordless_answer *a, struct kordless_text text);
    /* The whole answer is an error as all others are, 400 to 599: {"detail", "status",
     * "type", "code"}. `code` is a lower-case word. */
    int (*problem)(struct kordless_answer *a, int status, const char *code,
                   struct kordless_text detail);
};

/* Answers one request. Called on the worker's own thread, for several requests at once
 * on several threads. It must not block: while it runs, that worker serves nobody else.
 */
typedef void kordless_handler(const struct kordless_host *host, void *state,
                              const struct kordless_request *request,
                              struct kordless_answer *answer);

enum kordless_auth {
    KORDLESS_KEY = 1,          /* a key; x-organization-id optional */
    KORDLESS_ORGANIZATION = 2, /* a key and x-organization-id */
    KORDLESS_CONTACT = 3,      /* a key or none; without one limited by address */
    KORDLESS_NONE = 4,
    KORDLESS_PLATFORM = 5 /* operators, on the server's machine */
};

enum { KORDLESS_JSON_BODY = 1 }; /* flags: a body that is not application/json is 415 */

struct kordless_route {
    const char *method; /* GET POST PUT PATCH DELETE; GET also answers HEAD */
    const char *path;   /* "/hosts/{id}/load" */
    const char *scope;  /* "bookings:read", or NULL */
    kordless_handler *handle;
    int32_t auth;   /* enum kordless_auth; 0 is refused, so that none is forgotten */
    uint32_t flags; /* KORDLESS_JSON_BODY or 0 */
    /* A sentence on what it does, for /docs and /openapi.json; or NULL. */
    const char *summary;
};

/* What the entry returns. It and all it points to stand for ever. */
struct kordless_plugin {
    size_t struct_size;  /* sizeof(struct kordless_plugin) */
    uint32_t abi;        /* KORDLESS_ABI */
    uint32_t route_size; /* sizeof(struct kordless_route) */
    const char *name;    /* lower-case letters, digits, - and _; no other plugin's */
    const char *version;
    const struct kordless_route *routes;
    size_t n_routes;
    /* Both may be NULL. start: once, before the first request, when everything else of
     * the start or the reload is good; `*state` goes to handlers and stop. Not 0
     * refuses the start or the reload, with the sentence left in `why`. stop: once,
     * after the last request, when the server ends. A plugin is never unloaded: taken
     * off the list it keeps its state, without routes, until the server ends. */
    int (*start)(const struct kordless_host *host, void **state, char *why,
                 size_t why_size);
    void (*stop)(void *state);
};

/* The one function to export. It only returns the description: no threads, no files;
 * `kordless check` calls it too. May be called again. NULL: it will not run here; say
 * why with host->log. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const struct kordless_plugin *
kordless_plugin_entry(const struct kordless_host *host);

/* For string literals. */
#define KORDLESS_TEXT(literal) (kordless_text("" literal, sizeof(literal) - 1))

static inline struct kordless_text kordless_text(const char *p, size_t n)
{
    struct kordless_text t;
    t.p = p;
    t.n = n;
    return t;
}

/* The value of this name among params or query; absent: p == NULL. */
static inline struct kordless_text kordless_find(const struct kordless_pair *pairs,
                                                 size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (pairs[i].name.n == strlen(name) &&
            memcmp(pairs[i].name.p, name, pairs[i].name.n) == 0)
            return pairs[i].value;
    return kordless_text(NULL, 0);
}

#ifdef __cplusplus
}
#endif

#endif
