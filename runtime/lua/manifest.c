#include "lua/manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guard/scope.h"
#include "http/outgoing.h"
#include "lua/api.h"
#include "lua/entry.h"
#include "lua/fields.h"
#include "lua/hook.h"
#include "lua/measure.h"
#include "lua/option.h"

enum { LIST_MAX = 32, ROUTES_MAX = 200, ERRORS_MAX = 100 };

static const struct {
    const char *name;
    enum route_auth auth;
} auth_table[] = {
    {"key", ROUTE_KEY},           {"organization", ROUTE_ORGANIZATION},
    {"contact", ROUTE_CONTACT},   {"none", ROUTE_NONE},
    {"platform", ROUTE_PLATFORM},
};

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* The server's own errors; status decides the `type` (http/reply.c). */
static const struct error_spec builtin[] = {
    {STR("validation_error"), STR("The request is not what this route takes."), 400},
    {STR("wrong_organization"),
     STR("This API key belongs to another organization. Use a key of the organization "
         "named in the path or query."),
     403},
    {STR("contact_mismatch"),
     STR("The contact given is not the one of this booking. Send the email address or "
         "phone number it was made with."),
     403},
    {STR("not_found"),
     STR("There is no such object. Check the identifier, your API key and "
         "x-organization-id."),
     404},
    {STR("conflict"),
     STR("The request conflicts with the present state. Read it again "
         "and retry."),
     409},
    {STR("precondition_failed"),
     STR("The object has changed since: its version is not the one that If-Match "
         "names. "
         "Read it again."),
     412},
    {STR("unprocessable"), STR("A rule refuses this request."), 422},
};

static void read_needs(struct fields *f, struct manifest *m)
{
    struct str names[LIST_MAX];
    char key[24];
    int n = fields_list(f, "needs", names, LIST_MAX);
    for (int i = 0; i < n; i++) {
        unsigned k = 0;
        while (api_needs[k] && !str_eq(names[i], str_of(api_needs[k])))
            k++;
        if (api_needs[k]) {
            m->needs |= 1u << k;
            continue;
        }
        snprintf(key, sizeof(key), "needs[%d]", i + 1);
        fields_wrong(f, key, names[i], "is no capability", api_needs);
    }
}

static int read_list(struct fields *f, const char *key, struct str **out)
{
    struct str names[LIST_MAX];
    int n = fields_list(f, key, names, LIST_MAX);
    *out = arena_zero(f->arena, sizeof(struct str) * (size_t)(n + 1));
    memcpy(*out, names, sizeof(struct str) * (size_t)n);
    return n;
}

static void read_hosts(struct fields *f, struct manifest *m)
{
    char key[24];
    m->n_hosts = read_list(f, "hosts", &m->hosts);
    for (int i = 0; i < m->n_hosts; i++) {
        if (outgoing_entry_ok(m->hosts[i]))
            continue;
        snprintf(key, sizeof(key), "hosts[%d]", i + 1);
        fields_fault(f, key, "must be a host or host:port, in lower case");
    }
}

static void read_method(struct fields *f, struct route *r)
{
    static const enum http_method allowed[] = {HTTP_GET, HTTP_POST, HTTP_PUT,
                                               HTTP_PATCH, HTTP_DELETE};
    struct str text = fields_str(f, "method", REQUIRED);
    for (size_t i = 0; i < COUNT(allowed); i++) {
        if (str_eq(text, str_of(http_method_name(allowed[i])))) {
            r->method = allowed[i];
            return;
        }
    }
    static const char *const known[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
    if (text.p)
        fields_wrong(f, "method", text, "is none of GET POST PUT PATCH DELETE", known);
}

static void read_auth(struct fields *f, struct route *r)
{
    struct str text = fields_str(f, "auth", REQUIRED);
    for (size_t i = 0; i < COUNT(auth_table); i++) {
        if (str_eq(text, str_of(auth_table[i].name))) {
            r->auth = auth_table[i].auth;
            return;
        }
    }
    static const char *const known[] = {"key",  "organization", "contact",
                                        "none", "platform",     NULL};
    if (text.p)
        fields_wrong(f, "auth", text,
                     "is none of key organization contact none platform", known);
}

static void unknown_scope(struct fields *f, struct str scope)
{
    const char *known[33] = {NULL};
    for (int i = 0; i < 32; i++)
        known[i] = scope_name(1u << i); /* the first without a name ends the list */
    fields_wrong(f, "scope", scope, "is no scope", known);
}

static void read_role(struct fields *f, struct route *r)
{
    static const char *const known[] = {"viewer", "admin", "owner", "operator", NULL};
    struct str text = fields_str(f, "role", OPTIONAL);
    r->role = text.p ? role_of(text) : ROLE_OPERATOR;
    if (text.p && !r->role)
        fields_wrong(f, "role", text, "is none of viewer admin owner operator", known);
    if (text.p && r->auth != ROUTE_PLATFORM)
        fields_fault(f, "role", "is for routes with auth = \"platform\"");
}

static void read_route(struct fields *f, struct route *r)
{
    static const char *const known[] = {
        "method",     "path",    "handler",  "auth",     "role",    "scope",
        "idempotent", "cached",  "raw",      "body",     "summary", "query",
        "replies",    "example", "produces", "if_match", NULL};
    fields_only(f, known);
    read_method(f, r);
    read_auth(f, r);
    read_role(f, r);
    r->path = fields_str(f, "path", REQUIRED);
    r->handler = fields_str(f, "handler", REQUIRED);
    r->summary = fields_str(f, "summary", OPTIONAL);
    r->produces = fields_str(f, "produces", OPTIONAL);
    struct str scope = fields_str(f, "scope", OPTIONAL);
    r->scope = scope.p ? scope_bit(scope) : 0;
    if (scope.p && !r->scope)
        unknown_scope(f, scope);
    r->idempotent = fields_bool(f, "idempotent", false);
    r->cached = fields_bool(f, "cached", false);
    r->raw = fields_bool(f, "raw", false);
    r->if_match = fields_bool(f, "if_match", false);
    bool takes =
        r->method == HTTP_POST || r->method == HTTP_PUT || r->method == HTTP_PATCH;
    r->body = declare_body(f) || fields_bool(f, "body", takes && !r->raw);
    declare_read(f, &r->declared);
    r->label = arena_fmt(f->arena, "%s %s", http_method_name(r->method),
                         r->path.p ? r->path.p : "");
}

static void read_routes(struct fields *f, struct manifest *m)
{
    if (!fields_enter(f, "routes", OPTIONAL))
        return;
    int n = fields_n(f);
    if (!fields_is_list(f))
        fields_fault(f, "", "must be a list");
    if (n > ROUTES_MAX)
        fields_fault(f, "", "has more than %d entries", ROUTES_MAX);
    m->routes = arena_zero(f->arena, sizeof(*m->routes) * (size_t)(n + 1));
    for (int i = 1; i <= n && i <= ROUTES_MAX; i++) {
        if (!fields_item(f, i))
            continue;
        m->routes[m->n_routes].handler_ref = m->n_routes + 1;
        read_route(f, &m->routes[m->n_routes++]);
        fields_leave(f);
    }
    fields_leave(f);
}

static void read_error(struct fields *f, struct str name, struct manifest *m)
{
    static const char *const known[] = {"status", "detail", NULL};
    struct error_spec *e = &m->errors[m->n_errors++];
    fields_only(f, known);
    e->name = arena_str(f->arena, name);
    if (strspn(e->name.p, "abcdefghijklmnopqrstuvwxyz0123456789_") != name.n ||
        name.n > 64)
        fields_fault(f, "", "the name must be a lower-case word of at most 64");
    e->detail = fields_str(f, "detail", REQUIRED);
    e->status = (int)fields_int(f, "status", 400, 599, 0);
    if (!e->status)
        fields_fault(f, "status", "is missing");
}

static void read_errors(struct fields *f, struct manifest *m)
{
    m->errors = arena_zero(f->arena, sizeof(*m->errors) * ERRORS_MAX);
    if (!fields_enter(f, "errors", OPTIONAL))
        return;
    lua_pushnil(f->L);
    while (lua_next(f->L, -2)) {
        size_t n = 0;
        const char *name =
            lua_type(f->L, -2) == LUA_TSTRING ? lua_tolstring(f->L, -2, &n) : NULL;
        if (!name || !lua_istable(f->L, -1) || m->n_errors == ERRORS_MAX) {
            fields_fault(f, name ? name : "",
                         "must be {status =, detail =}, 100 at most");
        } else {
            size_t at = strlen(f->path);
            snprintf(f->path + at, sizeof(f->path) - at, "%s.", name);
            read_error(f, (struct str){name, n}, m);
            f->path[at] = '\0';
        }
        lua_pop(f->L, 1);
    }
    fields_leave(f);
}

static void read_assets(struct fields *f, struct manifest *m)
{
    struct str at = fields_str(f, "assets", OPTIONAL);
    if (at.p && (at.n == 0 || at.p[0] != '/' || at.p[at.n - 1] != '/'))
        fields_fault(f, "assets", "must be a path that begins and ends with a slash");
    m->assets = at;
}

static void read_manifest(struct fields *f, const struct folder *folder,
                          struct manifest *m)
{
    static const char *const known[] = {"name",    "version", "api",    "needs",
                                        "uses",    "reads",   "hosts",  "errors",
                                        "routes",  "options", "events", "hooks",
                                        "secrets", "metrics", "assets", NULL};
    fields_only(f, known);
    m->name = fields_str(f, "name", REQUIRED);
    m->version = fields_str(f, "version", REQUIRED);
    fields_int(f, "api", 1, 1, 1);
    if (m->name.p && !str_eq(m->name, folder->name))
        fields_fault(f, "name", "'%s' must be the folder's name, '%s'", m->name.p,
                     folder->name.p);
    read_needs(f, m);
    m->n_uses = read_list(f, "uses", &m->uses);
    m->n_reads = read_list(f, "reads", &m->reads);
    m->n_secrets = read_list(f, "secrets", &m->secrets);
    read_hosts(f, m);
    option_read(f, &m->options);
    read_errors(f, m);
    hook_read(f, m);
    measure_read(f, m);
    read_assets(f, m);
    read_routes(f, m);
}

struct look {
    const struct folder *folder;
    struct manifest *out;
    struct fields f;
};

static int look(lua_State *L, void *ctx)
{
    struct look *l = ctx;
    l->f.L = L;
    read_manifest(&l->f, l->folder, l->out);
    return l->f.n_faults ? ERR_INVALID : 0;
}

int manifest_read(struct arena *a, const struct folder *folder, struct manifest *out,
                  struct buf *faults)
{
    const struct source *s = source_find(folder, STR("plugin"));
    struct vm *vm;
    *out = (struct manifest){.name = folder->name};
    if (!s) {
        buf_fmt(faults, "%s/plugin.lua: is missing\n", folder->path.p);
        return ERR_INVALID;
    }
    if (vm_new(&vm, &(struct vm_options){.name = folder->name.p}))
        return ERR_NOMEM;
    struct look l = {
        folder,
        out,
        {.arena = a, .file = s->name.p, .text = s->text, .faults = faults}};
    struct entry e = {
        .source = s, .bare = true, .instructions = 100000, .look = look, .ctx = &l};
    int err = entry_run(vm, &e, faults);
    vm_free(vm);
    fields_end(&l.f);
    return err;
}

void manifest_fault(const struct folder *folder, struct buf *faults, const char *key,
                    const char *fmt, ...)
{
    const struct source *s = source_find(folder, STR("plugin"));
    struct fields f = {.file = s->name.p, .text = s->text, .faults = faults};
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fields_fault(&f, key, "%s", text);
}

const struct error_spec *manifest_error(const struct manifest *m, struct str name)
{
    for (int i = 0; i < m->n_errors; i++)
        if (str_eq(m->errors[i].name, name))
            return &m->errors[i];
    for (size_t i = 0; i < COUNT(builtin); i++)
        if (str_eq(builtin[i].name, name))
            return &builtin[i];
    return NULL;
}
