#include "reload.h"

#include "change.h"
#include "chore.h"
#include "guard/audit.h"
#include "lastgood.h"
#include "metrics.h"

/* --- building --- */

static int no_migrations(struct server *s, struct generation *g, struct buf *faults)
{
    int ran = 0, err = generation_migrate(g, s->db, true, &ran, faults);
    if (err || ran == 0)
        return err;
    buf_fmt(faults, "%d migration%s pending: restart the server to run %s\n", ran,
            ran == 1 ? " is" : "s are", ran == 1 ? "it" : "them");
    return ERR_INVALID;
}

/* All faults are told, not just those of the first step. */
static int build(struct server *s, const struct generation_options *from,
                 struct generation **out, struct buf *faults)
{
    int err = generation_read(out, from, faults);
    int e = no_migrations(s, *out, faults);
    err = err ? err : e;
    e = generation_build(*out, s->db, s->shared.zones, s->shared.log, s->shared.keyring,
                         s->n_workers, s->generation->number + 1, faults);
    return err ? err : e;
}

static int build_before(struct server *s, struct generation **out, struct buf *faults)
{
    struct generation_options from;
    struct source_list l;
    struct arena a;
    int err = ERR_NOT_FOUND;
    arena_init(&a);
    if (lastgood_pinned(s->data)) {
        buf_lit(faults, "the sources are rolled back already; kordless reload takes "
                        "those on disk\n");
    } else if (lastgood_options(&a, s->data, LASTGOOD_BEFORE, &s->sources, &from)) {
        buf_lit(faults, "there are no sources from before these\n");
    } else {
        err = build(s, &from, out, faults);
        sources_list(&a, *out, &l);
        int e = lastgood_verify(s->data, LASTGOOD_BEFORE, &l, faults);
        err = err ? err : e;
    }
    arena_end(&a);
    return err;
}

/* --- keeping --- */

/* They run already: what fails here costs the next start, not this one. */
bool reload_keep(struct server *s, bool pinned)
{
    struct source_list l;
    struct arena a;
    struct buf why;
    arena_init(&a);
    buf_init(&why);
    sources_list(&a, s->generation, &l);
    int err = lastgood_keep(s->data, &l, &why);
    if (!err)
        err = lastgood_pin(s->data, pinned);
    if (err)
        LOG(s->shared.log, LOG_ERROR, "sources_not_kept",
            LOG_T("why", why.n ? buf_slice(&why) : str_of(err_name(err))));
    buf_end(&why);
    arena_end(&a);
    return !err;
}

/* --- telling --- */

void reload_log_faults(struct server *s, const char *event, struct str lines)
{
    struct str line;
    while (lines.n) {
        str_cut(lines, '\n', &line, &lines);
        if (line.n)
            LOG(s->shared.log, LOG_ERROR, event, LOG_T("fault", line));
    }
}

static void log_refusal(struct server *s, const struct buf *faults)
{
    reload_log_faults(s, "reload_fault", buf_slice(faults));
    LOG(s->shared.log, LOG_ERROR, "reload_refused",
        LOG_C("what", "the sources from before keep running"),
        LOG_N("generation", s->generation->number));
}

static void put_head(struct buf *out, const struct generation *g, bool live,
                     bool pinned)
{
    struct source_list l;
    struct arena a;
    arena_init(&a);
    sources_list(&a, g, &l);
    buf_fmt(out,
            "{\"generation\":%u,\"live\":%s,\"pinned\":%s,\"hash\":\"%s\","
            "\"plugins\":%d,\"classes\":%d",
            g->number, live ? "true" : "false", pinned ? "true" : "false", l.hash,
            g->n_plugins, quota_classes(g->quota));
    arena_end(&a);
}

/* --- who did it --- */

struct telling {
    struct chore c; /* first */
    struct audit_row row;
};

static int tell(struct write *w, struct db *db)
{
    return audit_add(db, &((struct telling *)w)->row);
}

/* What is live is live, whether the store can say so or not. */
static void put_audit(struct server *s, bool pinned, struct str actor)
{
    struct source_list l;
    struct arena a;
    arena_init(&a);
    sources_list(&a, s->generation, &l);
    struct telling t = {
        .c.w.run = tell,
        .row = {.at_ms = clock_read(s->shared.clock).wall_ms,
                .actor = actor,
                .action = pinned ? STR("sources.rollback") : STR("sources.reload"),
                .detail = arena_fmt(&a, "{\"generation\":%u,\"hash\":\"%s\"}",
                                    s->generation->number, l.hash)}};
    int err = chore_wait(s->shared.writer, &t.c);
    if (err)
        LOG(s->shared.log, LOG_ERROR, "reload_not_in_audit",
            LOG_C("why", err_name(err)));
    arena_end(&a);
}

static int go_live(struct server *s, struct generation *g, enum reload_kind kind,
                   struct buf *report, struct buf *faults)
{
    bool pinned = kind == RELOAD_ROLLBACK;
    int err = kind == RELOAD_DRY ? 0 : server_room(s, faults);
    if (!err && kind != RELOAD_DRY)
        err = generation_start(g, s->sources.natives, faults);
    if (err)
        return err;
    put_head(report, g, kind != RELOAD_DRY, pinned);
    change_put(report, s->generation, g, s->shared.keyring,
               clock_read(s->shared.clock).wall_ms);
    if (kind == RELOAD_DRY) {
        generation_drop(g);
    } else {
        server_adopt(s, g);
        s->origin = pinned ? ORIGIN_PINNED : ORIGIN_DISK;
        buf_fmt(report, ",\"kept\":%s", reload_keep(s, pinned) ? "true" : "false");
        LOG(s->shared.log, LOG_INFO, pinned ? "rolled_back" : "reloaded",
            LOG_N("generation", s->generation->number),
            LOG_N("classes", quota_classes(s->generation->quota)));
    }
    buf_char(report, '}');
    return 0;
}

static void remember(struct server *s, enum reload_kind kind, bool live,
                     const struct buf *faults)
{
    s->last_reload.wall_ms = clock_read(s->shared.clock).wall_ms;
    s->last_reload.rollback = kind == RELOAD_ROLLBACK;
    s->last_reload.live = live;
    buf_clear(&s->last_reload.faults);
    buf_str(&s->last_reload.faults, buf_slice(faults));
    metrics_reloaded(s->shared.metrics, live, s->last_reload.wall_ms);
}

int reload_run(struct server *s, enum reload_kind kind, struct str actor,
               struct buf *report, struct buf *faults)
{
    struct generation *g = NULL;
    int err = kind == RELOAD_ROLLBACK ? build_before(s, &g, faults)
                                      : build(s, &s->sources, &g, faults);
    if (!err)
        err = go_live(s, g, kind, report, faults);
    if (!err && kind != RELOAD_DRY)
        put_audit(s, kind == RELOAD_ROLLBACK, actor);
    if (kind != RELOAD_DRY)
        remember(s, kind, !err, faults);
    if (!err)
        return 0;
    generation_drop(g);
    if (kind != RELOAD_DRY)
        log_refusal(s, faults);
    return err;
}
