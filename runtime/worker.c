#include "worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "kit.h"
#include "metrics.h"
#include "net/listen.h"

/* --- the verbs lent to lua/ --- */

static int host_read(void *ctx, struct db **out)
{
    struct worker *w = ctx;
    return reader_fresh(w->reader, out);
}

/* A write on its way: the writer's thread posts it back to the loop it came from. */
struct errand {
    struct loop_task task; /* first */
    struct call_write *cw;
    struct loop *loop;
};

static void errand_back(struct loop_task *t)
{
    struct errand *e = (struct errand *)t;
    struct call_write *cw = e->cw;
    free(e);
    call_written(cw);
}

static void errand_done(struct write *w)
{
    struct call_write *cw = (struct call_write *)w;
    struct errand *e = cw->host;
    if (cw->settled && w->result == 0)
        cw->settled(cw);
    loop_post(e->loop, &e->task);
}

static void run_aside(void *ctx)
{
    struct call_write *cw = ctx;
    cw->w.result = cw->w.run(&cw->w, NULL);
}

static void aside_done(void *ctx)
{
    struct call_write *cw = ctx;
    cw->w.done(&cw->w);
}

static int host_write(void *ctx, struct call_write *cw)
{
    struct worker *w = ctx;
    struct errand *e = malloc(sizeof(*e));
    if (!e)
        abort();
    *e = (struct errand){.task.run = errand_back, .cw = cw, .loop = w->loop};
    cw->host = e;
    cw->w.done = errand_done;
    int err = cw->aside ? aside_run(w->shared->aside, run_aside, aside_done, cw)
                        : writer_queue(w->shared->writer, &cw->w);
    if (err)
        free(e);
    return err;
}

static void host_used(void *ctx, const struct call *c, const struct call_used *u)
{
    kit_used(((struct worker *)ctx)->shared->kit, c, u);
}

static struct now host_now(void *ctx)
{
    return clock_read(((struct worker *)ctx)->shared->clock);
}

static int64_t host_micros(void *ctx)
{
    (void)ctx;
    return clock_micros();
}

static void host_decided(void *ctx, struct str line)
{
    scribe_line(((struct worker *)ctx)->shared->decisions, line);
}

/* --- generations --- */

static void forget(struct worker *w, struct generation *g)
{
    struct db *db;
    int err = reader_fresh(w->reader, &db);
    (void)err; /* read or not: a statement must not outlive the fence that names it */
    for (int i = 0; i < g->n_plugins; i++)
        db_forget(db, &g->plugins[i].fence);
}

static void let_go(struct worker *w, struct generation *g)
{
    forget(w, g);
    generation_drop(g);
}

void worker_enter(struct worker *w, struct generation *g)
{
    g->workers[w->index].calls++;
}

void worker_leave(struct worker *w, struct generation *g)
{
    if (--g->workers[w->index].calls == 0 && g != w->generation)
        let_go(w, g);
}

/* --- being told from other threads --- */

struct order {
    struct loop_task task; /* first */
    struct worker *worker;
    void (*carry_out)(struct order *o);
    struct generation *generation;
    int fd;
    bool local_admin;
    int64_t drain_ms;
    void (*ask)(struct worker *w, void *ctx);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
};

static void order_run(struct loop_task *t)
{
    struct order *o = (struct order *)t;
    o->carry_out(o);
    pthread_mutex_lock(&o->lock);
    o->done = true;
    pthread_cond_signal(&o->cond);
    pthread_mutex_unlock(&o->lock);
}

static void order_give(struct order *o)
{
    o->task.run = order_run;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->cond, NULL);
    loop_post(o->worker->loop, &o->task);
    pthread_mutex_lock(&o->lock);
    while (!o->done)
        pthread_cond_wait(&o->cond, &o->lock);
    pthread_mutex_unlock(&o->lock);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->cond);
}

static void adopt(struct order *o)
{
    struct worker *w = o->worker;
    struct generation *old = w->generation;
    w->generation = o->generation;
    net_trust(w->net, w->generation->settings.proxies,
              w->generation->settings.n_proxies);
    if (old->workers[w->index].calls == 0)
        let_go(w, old);
}

void worker_adopt(struct worker *w, struct generation *g)
{
    order_give(&(struct order){.worker = w, .carry_out = adopt, .generation = g});
}

static void take(struct order *o)
{
    net_accept(o->worker->net, o->fd, o->local_admin);
}

void worker_accept(struct worker *w, int fd, bool local_admin)
{
    order_give(&(struct order){
        .worker = w, .carry_out = take, .fd = fd, .local_admin = local_admin});
}

static void be_asked(struct order *o)
{
    o->ask(o->worker, o->ctx);
}

void worker_ask(struct worker *w, void (*ask)(struct worker *w, void *ctx), void *ctx)
{
    order_give(
        &(struct order){.worker = w, .carry_out = be_asked, .ask = ask, .ctx = ctx});
}

static void swap_tally(struct worker *w, void *ctx)
{
    struct tally **t = ctx, *full = w->tally;
    w->tally = *t;
    *t = full;
}

void worker_tally(struct worker *w, struct tally **t)
{
    if (tally_count(w->tally)) /* only main ever changes this pointer */
        worker_ask(w, swap_tally, t);
}

static void drained(void *ctx)
{
    loop_stop(((struct worker *)ctx)->loop);
}

static void drain(struct order *o)
{
    struct worker *w = o->worker;
    listener_free(w->listener);
    listener_free(w->admin);
    w->listener = w->admin = NULL;
    net_drain(w->net, o->drain_ms, drained, w);
}

/* --- the thread --- */

static void accepted(void *ctx, int fd)
{
    net_accept(((struct worker *)ctx)->net, fd, false);
}

static void accepted_admin(void *ctx, int fd)
{
    net_accept(((struct worker *)ctx)->net, fd, true);
}

static void turn_end(void *ctx)
{
    reader_rest(((struct worker *)ctx)->reader);
}

static void *worker_main(void *ctx)
{
    struct worker *w = ctx;
    loop_run(w->loop, turn_end, w);
    return NULL;
}

void worker_free(struct worker *w)
{
    pauses_free(w->pauses);
    listener_free(w->listener);
    listener_free(w->admin);
    net_free(w->net);
    loop_free(w->loop);
    reader_close(w->reader);
    generation_drop(w->generation);
    buf_end(&w->scratch[0]);
    buf_end(&w->scratch[1]);
    tally_free(w->tally);
    free(w);
}

static int open_all(struct worker *w, const struct worker_options *o, struct buf *why)
{
    const struct net_handler handler = {w, o->request, o->gone, o->gone};
    int err = reader_open(&w->reader, o->db_path, o->shared->writer, why);
    if (!err)
        err = loop_new(&w->loop);
    if (!err)
        w->pauses = pauses_new(w);
    if (!err)
        err = net_new(&w->net, w->loop, &net_caps_default, &handler, o->shared->clock,
                      o->shared->log);
    if (!err)
        net_trust(w->net, w->generation->settings.proxies,
                  w->generation->settings.n_proxies);
    if (!err)
        atomic_store(&w->metrics->net, net_counts(w->net));
    if (!err && o->listen_fd >= 0)
        err = listener_new(&w->listener, w->loop, o->listen_fd, accepted, w);
    if (!err && w->listener)
        listener_count(w->listener, &w->metrics->shed);
    if (!err && o->admin_fd >= 0)
        err = listener_new(&w->admin, w->loop, o->admin_fd, accepted_admin, w);
    return err;
}

int worker_start(struct worker **out, const struct worker_options *o, struct buf *why)
{
    struct worker *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->shared = o->shared;
    w->index = o->index;
    w->metrics = o->shared->metrics->workers[o->index];
    w->generation = o->generation;
    id_source_init(&w->ids);
    w->tally = tally_new(TALLY_MAX);
    w->host = (struct call_host){.ctx = w,
                                 .read = host_read,
                                 .write = host_write,
                                 .sleep = pauses_sleep,
                                 .fetch = pauses_fetch,
                                 .hash = pauses_hash,
                                 .cancel = pauses_cancel,
                                 .after = pauses_after,
                                 .emit = pauses_emit,
                                 .used = o->shared->kit ? host_used : NULL,
                                 .now = host_now,
                                 .micros = host_micros,
                                 .decided = host_decided,
                                 .ids = &w->ids,
                                 .keyring = o->shared->keyring,
                                 .pepper = &o->shared->pepper,
                                 .limits = o->shared->limits,
                                 .denials = o->shared->denials,
                                 .vault = o->shared->vault,
                                 .sessions = o->shared->sessions,
                                 .strangers = o->shared->strangers,
                                 .log = o->shared->log};
    int err = open_all(w, o, why);
    if (!err && pthread_create(&w->thread, NULL, worker_main, w) != 0)
        err = ERR_IO;
    if (err) {
        buf_fmt(why, "a worker cannot start: %s", err_name(err));
        worker_free(w);
        return err;
    }
    *out = w;
    return 0;
}

void worker_drain(struct worker *w, int64_t drain_ms)
{
    order_give(&(struct order){.worker = w, .carry_out = drain, .drain_ms = drain_ms});
}

void worker_join(struct worker *w)
{
    pthread_join(w->thread, NULL);
}
