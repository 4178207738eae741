#include "pauses.h"

#include <stddef.h>
#include <stdlib.h>

#include "lua/hook.h"
#include "kit.h"
#include "metrics.h"
#include "net/fetch.h"
#include "worker.h"

/* When a call goes on: by the loop's time or, for specs, by their clock. */
struct moment {
    struct loop_timer *timer;
    struct kit_alarm *alarm;
};

struct pause { /* a call waits: for a time, a fetch or a hash */
    struct pause *next, **at;
    struct worker *worker;
    struct call *call;
    struct moment moment;
    struct fetch *fetch;
    struct kit_fetch *asked;         /* a fetch, of a spec */
    const struct outgoing *outgoing; /* of the fetch */
    struct hash *hash;
};

struct hash { /* out at the hasher until it is posted back, whoever waits for it */
    struct hash_job job; /* first */
    struct loop_task task;
    struct hash *next, **at;
    struct loop *loop;
    struct pause *pause; /* NULL: nobody waits any more */
    struct hashing *to;  /* the call's */
};

struct job { /* a call of `after`: waits for its time, then runs */
    struct job *next, **at;
    struct worker *worker;
    struct moment moment;          /* nothing once it runs */
    struct generation *generation; /* NULL until then */
    struct arena arena;
    struct reply reply; /* nobody reads it */
    struct route route; /* a name for the log */
    struct str plugin, name, args;
    char id[ID_MAX];
    struct call call;
};

struct pauses {
    struct fetcher *fetcher;
    struct pause *pause;
    struct hash *hashes;
    struct job *jobs;
    int n_jobs;
};

struct pauses *pauses_new(struct worker *w)
{
    struct pauses *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->fetcher = fetcher_new(w->loop);
    return p;
}

/* --- moments --- */

static int moment_set(struct moment *m, struct worker *w, int64_t ms,
                      enum kit_kind kind, void (*fire)(void *ctx), void *ctx)
{
    struct kit *k = w->shared->kit;
    if (k) {
        m->alarm = kit_alarm(k, w->host.now(w).boot_ms + ms, kind, fire, ctx);
        return 0;
    }
    int err = loop_timer_new(&m->timer, w->loop, fire, ctx);
    if (!err)
        loop_timer_set(m->timer, ms);
    return err;
}

static void moment_end(struct moment *m)
{
    loop_timer_free(m->timer);
    kit_alarm_free(m->alarm);
    *m = (struct moment){NULL, NULL};
}

static bool moment_waits(const struct moment *m)
{
    return m->timer || m->alarm;
}

/* --- sleeps and fetches --- */

static struct pause *pause_new(struct worker *w, struct call *c)
{
    struct pauses *all = w->pauses;
    struct pause *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    *p = (struct pause){.worker = w, .call = c, .next = all->pause, .at = &all->pause};
    if (p->next)
        p->next->at = &p->next;
    all->pause = p;
    return p;
}

static void pause_free(struct pause *p)
{
    *p->at = p->next;
    if (p->next)
        p->next->at = p->at;
    moment_end(&p->moment);
    fetch_free(p->fetch);
    kit_fetch_free(p->asked);
    if (p->hash)
        p->hash->pause = NULL;
    free(p);
}

static void pause_over(void *ctx)
{
    struct pause *p = ctx;
    struct call *c = p->call;
    if (p->outgoing)
        metrics_fetched(p->worker->metrics, p->outgoing->fault);
    pause_free(p);
    c->pending = NULL;
    call_wake(c);
}

int pauses_sleep(void *worker, struct call *c, int64_t ms)
{
    struct worker *w = worker;
    struct pause *p = pause_new(w, c);
    if (moment_set(&p->moment, w, ms, c->is_job ? KIT_SLEEP : KIT_SLEEP_ASKED,
                   pause_over, p)) {
        pause_free(p);
        return ERR_FULL;
    }
    c->pending = p;
    return 0;
}

int pauses_fetch(void *worker, struct call *c, struct outgoing *o)
{
    struct worker *w = worker;
    struct pause *p = pause_new(w, c);
    int err = 0;
    if (w->shared->kit)
        p->asked = kit_fetch(w->shared->kit, w->loop, o, pause_over, p);
    else
        err = fetch_start(&p->fetch, w->pauses->fetcher, o,
                          c->unit->plugin->settings->fetch_loopback, pause_over, p);
    p->outgoing = o;
    if (err)
        metrics_fetched(w->metrics, "busy");
    if (err)
        pause_free(p);
    else
        c->pending = p;
    return err;
}

/* --- passwords --- */

static void hash_free(struct hash *h)
{
    *h->at = h->next;
    if (h->next)
        h->next->at = h->at;
    password_wipe(&h->job.h);
    free(h);
}

static void hash_back(struct loop_task *t)
{
    struct hash *h = (struct hash *)((char *)t - offsetof(struct hash, task));
    struct pause *p = h->pause;
    if (p)
        *h->to = h->job.h;
    hash_free(h);
    if (p) {
        p->hash = NULL;
        pause_over(p);
    }
}

static void hash_done(struct hash_job *j) /* on the hasher's thread */
{
    struct hash *h = (struct hash *)j;
    h->task.run = hash_back;
    loop_post(h->loop, &h->task);
}

int pauses_hash(void *worker, struct call *c, struct hashing *ask)
{
    struct worker *w = worker;
    struct hash *h = calloc(1, sizeof(*h));
    if (!h)
        abort();
    h->job = (struct hash_job){.h = *ask, .done = hash_done};
    h->loop = w->loop;
    h->to = ask;
    h->next = w->pauses->hashes;
    h->at = &w->pauses->hashes;
    if (h->next)
        h->next->at = &h->next;
    w->pauses->hashes = h;
    h->pause = pause_new(w, c);
    h->pause->hash = h;
    c->pending = h->pause;
    if (hasher_queue(w->shared->hasher, &h->job) == 0)
        return 0;
    pauses_cancel(w, c);
    hash_free(h);
    return ERR_FULL;
}

/* --- given up --- */

void pauses_cancel(void *worker, struct call *c)
{
    (void)worker;
    if (c->pending)
        pause_free(c->pending);
    c->pending = NULL;
}

/* --- calls that begin later --- */

static void job_free(struct job *j)
{
    *j->at = j->next;
    if (j->next)
        j->next->at = j->at;
    j->worker->pauses->n_jobs--;
    moment_end(&j->moment);
    reply_end(&j->reply);
    arena_end(&j->arena);
    free(j);
}

static void job_finished(struct call *c)
{
    struct job *j = c->user;
    struct worker *w = j->worker;
    struct generation *g = j->generation;
    c->unit->calls--;
    job_free(j);
    worker_leave(w, g);
}

static void log_dropped(struct worker *w, const struct job *j, const char *why)
{
    LOG(w->shared->log, LOG_WARN, "after_dropped", LOG_T("plugin", j->plugin),
        LOG_T("name", j->name), LOG_C("why", why));
}

/* In the generation that is live now: a plugin that was mended meanwhile runs mended.
 */
static struct unit *unit_now(struct worker *w, struct str plugin)
{
    struct generation *g = w->generation;
    for (int i = 0; i < g->n_plugins; i++)
        if (str_eq(g->plugins[i].manifest.name, plugin))
            return g->workers[w->index].units[i];
    return NULL;
}

static void job_due(void *ctx)
{
    struct job *j = ctx;
    struct worker *w = j->worker;
    struct unit *unit = unit_now(w, j->plugin);
    moment_end(&j->moment);
    if (!unit) {
        log_dropped(w, j, "its plugin is not loaded any more");
        job_free(j);
        return;
    }
    j->generation = w->generation;
    worker_enter(w, j->generation);
    unit->calls++;
    counter_add(&w->metrics->calls[unit->plugin->slot], 1);
    j->call = (struct call){.host = &w->host,
                            .unit = unit,
                            .route = &j->route,
                            .arena = &j->arena,
                            .reply = &j->reply,
                            .now = w->host.now(w),
                            .request_id = j->id,
                            .is_job = true,
                            .job_name = j->name,
                            .job_args = j->args,
                            .user = j,
                            .finished = job_finished};
    id_make(&w->ids, "req_", j->call.now.wall_ms, j->id);
    call_start(&j->call);
}

static int job_new(struct worker *w, int64_t ms, struct str plugin, struct str name,
                   struct str args, const char *kind)
{
    struct pauses *all = w->pauses;
    struct job *j = calloc(1, sizeof(*j));
    if (!j)
        abort();
    if (all->n_jobs >= JOBS_MAX || moment_set(&j->moment, w, ms, KIT_JOB, job_due, j)) {
        free(j);
        return ERR_FULL;
    }
    arena_init(&j->arena);
    reply_init(&j->reply);
    j->worker = w;
    j->plugin = arena_str(&j->arena, plugin);
    j->name = arena_str(&j->arena, name);
    j->args = arena_str(&j->arena, args);
    j->route.label = arena_fmt(&j->arena, "%s %s", kind, j->name.p);
    j->next = all->jobs;
    j->at = &all->jobs;
    if (j->next)
        j->next->at = &j->next;
    all->jobs = j;
    all->n_jobs++;
    return 0;
}

int pauses_after(void *worker, struct call *c, int64_t ms, struct str name,
                 struct str args)
{
    return job_new(worker, ms, c->unit->plugin->manifest.name, name, args, "after");
}

/* Those of the live generation, in the order of its plugins. */
void pauses_emit(void *worker, struct str event, struct str args)
{
    struct worker *w = worker;
    const struct generation *g = w->generation;
    for (int i = 0; i < g->n_plugins; i++) {
        const struct manifest *m = &g->plugins[i].manifest;
        for (int h = 0; h < m->n_hooks; h++)
            if (str_eq(m->hooks[h].event, event) &&
                job_new(w, 0, m->name, m->hooks[h].handler, args, "hook"))
                LOG(w->shared->log, LOG_ERROR, "hook_dropped", LOG_T("plugin", m->name),
                    LOG_T("event", event),
                    LOG_C("why", "too many jobs wait on this worker"));
    }
}

/* --- the end --- */

void pauses_free(struct pauses *p)
{
    if (!p)
        return;
    while (p->pause) {
        call_abandon(p->pause->call);
        pause_free(p->pause);
    }
    while (p->hashes)
        hash_free(p->hashes);
    while (p->jobs) {
        struct job *j = p->jobs;
        bool waits = moment_waits(&j->moment);
        if (!j->worker->shared->kit) /* a spec's server stops where its test ends */
            log_dropped(j->worker, j,
                        waits ? "the server stopped before its time"
                              : "the server stopped while it ran");
        if (!waits)
            call_abandon(&j->call);
        job_free(j);
    }
    fetcher_free(p->fetcher);
    free(p);
}
