/* Every fault is told by the file's path, and by `routes[0].path` counted as C does.
 * What lies behind the size that a struct says is never read. */

#include "native/natives.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "guard/scope.h"
#include "native/handler.h"

enum { ROUTES_MAX = 200, NAME_MAX_BYTES = 40, WHY_MAX = 200 };

struct native {
    struct kordless_host host; /* first: what the plugin holds */
    struct native *next;
    struct native *started_before; /* of those that run */
    struct log *log;
    char *path; /* as realpath has it */
    struct stat file;
    const struct kordless_plugin *plugin;
    struct str name;
    struct native_route *routes;
    int n_routes;
    void *state;
    bool running;
};

struct natives {
    struct log *log;
    struct native *all, *running;
};

typedef const struct kordless_plugin *entry_fn(const struct kordless_host *host);

/* The sizes of the first ABI: no plugin may be smaller. */
enum {
    PLUGIN_SIZE_1 = offsetof(struct kordless_plugin, stop) + sizeof(void (*)(void)),
    ROUTE_SIZE_1 = offsetof(struct kordless_route, flags) + sizeof(uint32_t)
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

struct natives *natives_new(struct log *log)
{
    struct natives *set = must(calloc(1, sizeof(*set)));
    set->log = log;
    return set;
}

static void native_free(struct native *n)
{
    for (int i = 0; i < n->n_routes; i++)
        free((void *)(uintptr_t)n->routes[i].label.p);
    free(n->routes);
    free(n->path);
    free(n);
}

void natives_free(struct natives *set)
{
    if (!set)
        return;
    while (set->all) {
        struct native *n = set->all;
        set->all = n->next;
        native_free(n);
    }
    free(set);
}

/* --- complaints --- */

struct look { /* at one shared object */
    const char *path;
    struct buf *faults;
    int err;
};

__attribute__((format(printf, 2, 3))) static void fault(struct look *l, const char *fmt,
                                                        ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    buf_fmt(l->faults, "%s: %s\n", l->path, text);
    l->err = ERR_INVALID;
}

/* --- one route --- */

static bool find_method(const char *text, enum http_method *out)
{
    static const enum http_method allowed[] = {HTTP_GET, HTTP_POST, HTTP_PUT,
                                               HTTP_PATCH, HTTP_DELETE};
    for (size_t i = 0; text && i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        *out = allowed[i];
        if (strcmp(text, http_method_name(*out)) == 0)
            return true;
    }
    return false;
}

static void look_at_route(struct look *l, size_t i, const struct kordless_route *r,
                          struct native_route *out)
{
    if (!find_method(r->method, &out->method))
        fault(l, "routes[%zu].method: '%s' is none of GET POST PUT PATCH DELETE", i,
              r->method ? r->method : "");
    if (!r->path)
        fault(l, "routes[%zu].path is missing", i);
    if (!r->handle)
        fault(l, "routes[%zu].handle is missing: no function answers it", i);
    if (r->auth < KORDLESS_KEY || r->auth > KORDLESS_PLATFORM)
        fault(l, "routes[%zu].auth: %d is no kind of authentication", i, (int)r->auth);
    if (r->scope && !scope_bit(str_of(r->scope)))
        fault(l, "routes[%zu].scope: '%s' is no scope", i, r->scope);
    if (r->flags & ~(uint32_t)KORDLESS_JSON_BODY)
        fault(l, "routes[%zu].flags: %#x has a bit that this server does not know", i,
              (unsigned)r->flags);
    out->auth = r->auth;
    out->handle = r->handle;
    out->path = str_of(r->path);
    out->scope = r->scope ? scope_bit(str_of(r->scope)) : 0;
    out->json = r->flags & KORDLESS_JSON_BODY;
}

/* What came to the struct after the first ABI is there only if the plugin's own is long
 * enough. */
static bool has_summary(const struct kordless_plugin *p)
{
    size_t end = offsetof(struct kordless_route, summary) + sizeof(const char *);
    return p->route_size >= end;
}

static struct str make_label(const struct native_route *r)
{
    struct buf b;
    buf_init(&b);
    buf_fmt(&b, "%s %.*s", http_method_name(r->method), (int)r->path.n, r->path.p);
    buf_char(&b, '\0');
    return (struct str){b.p, b.n - 1};
}

static void look_at_routes(struct look *l, struct native *n)
{
    const struct kordless_plugin *p = n->plugin;
    if (p->n_routes > ROUTES_MAX)
        fault(l, "n_routes: %zu is more than %d", p->n_routes, ROUTES_MAX);
    else if (p->n_routes > 0 && !p->routes)
        fault(l, "routes is missing, and n_routes is %zu", p->n_routes);
    if (p->n_routes > ROUTES_MAX || !p->routes)
        return;
    n->routes = must(calloc(p->n_routes + 1, sizeof(*n->routes)));
    for (size_t i = 0; i < p->n_routes; i++) {
        const char *at = (const char *)p->routes + i * p->route_size;
        struct native_route *r = &n->routes[n->n_routes++];
        r->of = n;
        const struct kordless_route *said = (const void *)at;
        look_at_route(l, i, said, r);
        if (has_summary(p) && said->summary)
            r->summary = str_of(said->summary);
        r->label = make_label(r);
    }
}

/* --- does it fit? --- */

static bool name_ok(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    return n > 0 && n <= NAME_MAX_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

/* The number first: nothing else can be read of an ABI that is not ours. */
static bool fits(struct look *l, const struct kordless_plugin *p)
{
    size_t least = offsetof(struct kordless_plugin, name);
    if (p->struct_size < least)
        fault(l, "struct kordless_plugin has %zu bytes; ABI %d has %d", p->struct_size,
              KORDLESS_ABI, (int)PLUGIN_SIZE_1);
    else if (p->abi != KORDLESS_ABI)
        fault(l, "it is built for ABI %u; this server has ABI %d: %s", (unsigned)p->abi,
              KORDLESS_ABI,
              p->abi > KORDLESS_ABI ? "update the server" : "build it anew");
    else if (p->struct_size < PLUGIN_SIZE_1 || p->struct_size > sizeof(*p))
        fault(l, "struct kordless_plugin has %zu bytes; this server takes %d to %zu",
              p->struct_size, (int)PLUGIN_SIZE_1, sizeof(*p));
    else if (p->route_size < ROUTE_SIZE_1 ||
             p->route_size > sizeof(struct kordless_route))
        fault(l, "struct kordless_route has %u bytes; this server takes %d to %zu",
              (unsigned)p->route_size, (int)ROUTE_SIZE_1,
              sizeof(struct kordless_route));
    return l->err == 0;
}

static void look_at_plugin(struct look *l, const struct natives *set, struct native *n)
{
    const struct kordless_plugin *p = n->plugin;
    if (!fits(l, p))
        return;
    if (!name_ok(p->name))
        fault(l,
              "name: '%s' must be 1 to %d lower-case letters, digits, - "
              "and _",
              p->name ? p->name : "", NAME_MAX_BYTES);
    if (!p->version || !*p->version)
        fault(l, "version is missing");
    n->name = str_of(p->name);
    for (const struct native *o = set->all; o; o = o->next)
        if (n->name.n && str_eq(o->name, n->name))
            fault(l, "name: '%s' is the name of %s already", p->name, o->path);
    look_at_routes(l, n);
}

/* --- loading --- */

/* What a plugin may write must be the operator's alone: it runs with the server's
 * rights. */
static bool look_at_file(struct look *l, struct native *n)
{
    n->path = realpath(l->path, NULL);
    if (!n->path || stat(n->path, &n->file) != 0)
        fault(l, "cannot be read: %s", strerror(errno));
    else if (!S_ISREG(n->file.st_mode))
        fault(l, "is no file");
    else if (n->file.st_mode & S_IWOTH)
        fault(l, "anybody may write it: take that right away (chmod o-w)");
    return l->err == 0;
}

static const struct native *find_loaded(const struct natives *set, const char *path)
{
    for (const struct native *n = set->all; n; n = n->next)
        if (strcmp(n->path, path) == 0)
            return n;
    return NULL;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void tell(const struct kordless_host *host, int level, const char *event,
                 struct kordless_text text)
{
    static const enum log_level levels[] = {LOG_INFO, LOG_INFO, LOG_WARN, LOG_ERROR};
    const struct native *n = (const struct native *)(const void *)host;
    int i = level > 0 && level <= KORDLESS_ERROR ? level : KORDLESS_INFO;
    struct str s = {text.p ? text.p : "", text.n};
    LOG(n->log, levels[i], event ? event : "native",
        n->name.n ? LOG_T("plugin", n->name) : LOG_C("plugin", n->path),
        LOG_T("text", s));
}

static void ask(struct look *l, const struct natives *set, struct native *n,
                void *handle)
{
    entry_fn *entry = NULL;
    void *symbol = dlsym(handle, "kordless_plugin_entry");
    if (!symbol) {
        fault(l, "exports no function kordless_plugin_entry");
        return;
    }
    memcpy(&entry, &symbol,
           sizeof(entry)); /* ISO C has no cast for it; POSIX wants it */
    n->plugin = entry(&n->host);
    if (!n->plugin)
        fault(l, "its kordless_plugin_entry will not run here; the log may say why");
    else
        look_at_plugin(l, set, n);
}

/* A refused one is let go, so that its mended file is read when it is tried again. */
static void open_it(struct look *l, const struct natives *set, struct native *n)
{
    void *handle = dlopen(n->path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fault(l, "cannot be loaded: %s", dlerror());
        return;
    }
    ask(l, set, n, handle);
    if (l->err)
        dlclose(handle);
}

int natives_load(struct natives *set, const char *path, const struct native **out,
                 struct buf *faults)
{
    struct look l = {.path = path, .faults = faults};
    struct native *n = must(calloc(1, sizeof(*n)));
    const struct native *had;
    n->log = set->log;
    n->host.struct_size = sizeof(n->host);
    n->host.abi = KORDLESS_ABI;
    n->host.log = tell;
    handler_verbs(&n->host);
    if (look_at_file(&l, n) && (had = find_loaded(set, n->path))) {
        if (!same_file(&had->file, &n->file))
            fault(&l, "has changed since it was loaded: restart the server to run it");
        *out = had;
        native_free(n);
        return l.err;
    }
    if (!l.err)
        open_it(&l, set, n);
    if (l.err) {
        native_free(n);
        return l.err;
    }
    n->next = set->all;
    set->all = n;
    *out = n;
    return 0;
}

/* --- what a loaded one has --- */

struct str native_name(const struct native *n)
{
    return n->name;
}

struct str native_version(const struct native *n)
{
    return str_of(n->plugin->version);
}

int native_routes(const struct native *n, const struct native_route **out)
{
    *out = n->routes;
    return n->n_routes;
}

const struct kordless_host *native_host(const struct native *n)
{
    return &n->host;
}

void *native_state(const struct native *n)
{
    return n->state;
}

/* --- start and stop --- */

int natives_start(struct natives *set, const struct native *which, struct buf *faults)
{
    char why[WHY_MAX] = "";
    struct native *n = set->all;
    while (n && n != which) /* the set's own, not the reader's const one */
        n = n->next;
    if (!n || n->running)
        return 0;
    if (n->plugin->start &&
        n->plugin->start(&n->host, &n->state, why, sizeof(why)) != 0) {
        why[sizeof(why) - 1] = '\0';
        buf_fmt(faults, "%s: it does not start: %s\n", n->path,
                *why ? why : "it does not say why");
        return ERR_INVALID;
    }
    n->running = true;
    n->started_before = set->running;
    set->running = n;
    return 0;
}

void natives_stop(struct natives *set)
{
    if (!set)
        return;
    for (; set->running; set->running = set->running->started_before) {
        set->running->running = false;
        if (set->running->plugin->stop)
            set->running->plugin->stop(set->running->state);
    }
}
