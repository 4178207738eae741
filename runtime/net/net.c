/* All connections of one worker: taking them in, their deadlines, and the end. */

#include "net/inside.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const struct net_caps net_caps_default = {
    .http = {8 * 1024, 16 * 1024, HTTP_FIELDS_MAX, 1024 * 1024},
    .head_ms = 10 * 1000,
    .idle_ms = 75 * 1000,
    .body_rate = 1024,
    .out_high = 256 * 1024,
    .held_max = 256 * 1024 * 1024,
    .per_address = 256,
    .total = 8192,
};

enum {
    TICK_MS = 250, /* one timer for all deadlines: none is armed for a request */
    GRACE_MS = 5000,
    LINGER_MS = 2000,
    SPARE_MAX = 256,
    WORK_KEPT = 64 * 1024,
    BIG_KEPT = 4 * 1024 * 1024
};

/* --------------------------------------------------------- what is passed on */

struct str net_date(struct net *n)
{
    int64_t second = n->now.wall_ms / 1000;
    if (second != n->date_second)
        http_date(n->now.wall_ms, n->date);
    n->date_second = second;
    return str_of(n->date);
}

struct work *net_work(struct net *n)
{
    struct work *w = n->works;
    if (w) {
        n->works = w->next;
        return w;
    }
    w = malloc(sizeof(*w));
    if (!w)
        abort();
    arena_init(&w->arena);
    reply_init(&w->reply);
    return w;
}

/* One may keep a large answer's memory: it is the next one taken, and the kernel has
 * not to clear the pages again. */
static void trim(struct net *n, struct work *w)
{
    size_t cap = w->reply.body.cap;
    if (n->big == w)
        n->big = NULL;
    if (cap > WORK_KEPT && cap <= BIG_KEPT && !n->big)
        n->big = w;
    else if (cap > WORK_KEPT)
        buf_end(&w->reply.body);
}

void net_work_done(struct net *n, struct work *w)
{
    arena_reset(&w->arena);
    reply_clear(&w->reply);
    trim(n, w);
    w->next = n->works;
    n->works = w;
}

static void work_free(struct work *w)
{
    arena_end(&w->arena);
    reply_end(&w->reply);
    free(w);
}

static void unqueue(struct conn *c)
{
    struct conn **at = &c->net->later;
    while (*at != c)
        at = &(*at)->queued_next;
    *at = c->queued_next;
    c->queued = false;
}

void net_release(struct conn *c)
{
    struct net *n = c->net;
    if (c->queued)
        unqueue(c);
    if (c->counted)
        addresses_drop(n->addresses, &c->peer.address);
    if (c->prev)
        c->prev->next = c->next;
    else
        n->all = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->next = n->dead;
    n->dead = c;
    counter_add(&n->counts.closed, 1);
    if (--n->open == 0 && n->draining)
        loop_timer_set(n->drain_timer, 0);
}

static void bury(struct net *n)
{
    while (n->dead) {
        struct conn *c = n->dead;
        n->dead = c->next;
        if (n->n_spare == SPARE_MAX) {
            free(c);
            continue;
        }
        c->next = n->spare;
        n->spare = c;
        n->n_spare++;
    }
}

void net_enter(struct net *n)
{
    n->busy = true;
    n->now = clock_read(n->clock);
}

void net_leave(struct net *n)
{
    while (n->ready) {
        struct conn *c = n->ready;
        n->ready = c->queued_next;
        conn_resume(c);
    }
    bury(n);
    n->busy = false;
}

/* ------------------------------------------------------------------ deadlines */

/* The minimum rate as a total: what stalls lives on what it was ahead. */
static bool too_slow(const struct net *n, int64_t since, uint64_t moved)
{
    uint64_t earned = moved * 1000 / (uint64_t)n->caps.body_rate;
    return n->now.steady_ms - since > GRACE_MS + (int64_t)earned;
}

static void look(struct conn *c)
{
    struct net *n = c->net;
    int64_t age = n->now.steady_ms - c->since;
    if (wire_unsent(c) && too_slow(n, c->out_since, c->out_moved))
        conn_lost(c);
    else if (c->state == CONN_IDLE && !wire_unsent(c) && age >= n->caps.idle_ms)
        conn_close(c);
    else if (c->state == CONN_HEAD && age >= n->caps.head_ms)
        conn_time_out(c);
    else if (c->state == CONN_BODY && too_slow(n, c->since, conn_body_have(c)))
        conn_time_out(c);
    else if (c->state == CONN_LINGER && age >= LINGER_MS)
        conn_close(c);
    else
        return;
    conn_settle(c);
}

static void on_tick(void *ctx)
{
    struct net *n = ctx;
    net_enter(n);
    for (struct conn *c = n->all, *next; c; c = next) {
        next = c->next;
        look(c);
    }
    net_leave(n);
    n->ticking = n->open > 0;
    if (n->ticking)
        loop_timer_set(n->tick, TICK_MS);
}

static void on_later(void *ctx)
{
    struct net *n = ctx;
    net_enter(n);
    struct conn *list = n->later;
    n->later = NULL;
    while (list) {
        struct conn *c = list;
        list = c->queued_next;
        c->queued = false;
        conn_go_on(c);
        conn_settle(c);
    }
    net_leave(n);
}

/* ------------------------------------------------------------------ beginning */

static void on_drain_end(void *ctx)
{
    struct net *n = ctx;
    void (*drained)(void *) = n->drained;
    net_enter(n);
    for (struct conn *c = n->all, *next; c; c = next) {
        next = c->next;
        if (c->state != CONN_GONE)
            conn_lost(c);
    }
    net_leave(n);
    n->drained = NULL;
    if (drained)
        drained(n->drained_ctx);
}

int net_new(struct net **out, struct loop *l, const struct net_caps *caps,
            const struct net_handler *handler, struct clock *clock, struct log *log)
{
    struct net *n = calloc(1, sizeof(*n));
    if (!n)
        abort();
    n->loop = l;
    n->caps = *caps;
    n->handler = *handler;
    n->clock = clock;
    n->log = log;
    n->date_second = -1;
    id_source_init(&n->ids);
    reply_init(&n->refusal);
    n->addresses = addresses_new((size_t)caps->total);
    if (loop_timer_new(&n->tick, l, on_tick, n) != 0 ||
        loop_timer_new(&n->later_timer, l, on_later, n) != 0 ||
        loop_timer_new(&n->drain_timer, l, on_drain_end, n) != 0) {
        net_free(n);
        return ERR_IO;
    }
    *out = n;
    return 0;
}

/* Fills in the address; false for what is not of the Internet. */
static bool find_peer(int fd, struct in6_addr *out)
{
    struct sockaddr_storage s;
    socklen_t n = sizeof(s);
    memset(out, 0, sizeof(*out));
    if (getpeername(fd, (struct sockaddr *)&s, &n) != 0)
        return false;
    if (s.ss_family == AF_INET6)
        *out = ((struct sockaddr_in6 *)&s)->sin6_addr;
    if (s.ss_family == AF_INET) {
        out->s6_addr[10] = out->s6_addr[11] = 0xFF;
        memcpy(out->s6_addr + 12, &((struct sockaddr_in *)&s)->sin_addr, 4);
    }
    return s.ss_family == AF_INET6 || s.ss_family == AF_INET;
}

static struct conn *conn_new(struct net *n)
{
    struct conn *c = n->spare;
    if (c) {
        n->spare = c->next;
        n->n_spare--;
    } else if (!(c = malloc(sizeof(*c)))) {
        abort();
    }
    memset(c, 0, sizeof(*c));
    c->net = n;
    c->next = n->all;
    if (n->all)
        n->all->prev = c;
    n->all = c;
    n->open++;
    counter_add(&n->counts.accepted, 1);
    return c;
}

void net_accept(struct net *n, int fd, bool local_admin)
{
    int on = 1;
    struct peer peer = {.local_admin = local_admin};
    bool tcp = find_peer(fd, &peer.address);
    bool counted = tcp && !network_any(n->proxies, n->n_proxies, &peer.address);
    /* The administrator comes in even when everybody else is there already. */
    bool full = n->draining || (n->open >= n->caps.total && !local_admin);
    if (full || (counted &&
                 !addresses_take(n->addresses, &peer.address, n->caps.per_address))) {
        counter_add(full ? &n->counts.shed_total : &n->counts.shed_address, 1);
        close(fd);
        return;
    }
    if (tcp)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct conn *c = conn_new(n);
    c->peer = peer;
    c->counted = counted;
    n->now = clock_read(n->clock);
    conn_start(c, fd);
    if (!n->ticking)
        loop_timer_set(n->tick, TICK_MS);
    n->ticking = true;
}

void net_trust(struct net *n, const struct network *list, int count)
{
    n->proxies = list;
    n->n_proxies = count;
}

int net_open(const struct net *n)
{
    return n->open;
}

const struct net_counts *net_counts(const struct net *n)
{
    return &n->counts;
}

/* ------------------------------------------------------------------------ end */

void net_drain(struct net *n, int64_t ms, void (*drained)(void *ctx), void *ctx)
{
    assert(!n->busy);
    n->draining = true;
    n->drained = drained;
    n->drained_ctx = ctx;
    loop_timer_set(n->drain_timer, ms);
    net_enter(n);
    for (struct conn *c = n->all, *next; c; c = next) {
        next = c->next;
        if (c->state == CONN_IDLE && wire_unsent(c) == 0)
            conn_close(c);
    }
    net_leave(n);
    if (n->open == 0)
        loop_timer_set(n->drain_timer, 0);
}

static void free_all(struct conn *c)
{
    while (c) {
        struct conn *next = c->next;
        if (c->work)
            work_free(c->work);
        free(c);
        c = next;
    }
}

void net_free(struct net *n)
{
    if (!n)
        return;
    n->draining = false; /* too late for `drained` */
    for (struct conn *c = n->all, *next; c; c = next) {
        next = c->next;
        if (c->state != CONN_GONE)
            conn_close(c);
    }
    free_all(n->all); /* those whose handler never answered */
    free_all(n->dead);
    free_all(n->spare);
    while (n->works) {
        struct work *w = n->works;
        n->works = w->next;
        work_free(w);
    }
    loop_timer_free(n->tick);
    loop_timer_free(n->later_timer);
    loop_timer_free(n->drain_timer);
    addresses_free(n->addresses);
    reply_end(&n->refusal);
    buf_end(&n->out);
    free(n);
}
