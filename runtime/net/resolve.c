/* Why getaddrinfo in threads and not evdns: it asks what the operator's machine asks
 * (nsswitch, /etc/hosts, search domains, systemd-resolved, DNS over TCP), and no code
 * of ours reads packets from strangers. It cannot be cancelled, and a dead name server
 * holds a thread for seconds; so each look-up has a thread of its own, RESOLVE_THREADS
 * at most, the others wait in line. Nothing is cached: the system does that, and an
 * answer is used for the one connection it was checked for.
 *
 * A thread may outlive the loop it was started for. What it shares with it is counted
 * and locked; `loop` is NULL once the loop is going. */

#include "net/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resolver {
    pthread_mutex_t lock;
    struct loop *loop;
    int holders; /* the loop's side, and each thread */
    int running;
    struct resolve *first, **last; /* waiting for a thread; the loop's side only */
    struct resolve *active[RESOLVE_THREADS];
};

struct resolve {
    struct loop_task task; /* first */
    struct resolve *next;
    struct resolver *resolver;
    void (*done)(void *ctx, const struct lookup *l); /* NULL: cancelled */
    void *ctx;
    struct lookup answer;
    bool started, posted;
    int slot; /* in `active` */
    uint16_t port;
    char host[256];
};

struct resolver *resolver_new(struct loop *l)
{
    struct resolver *r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    pthread_mutex_init(&r->lock, NULL);
    r->loop = l;
    r->holders = 1;
    r->last = &r->first;
    return r;
}

/* With the lock held, which is given up. */
static void let_go(struct resolver *r)
{
    bool last = --r->holders == 0;
    pthread_mutex_unlock(&r->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    while (r->first) {
        struct resolve *e = r->first;
        r->first = e->next;
        free(e);
    }
    pthread_mutex_lock(&r->lock);
    r->loop = NULL;
    for (int i = 0; i < RESOLVE_THREADS; i++)
        if (r->active[i] && r->active[i]->posted)
            free(r->active[i]); /* the loop will not turn again; its thread is done */
    let_go(r);
}

static void keep(struct lookup *l, const struct addrinfo *list, uint16_t port)
{
    for (const struct addrinfo *a = list; a && l->n < RESOLVE_MAX; a = a->ai_next) {
        if (a->ai_addrlen > sizeof(l->at[0]))
            continue;
        memcpy(&l->at[l->n], a->ai_addr, a->ai_addrlen);
        l->at[l->n++].sin6_port = htons(port); /* at the same place in both families */
    }
}

static void ask(struct resolve *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    e->answer.code = getaddrinfo(e->host, NULL, &hints, &list);
    if (e->answer.code == 0) {
        keep(&e->answer, list, e->port);
        freeaddrinfo(list);
    }
}

static void *thread_main(void *ctx)
{
    struct resolve *e = ctx;
    struct resolver *r = e->resolver;
    ask(e);
    pthread_mutex_lock(&r->lock);
    e->posted = r->loop != NULL;
    if (e->posted)
        loop_post(r->loop, &e->task); /* under the lock: the loop stays until then */
    else
        free(e);
    let_go(r);
    return NULL;
}

static bool start_thread(struct resolve *e)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, old;
    struct resolver *r = e->resolver;
    pthread_mutex_lock(&r->lock);
    r->holders++;
    pthread_mutex_unlock(&r->lock);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&thread, &attr, thread_main, e);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (!failed)
        return true;
    pthread_mutex_lock(&r->lock);
    r->holders--;
    pthread_mutex_unlock(&r->lock);
    return false;
}

static void take_slot(struct resolver *r, struct resolve *e)
{
    e->started = true;
    while (r->active[e->slot])
        e->slot++;
    r->active[e->slot] = e;
    r->running++;
}

static void next_in_line(struct resolver *r)
{
    while (r->first && r->running < RESOLVE_THREADS) {
        struct resolve *e = r->first;
        r->first = e->next;
        if (!r->first)
            r->last = &r->first;
        take_slot(r, e);
        if (!start_thread(e)) {
            e->answer.code = EAI_MEMORY;
            e->posted = true;
            loop_post(r->loop, &e->task);
        }
    }
}

static void back(struct loop_task *t)
{
    struct resolve *e = (struct resolve *)t;
    struct resolver *r = e->resolver;
    r->running--;
    r->active[e->slot] = NULL;
    if (e->done)
        e->done(e->ctx, &e->answer);
    free(e);
    next_in_line(r);
}

struct resolve *resolve_start(struct resolver *r, const char *host, uint16_t port,
                              void (*done)(void *ctx, const struct lookup *l),
                              void *ctx)
{
    struct resolve *e = calloc(1, sizeof(*e));
    if (!e)
        abort();
    e->task.run = back;
    e->resolver = r;
    e->done = done;
    e->ctx = ctx;
    e->port = port;
    snprintf(e->host, sizeof(e->host), "%s", host);
    *r->last = e;
    r->last = &e->next;
    next_in_line(r);
    return e;
}

static void leave_line(struct resolve *e)
{
    struct resolver *r = e->resolver;
    struct resolve **at = &r->first;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    if (!e->next)
        r->last = at;
    free(e);
}

void resolve_cancel(struct resolve *e)
{
    if (!e)
        return;
    if (e->started)
        e->done = NULL;
    else
        leave_line(e);
}
