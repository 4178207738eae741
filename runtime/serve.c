#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "demo.h"

enum { DRAIN_MS = 10 * 1000 };

/* Every thread inherits the mask; main alone takes the signals, between its chores. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is a full disk, not a death */
}

static void log_lines(struct log *log, const char *event, struct str rest)
{
    struct str line;
    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        if (line.n)
            LOG(log, LOG_ERROR, event, LOG_T("fault", line));
    }
}

static void reload(struct server *s)
{
    struct buf faults;
    buf_init(&faults);
    if (server_reload(s, &faults)) {
        log_lines(s->shared.log, "reload_fault", buf_slice(&faults));
        LOG(s->shared.log, LOG_ERROR, "reload_refused",
            LOG_C("what", "the sources from before keep running"),
            LOG_N("generation", s->generation->number));
    } else {
        LOG(s->shared.log, LOG_INFO, "reloaded",
            LOG_N("generation", s->generation->number),
            LOG_N("classes", quota_classes(s->generation->quota)));
    }
    buf_end(&faults);
}

static void wait_for_end(struct server *s, const sigset_t *set)
{
    const struct timespec second = {.tv_sec = 1};
    for (;;) {
        int sig = sigtimedwait(set, NULL, &second);
        if (sig == SIGINT || sig == SIGTERM)
            return;
        if (sig == SIGHUP)
            reload(s);
        server_tick(s);
    }
}

static void make_demo(struct server *s, const struct options *o)
{
    struct client *c;
    if (client_of(&c, s))
        return;
    demo_make(c, o, s->shared.public_url); /* says itself why not, and how to go on */
    client_close(c);
}

int serve(const struct options *o)
{
    struct server *s;
    struct buf why;
    sigset_t set;
    block_signals(&set);
    buf_init(&why);
    if (server_open(&s, &o->server, &why)) {
        fprintf(stderr, "kordless: %.*s\n", (int)why.n, why.n ? why.p : "");
        buf_end(&why);
        return 1;
    }
    buf_end(&why);
    if (o->demo)
        make_demo(s, o);
    printf("listening on %s\n", s->shared.public_url);
    fflush(stdout);
    LOG(s->shared.log, LOG_INFO, "listening", LOG_C("url", s->shared.public_url),
        LOG_N("workers", s->n_workers),
        LOG_N("keys", keyring_count(s->shared.keyring)));
    wait_for_end(s, &set);
    LOG(s->shared.log, LOG_INFO, "stopping", LOG_N("drain_ms", DRAIN_MS));
    server_close(s, DRAIN_MS);
    return 0;
}
