#include "serve.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "demo.h"
#include "reload.h"
#include "status.h"
#include "watch.h"

enum { DRAIN_MS = 10 * 1000, TICK_MS = 1000, QUIET_MS = 200 };

/* What wakes main. */
struct loop_of_main {
    struct server *server;
    struct watch *watch; /* NULL without --dev */
    int signals, asked;  /* a signalfd; the desk's */
    bool edited;         /* since the last reload; it waits for quiet */
};

/* Every thread inherits the mask; main alone takes the signals, between its chores. */
static int block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is a full disk, not a death */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reload(struct loop_of_main *l)
{
    struct buf report, faults;
    buf_init(&report);
    buf_init(&faults);
    int err = reload_run(l->server, RELOAD_LIVE, STR("operator"), &report, &faults);
    (void)err; /* it has been logged */
    buf_end(&report);
    buf_end(&faults);
}

/* --- editing live --- */

/* Again after each reload: folders come and go. */
static void watch_all(struct loop_of_main *l)
{
    const struct generation_options *o = &l->server->sources;
    const struct generation *g = l->server->generation;
    struct arena a;
    if (!l->watch)
        return;
    arena_init(&a);
    watch_folder(l->watch, o->scripts);
    watch_folder(l->watch, o->plugins);
    for (int i = 0; i < g->settings.n_plugins; i++) {
        const char *p = g->settings.plugins[i].p;
        watch_folder(l->watch, arena_fmt(&a, "%s/%s", o->plugins, p).p);
        watch_folder(l->watch, arena_fmt(&a, "%s/%s/migrations", o->plugins, p).p);
    }
    for (int i = 0; i < o->n_extra; i++)
        watch_folder(l->watch, o->extra[i]);
    arena_end(&a);
}

static void after_quiet(struct loop_of_main *l)
{
    l->edited = false;
    reload(l);
    watch_all(l);
}

/* --- what is asked of main --- */

static void carry_out(struct server *s, struct desk_job *j)
{
    static const enum reload_kind kinds[] = {RELOAD_LIVE, RELOAD_ROLLBACK};
    struct buf faults;
    buf_init(&faults);
    j->status = 200;
    if (j->verb == DESK_STATUS) {
        status_put(s, &j->body);
    } else if (reload_run(s, j->dry_run ? RELOAD_DRY : kinds[j->verb], j->actor,
                          &j->body, &faults)) {
        j->status = 422;
        buf_clear(&j->body);
        buf_lit(&j->detail,
                "Nothing was changed: the sources from before keep running.");
        status_put_faults(&j->body, buf_slice(&faults));
    }
    buf_end(&faults);
    j->done(j);
}

static void answer_all(struct server *s)
{
    struct desk_job *j;
    while ((j = desk_take(s->shared.desk)) != NULL)
        carry_out(s, j);
}

/* --- the loop --- */

/* False: it is time to go. */
static bool take_signals(struct loop_of_main *l)
{
    struct signalfd_siginfo i;
    while (read(l->signals, &i, sizeof(i)) == sizeof(i)) {
        if (i.ssi_signo != SIGHUP)
            return false;
        reload(l);
    }
    return true;
}

static void wait_for_end(struct loop_of_main *l)
{
    struct pollfd on[] = {
        {.fd = l->signals, .events = POLLIN},
        {.fd = l->asked, .events = POLLIN},
        {.fd = watch_fd(l->watch), .events = POLLIN},
    };
    while (take_signals(l)) {
        int n = poll(on, sizeof(on) / sizeof(on[0]), l->edited ? QUIET_MS : TICK_MS);
        answer_all(l->server);
        if (l->watch && watch_edited(l->watch))
            l->edited = true;
        else if (l->edited && n == 0)
            after_quiet(l);
        server_tick(l->server);
    }
    desk_close(l->server->shared.desk);
    answer_all(l->server);
}

static void make_demo(struct server *s, const struct options *o)
{
    struct client *c;
    if (client_of(&c, s))
        return;
    demo_make(c, o, s->shared.public_url); /* says itself why not, and how to go on */
    client_close(c);
}

static void run(struct loop_of_main *l, const struct options *o)
{
    struct server *s = l->server;
    l->asked = desk_open(s->shared.desk);
    if (o->dev && watch_new(&l->watch))
        LOG(s->shared.log, LOG_WARN, "not_watching",
            LOG_C("what", "the kernel gives no inotify; send SIGHUP after an edit"));
    watch_all(l); /* before anybody is told that it listens, and begins to edit */
    if (o->demo)
        make_demo(s, o);
    printf("listening on %s\n", s->shared.public_url);
    fflush(stdout);
    LOG(s->shared.log, LOG_INFO, "listening", LOG_C("url", s->shared.public_url),
        LOG_N("workers", s->n_workers),
        LOG_N("keys", keyring_count(s->shared.keyring)));
    wait_for_end(l);
    LOG(s->shared.log, LOG_INFO, "stopping", LOG_N("drain_ms", DRAIN_MS));
    watch_free(l->watch);
    server_close(s, DRAIN_MS);
}

int serve(const struct options *o)
{
    struct loop_of_main l = {.signals = block_signals()};
    struct server_options so = o->server;
    struct buf why;
    buf_init(&why);
    so.strict = o->dev;
    int err = server_open(&l.server, &so, &why);
    if (err)
        fprintf(stderr, "kordless: %.*s\n", (int)why.n, why.n ? why.p : "");
    else
        run(&l, o);
    buf_end(&why);
    close(l.signals);
    return err ? 1 : 0;
}
