#include "change.h"

#include "base/json.h"

struct change {
    struct arena arena;
    const struct generation *from, *to;
    struct source_list old, new;
};

static const struct plugin *owner_of(const struct generation *g, struct str label)
{
    for (int i = 0; i < g->n_plugins; i++)
        for (int k = 0; k < g->plugins[i].manifest.n_routes; k++)
            if (str_eq(g->plugins[i].manifest.routes[k].label, label))
                return &g->plugins[i];
    return NULL;
}

static bool same_files(struct change *c, struct str plugin)
{
    return sources_same(&c->old, &c->new,
                        arena_fmt(&c->arena, "plugins/%.*s/", (int)plugin.n, plugin.p));
}

static bool same_plugin(struct change *c, const struct plugin *p)
{
    bool same = same_files(c, p->folder.name);
    for (int i = 0; i < p->manifest.n_uses && same; i++)
        same = same_files(c, p->manifest.uses[i]);
    return same;
}

enum fate { CHANGED, KEPT, ADDED, REMOVED };
static const char *const fates[] = {"changed", "kept", "added", "removed"};

static enum fate fate_of(const struct plugin *here, const struct plugin *there,
                         bool same, bool here_is_new)
{
    if (!there)
        return here_is_new ? ADDED : REMOVED;
    return same && str_eq(here->folder.name, there->folder.name) ? KEPT : CHANGED;
}

static void put_routes(struct change *c, struct buf *out, enum fate wanted)
{
    const struct generation *here = wanted == REMOVED ? c->from : c->to;
    const struct generation *there = wanted == REMOVED ? c->to : c->from;
    sources_put_comma(out);
    buf_fmt(out, "\"%s\":[", fates[wanted]);
    for (int i = 0; i < here->n_plugins; i++) {
        const struct plugin *p = &here->plugins[i];
        bool same = wanted != REMOVED && same_plugin(c, p);
        for (int k = 0; k < p->manifest.n_routes; k++) {
            struct str label = p->manifest.routes[k].label;
            if (fate_of(p, owner_of(there, label), same, here == c->to) != wanted)
                continue;
            sources_put_comma(out);
            if (json_put_string(out, label))
                buf_lit(out, "null");
        }
    }
    buf_char(out, ']');
}

static void put_limits(struct change *c, struct buf *out, const struct keyring *ring,
                       int64_t wall_ms)
{
    struct quota_change q;
    quota_compare(c->from->quota, c->to->quota, ring, wall_ms, &c->arena, &q);
    buf_fmt(out, ",\"limits\":{\"keys\":%zu,\"tighter\":%zu,\"looser\":%zu}", q.keys,
            q.tighter, q.looser);
}

void change_put(struct buf *out, const struct generation *from,
                const struct generation *to, const struct keyring *ring,
                int64_t wall_ms)
{
    struct change c = {.from = from, .to = to};
    arena_init(&c.arena);
    sources_list(&c.arena, from, &c.old);
    sources_list(&c.arena, to, &c.new);
    sources_put_comma(out);
    buf_lit(out, "\"files\":{");
    sources_put_diff(out, &c.old, &c.new);
    buf_lit(out, "},\"routes\":{");
    for (int f = CHANGED; f <= REMOVED; f++)
        put_routes(&c, out, (enum fate)f);
    buf_char(out, '}');
    put_limits(&c, out, ring, wall_ms);
    arena_end(&c.arena);
}
