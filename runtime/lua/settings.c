#include "lua/settings.h"

#include "lua/entry.h"
#include "lua/fields.h"

static void read_table(struct fields *f, struct settings *out)
{
    static const char *const known[] = {
        "plugins",         "listen",           "workers", "public_url",
        "support_contact", "ratelimit_fields", NULL};
    fields_only(f, known);
    out->n_plugins = fields_list(f, "plugins", out->plugins, SETTINGS_PLUGINS_MAX);
    out->listen = fields_str(f, "listen", OPTIONAL);
    out->workers = (int)fields_int(f, "workers", 1, 64, 0);
    out->public_url = fields_str(f, "public_url", OPTIONAL);
    out->support_contact = fields_str(f, "support_contact", OPTIONAL);
    out->ratelimit_fields = fields_bool(f, "ratelimit_fields", true);
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
    struct look l = {out, {.arena = a, .file = s->name.p, .faults = faults}};
    struct entry e = {
        .source = s, .bare = true, .instructions = 100000, .look = look, .ctx = &l};
    int err = entry_run(vm, &e, faults);
    vm_free(vm);
    return err;
}
