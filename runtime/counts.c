#include "counts.h"

#include "chore.h"
#include "server.h"
#include "worker.h"

enum {
    PERIOD_MS = 900,      /* a tick of main is a second, more or less */
    SWEEP_MS = 60 * 1000, /* old rows are looked for, and at once while there are */
    SWEEP_ROWS = 5000,    /* at most, so that no write waits long for it */
    COMPLAIN_MS = 60 * 1000
};

static void complain(struct server *s, const char *what, int err, int64_t steady_ms)
{
    if (!err || steady_ms - s->counts.complained_ms < COMPLAIN_MS)
        return;
    s->counts.complained_ms = steady_ms;
    LOG(s->shared.log, LOG_ERROR, what, LOG_C("why", err_name(err)),
        LOG_N("waiting", usage_waiting(s->shared.usage)));
}

/* --- how often --- */

struct counting {
    struct chore c; /* first */
    struct usage *usage;
    int64_t wall_ms, gone;
};

static int flush(struct write *w, struct db *db)
{
    return usage_flush(((struct counting *)w)->usage, db);
}

static void flushed(struct chore *c)
{
    usage_flushed(((struct counting *)c)->usage);
}

static int sweep(struct write *w, struct db *db)
{
    struct counting *c = (struct counting *)w;
    return usage_sweep(db, c->wall_ms, SWEEP_ROWS, &c->gone);
}

static void write_counts(struct server *s, struct now now)
{
    uint64_t lost = usage_lost(s->shared.usage);
    struct counting c = {.c = {.w.run = flush, .kept = flushed},
                         .usage = s->shared.usage};
    if (lost)
        LOG(s->shared.log, LOG_ERROR, "usage_lost", LOG_N("requests", lost));
    if (usage_waiting(s->shared.usage))
        complain(s, "usage_waits", chore_wait(s->shared.writer, &c.c), now.steady_ms);
}

static void sweep_counts(struct server *s, struct now now)
{
    struct counting c = {.c.w.run = sweep, .wall_ms = now.wall_ms};
    if (now.steady_ms - s->counts.swept_ms < SWEEP_MS)
        return;
    int err = chore_wait(s->shared.writer, &c.c);
    complain(s, "usage_stays", err, now.steady_ms);
    if (err || c.gone < SWEEP_ROWS)
        s->counts.swept_ms = now.steady_ms;
}

/* --- refusals of keys, and of strangers --- */

struct denying {
    struct chore c; /* first */
    struct denials *denials;
};

static int flush_denials(struct write *w, struct db *db)
{
    return denials_flush(((struct denying *)w)->denials, db);
}

static void denials_kept(struct chore *c)
{
    denials_flushed(((struct denying *)c)->denials);
}

static void write_denials(struct server *s, struct now now)
{
    struct denying d = {.c = {.w.run = flush_denials, .kept = denials_kept},
                        .denials = s->shared.denials};
    if (denials_take(s->shared.denials))
        complain(s, "denials_wait", chore_wait(s->shared.writer, &d.c), now.steady_ms);
}

/* Of specs nothing is told: what they have refused is their own business. */
static void tell_refusals(struct server *s, struct now now, bool all)
{
    struct hush_line l;
    struct buf codes;
    buf_init(&codes);
    while (hush_next(s->shared.hush, now.boot_ms, all, &l)) {
        buf_clear(&codes);
        for (int i = 0; i < l.n_codes; i++)
            buf_fmt(&codes, "%s%s:%llu", i ? "," : "", l.codes[i].code,
                    (unsigned long long)l.codes[i].n);
        if (!s->shared.kit)
            LOG(s->shared.log, LOG_WARN, "refused", LOG_C("address", l.address),
                LOG_N("count", l.n), LOG_T("codes", buf_slice(&codes)));
    }
    buf_end(&codes);
}

/* --- from main --- */

void counts_tick(struct server *s)
{
    struct now now = clock_read(s->shared.clock);
    if (now.steady_ms - s->counts.flushed_ms < PERIOD_MS)
        return;
    s->counts.flushed_ms = now.steady_ms;
    if (!s->counts.spare)
        s->counts.spare = tally_new(TALLY_MAX);
    for (int i = 0; i < s->n_workers; i++) {
        worker_tally(s->workers[i], &s->counts.spare);
        usage_collect(s->shared.usage, s->counts.spare);
    }
    write_counts(s, now);
    write_denials(s, now);
    sweep_counts(s, now);
    tell_refusals(s, now, false);
}

void counts_last(struct server *s)
{
    for (int i = 0; i < s->n_workers; i++)
        usage_collect(s->shared.usage, s->workers[i]->tally);
    struct now now = clock_read(s->shared.clock);
    write_counts(s, now);
    write_denials(s, now);
    tell_refusals(s, now, true);
    tally_free(s->counts.spare);
    s->counts.spare = NULL;
}
