#include "net/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

struct loop {
    struct event_base *base;
    struct event wake_event;
    int wake; /* an eventfd */
    atomic_bool stop;
    _Atomic(struct loop_task *) posted; /* newest first */
};

struct loop_timer {
    struct event event;
    void (*fire)(void *ctx);
    void *ctx;
};

/* Tasks posted while these run belong to the next turn, so a task that posts itself
 * again starves nobody. */
static void run_posted(struct loop *l)
{
    struct loop_task *t = atomic_exchange(&l->posted, NULL), *in_order = NULL;
    while (t) {
        struct loop_task *next = t->next;
        t->next = in_order;
        in_order = t;
        t = next;
    }
    while (in_order) {
        t = in_order;
        in_order = t->next; /* the task may be gone after it ran */
        t->run(t);
    }
}

static void on_wake(evutil_socket_t fd, short what, void *ctx)
{
    uint64_t n;
    (void)what;
    ssize_t got = read(fd, &n, sizeof(n));
    (void)got; /* EAGAIN: an earlier turn has seen it */
    run_posted(ctx);
}

static void wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t put;
    do
        put = write(l->wake, &one, sizeof(one));
    while (put < 0 && errno == EINTR); /* EAGAIN: it is awake */
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

int loop_new(struct loop **out)
{
    struct loop *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->base = l->wake >= 0 ? base_new() : NULL;
    if (!l->base)
        goto fail;
    if (event_assign(&l->wake_event, l->base, l->wake, EV_READ | EV_PERSIST, on_wake,
                     l) ||
        event_add(&l->wake_event, NULL))
        goto fail;
    *out = l;
    return 0;
fail:
    if (l->base)
        event_base_free(l->base);
    if (l->wake >= 0)
        close(l->wake);
    free(l);
    return ERR_IO;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    event_del(&l->wake_event);
    event_base_free(l->base);
    close(l->wake);
    free(l);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

void loop_run(struct loop *l, void (*turn_end)(void *ctx), void *ctx)
{
    while (!atomic_exchange(&l->stop, false)) {
        event_base_loop(l->base, EVLOOP_ONCE);
        if (turn_end)
            turn_end(ctx);
    }
    run_posted(l); /* what was posted before loop_stop has run when this returns */
    if (turn_end)
        turn_end(ctx);
    atomic_store(&l->stop, false); /* a second stop was for this run too */
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    wake(l);
}

void loop_post(struct loop *l, struct loop_task *task)
{
    struct loop_task *head = atomic_load(&l->posted);
    do
        task->next = head;
    while (!atomic_compare_exchange_weak(&l->posted, &head, task));
    if (!head)
        wake(l);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct loop_timer *t = ctx;
    (void)fd;
    (void)what;
    t->fire(t->ctx);
}

int loop_timer_new(struct loop_timer **out, struct loop *l, void (*fire)(void *ctx),
                   void *ctx)
{
    struct loop_timer *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->fire = fire;
    t->ctx = ctx;
    if (evtimer_assign(&t->event, l->base, on_timer, t)) {
        free(t);
        return ERR_IO;
    }
    *out = t;
    return 0;
}

void loop_timer_set(struct loop_timer *t, int64_t in_ms)
{
    if (in_ms < 0)
        in_ms = 0;
    struct timeval tv = {.tv_sec = (time_t)(in_ms / 1000),
                         .tv_usec = (suseconds_t)(in_ms % 1000 * 1000)};
    /* Fails only when malloc does; then the deadline is lost and with it a promise. */
    if (evtimer_add(&t->event, &tv))
        abort();
}

void loop_timer_cancel(struct loop_timer *t)
{
    evtimer_del(&t->event);
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t)
        return;
    evtimer_del(&t->event);
    free(t);
}
