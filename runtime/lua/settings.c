#include "lua/settings.h"

#include <stdio.h>

#include <stdio.h>

#include "http/outgoing.h"
#include "lua/entry.h"
#include "lua/schema.h"

static void read_hosts(struct fields *f, struct settings *out)
{
    char key[32];
    out->n_fetch_hosts =
        fields_list(f, "fetch_hosts", out->fetch_hosts, SETTINGS_HOSTS_MAX);
    for (int i = 0; i < out->n_fetch_hosts; i++) {
        if (outgoing_entry_ok(out->fetch_hosts[i]))
            continue;
        snprintf(key, sizeof(key), "fetch_hosts[%d]", i + 1);
        fields_fault(f, key, "must be a host or host:port, in lower case");
    }
#ifdef KORDLESS_TEST_CLOCK
    out->fetch_loopback = fields_bool(f, "fetch_loopback", false);
#endif
}

/* "name", or { "name", options = { … } } */
static void read_plugin(struct fields *f, int i, struct settings *out)
{
    static const char *const known[] = {"options", NULL};
    struct chosen *c = &out->chosen[out->n_plugins];
    size_t n = 0;
    const char *p = NULL;
    *c = (struct chosen){.position = i};
    int type = lua_rawgeti(f->L, -1, i);
    if (type == LUA_TSTRING)
        p = lua_tolstring(f->L, -1, &n);
    if (type == LUA_TTABLE && lua_rawgeti(f->L, -1, 1) == LUA_TSTRING)
        p = lua_tolstring(f->L, -1, &n);
    lua_pop(f->L, type == LUA_TTABLE ? 2 : 1); /* the list still holds it */
    if (p)
        out->plugins[out->n_plugins++] = arena_str(f->arena, (struct str){p, n});
    if (!p) {
        char key[16];
        snprintf(key, sizeof(key), "[%d]", i);
        fields_fault(f, key, "must be a string, or { \"name\", options = { … } }");
    } else if (type == LUA_TTABLE && fields_item(f, i)) {
        fields_only_behind(f, 1, known);
        c->options = schema_value(f, "options", NULL);
        fields_leave(f);
    }
}

static void read_plugins(struct fields *f, struct settings *out)
{
    if (!fields_enter(f, "plugins", OPTIONAL))
        return;
    int n = fields_n(f);
    if (!fields_is_list(f))
        fields_fault(f, "", "must be a list");
    if (n > SETTINGS_PLUGINS_MAX)
        fields_fault(f, "", "has more than %d entries", SETTINGS_PLUGINS_MAX);
    for (int i = 1; i <= n && i <= SETTINGS_PLUGINS_MAX; i++)
        read_plugin(f, i, out);
    fields_leave(f);
}

static void read_proxies(struct fields *f, struct settings *out)
{
    struct str texts[NETWORKS_MAX];
    char key[32];
    out->n_proxies = fields_list(f, "trusted_proxies", texts, NETWORKS_MAX);
    for (int i = 0; i < out->n_proxies; i++) {
        if (!network_parse(texts[i], &out->proxies[i]))
            continue;
        snprintf(key, sizeof(key), "trusted_proxies[%d]", i + 1);
        fields_fault(f, key,
                     "must be a network such as 10.0.0.0/8 or an address, with "
                     "nothing set behind its prefix");
    }
}

static void read_table(struct fields *f, struct settings *out)
{
    static const char *const known[] = {"plugins",
                                        "native",
                                        "listen",
                                        "workers",
                                        "memory_mib",
                                        "decision_sample",
                                        "public_url",
                                        "support_contact",
                                        "ratelimit_fields",
                                        "fetch_hosts",
                                        "trusted_proxies",
#ifdef KORDLESS_TEST_CLOCK
                                        "fetch_loopback",
#endif
                                        NULL};
    fields_only(f, known);
    read_plugins(f, out);
    out->n_native = fields_list(f, "native", out->native, SETTINGS_NATIVE_MAX);
    out->listen = fields_str(f, "listen", OPTIONAL);
    out->workers = (int)fields_int(f, "workers", 1, 64, 0);
    out->memory_mib = (int)fields_int(f, "memory_mib", 8, 1024, 64);
    out->decision_sample = (int)fields_int(f, "decision_sample", 0, 1000000, 100);
    out->public_url = fields_str(f, "public_url", OPTIONAL);
    out->support_contact = fields_str(f, "support_contact", OPTIONAL);
    out->ratelimit_fields = fields_bool(f, "ratelimit_fields", true);
    read_hosts(f, out);
    read_proxies(f, out);
    while (out->public_url.n && out->public_url.p[out->public_url.n - 1] == '/')
        out->public_url.n--;
    if (out->public_url.n && !str_starts(out->public_url, STR("http://")) &&
        !str_starts(out->public_url, STR("https://")))
        fields_fault(f, "public_url", "must begin with http:// or https://");
}

struct look {
    struct settings *out;
    struct fields f;
};

static int look(lua_State *L, void *ctx)
{
    struct look *l = ctx;
    l->f.L = L;
    read_table(&l->f, l->out);
    return l->f.n_faults ? ERR_INVALID : 0;
}

int settings_read(struct arena *a, const struct folder *scripts, struct settings *out,
                  struct buf *faults)
{
    const struct source *s = source_find(scripts, STR("kordless"));
    struct vm *vm;
    *out = (struct settings){.ratelimit_fields = true};
    if (!s) {
        buf_fmt(faults, "%s/kordless.lua: is missing\n", scripts->path.p);
        return ERR_INVALID;
    }
    if (vm_new(&vm, &(struct vm_options){.name = "settings"}))
        return ERR_NOMEM;
    struct look l = {
        out, {.arena = a, .file = s->name.p, .text = s->text, .faults = faults}};
    struct entry e = {
        .source = s, .bare = true, .instructions = 100000, .look = look, .ctx = &l};
    int err = entry_run(vm, &e, faults);
    vm_free(vm);
    fields_end(&l.f);
    return err;
}
