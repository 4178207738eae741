#include "status.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "sources.h"
#include "worker.h"

static const char *const origins[] = {"disk", "last-good", "pinned"};

/* --- the disk beside the memory --- */

void status_put_faults(struct buf *out, struct str faults)
{
    struct str line;
    buf_lit(out, ",\"faults\":[");
    while (faults.n) {
        str_cut(faults, '\n', &line, &faults);
        if (!line.n)
            continue;
        sources_put_comma(out);
        if (json_put_string(out, line))
            buf_lit(out, "\"a fault that is not UTF-8\"");
    }
    buf_char(out, ']');
}

/* What a reload would read now. Its faults are those of reading: kordless check, and
 * reload --dry-run, find the others. */
static void put_drift(struct server *s, const struct source_list *live, struct buf *out)
{
    struct generation_options o = s->sources;
    struct generation *disk;
    struct source_list l;
    struct arena a;
    struct buf faults;
    arena_init(&a);
    buf_init(&faults);
    o.natives = NULL; /* looking must not load a shared object */
    int err = generation_read(&disk, &o, &faults);
    (void)err; /* told as faults */
    sources_list(&a, disk, &l);
    buf_lit(out, ",\"drift\":{");
    int n = sources_put_diff(out, live, &l);
    buf_fmt(out, ",\"files\":%d", n);
    status_put_faults(out, buf_slice(&faults));
    buf_char(out, '}');
    generation_drop(disk);
    buf_end(&faults);
    arena_end(&a);
}

/* --- plugins --- */

struct census { /* what a worker says of one plugin */
    int plugin;
    size_t memory;
    long calls;
};

static void count(struct worker *w, void *ctx)
{
    struct census *c = ctx;
    const struct unit *u = w->generation->workers[w->index].units[c->plugin];
    c->memory = vm_memory(u->vm);
    c->calls = u->calls;
}

static void put_plugin(struct server *s, const struct source_list *l, int i,
                       struct buf *out)
{
    const struct plugin *p = &s->generation->plugins[i];
    char hash[17], prefix[300];
    long calls = 0;
    snprintf(prefix, sizeof(prefix), "plugins/%s/", p->folder.name.p);
    sources_hash_of(l, str_of(prefix), hash);
    buf_char(out, '{');
    sources_put_str(out, "name", p->manifest.name);
    sources_put_str(out, "version", p->manifest.version);
    sources_put_str(out, "hash", str_of(hash));
    buf_fmt(out, ",\"routes\":%d,\"memory\":[", p->manifest.n_routes);
    for (int w = 0; w < s->n_workers; w++) {
        struct census c = {.plugin = i};
        worker_ask(s->workers[w], count, &c);
        buf_fmt(out, "%s%zu", w ? "," : "", c.memory);
        calls += c.calls;
    }
    buf_fmt(out, "],\"calls\":%ld,\"kills\":%llu,\"quarantined\":%s}", calls,
            (unsigned long long)(quarantine_count(p->quarantine, KILL_BUDGET) +
                                 quarantine_count(p->quarantine, KILL_MEMORY)),
            quarantine_on(p->quarantine) ? "true" : "false");
}

static void put_scripts(const struct source_list *l, struct buf *out)
{
    buf_lit(out, ",\"scripts\":{");
    for (int i = 0; i < l->n; i++)
        if (str_starts(l->files[i].name, STR("scripts/")))
            sources_put_str(
                out, l->files[i].name.p + strlen("scripts/"),
                (struct str){l->files[i].hash, 16}); /* as policies name themselves */
    buf_lit(out, "}");
}

/* Null: there was none since the start. */
static void put_last_reload(const struct server *s, struct buf *out)
{
    char at[32];
    buf_lit(out, ",\"last_reload\":");
    if (!s->last_reload.wall_ms) {
        buf_lit(out, "null");
        return;
    }
    time_format(s->last_reload.wall_ms / 1000, at);
    buf_fmt(out, "{\"at\":\"%s\",\"rollback\":%s,\"live\":%s", at,
            s->last_reload.rollback ? "true" : "false",
            s->last_reload.live ? "true" : "false");
    status_put_faults(out, buf_slice(&s->last_reload.faults));
    buf_char(out, '}');
}

/* --- all of it --- */

static void put_server(struct server *s, const struct source_list *l, struct buf *out)
{
    const struct generation *g = s->generation;
    int64_t up_ms = clock_read(s->shared.clock).steady_ms - s->started_ms;
    buf_fmt(out,
            "\"generation\":%u,\"hash\":\"%s\",\"source\":\"%s\","
            "\"uptime_seconds\":%lld,\"workers\":%d,\"keys\":%zu,\"classes\":%d,"
            "\"queue\":%d,\"older_generations\":%d",
            g->number, l->hash, origins[s->origin], (long long)(up_ms / 1000),
            s->n_workers, keyring_count(s->shared.keyring), quota_classes(g->quota),
            writer_queued(s->shared.writer), s->n_retired);
}

void status_put(struct server *s, struct buf *out)
{
    struct source_list l;
    struct arena a;
    arena_init(&a);
    sources_list(&a, s->generation, &l);
    buf_lit(out, "{\"status\":{");
    put_server(s, &l, out);
    put_scripts(&l, out);
    put_drift(s, &l, out);
    put_last_reload(s, out);
    buf_lit(out, ",\"plugins\":[");
    for (int i = 0; i < s->generation->n_plugins; i++) {
        sources_put_comma(out);
        put_plugin(s, &l, i, out);
    }
    buf_lit(out, "]}}");
    arena_end(&a);
}
