/* The states of a fetch, and who may end it. Every end goes through `over`: it puts
 * away the socket and rings the deadline's timer at once, so `done` is only ever called
 * from there, never from inside fetch_start.
 *
 *   RESOLVE ─▶ CONNECT ─▶ SHAKE ─▶ SEND ─▶ READ ─▶ OVER
 *              ▲    │     (https)
 *              └────┘ the next address
 */

#include "net/fetch.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/reach.h"
#include "net/resolve.h"
#include "net/tls.h"

enum { PIECE = 16 * 1024, PIECES_A_TURN = 8 };

struct fetcher {
    struct loop *loop;
    struct resolver *resolver;
    struct tls_context *tls;
    int n;
    size_t bytes; /* that its fetches hold, at worst */
};

enum fetch_state {
    FETCH_RESOLVE, /* deadline; `resolve` is under way, no socket */
    FETCH_CONNECT, /* deadline and attempt; the socket waits to be writable */
    FETCH_SHAKE,   /* deadline; the socket waits for what TLS wants */
    FETCH_SEND,    /* deadline; likewise, `sent` bytes are out */
    FETCH_READ,    /* deadline; likewise */
    FETCH_OVER     /* the timer rings at once; no socket */
};

struct fetch {
    struct fetcher *fetcher;
    struct outgoing *o;
    void (*done)(void *ctx);
    void *ctx;
    enum fetch_state state;
    bool loopback;
    struct resolve *resolve;
    struct lookup found;
    int tried;
    int fd;
    struct event event;
    bool armed;
    struct tls *tls;
    size_t sent;
    size_t bytes;
    struct loop_timer *deadline, *attempt;
};

static void step(struct fetch *f);
static void try_next(struct fetch *f);

struct fetcher *fetcher_new(struct loop *l)
{
    struct fetcher *r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    r->loop = l;
    r->resolver = resolver_new(l);
    return r;
}

void fetcher_free(struct fetcher *r)
{
    if (!r)
        return;
    resolver_free(r->resolver);
    tls_context_free(r->tls);
    free(r);
}

/* --- ends --- */

static void hang_up(struct fetch *f)
{
    if (f->armed)
        event_del(&f->event);
    f->armed = false;
    tls_free(f->tls);
    f->tls = NULL;
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    loop_timer_cancel(f->attempt);
}

static void over(struct fetch *f)
{
    hang_up(f);
    resolve_cancel(f->resolve);
    f->resolve = NULL;
    f->state = FETCH_OVER;
    loop_timer_set(f->deadline, 0);
}

static void fail(struct fetch *f, const char *fault, const char *what)
{
    f->o->fault = fault;
    buf_clear(&f->o->why);
    buf_fmt(&f->o->why, "%s: %s", f->o->host, what);
    over(f);
}

static void on_deadline(void *ctx)
{
    struct fetch *f = ctx;
    if (f->state != FETCH_OVER) {
        fail(f, "timeout", "it did not answer in time");
        loop_timer_cancel(f->deadline);
    }
    f->done(f->ctx);
}

/* --- waiting for the socket --- */

static void on_ready(evutil_socket_t fd, short what, void *ctx)
{
    struct fetch *f = ctx;
    (void)fd;
    (void)what;
    f->armed = false;
    step(f);
}

static void await(struct fetch *f, short what)
{
    event_assign(&f->event, loop_base(f->fetcher->loop), f->fd, what, on_ready, f);
    if (event_add(&f->event, NULL))
        abort(); /* only when malloc failed */
    f->armed = true;
}

/* --- bytes --- */

static ssize_t plain(ssize_t n, int again)
{
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? again : ERR_CLOSED;
}

static ssize_t put_bytes(struct fetch *f)
{
    const char *p = f->o->bytes.p + f->sent;
    size_t n = f->o->bytes.n - f->sent;
    return f->tls ? tls_send(f->tls, p, n)
                  : plain(send(f->fd, p, n, MSG_NOSIGNAL), TLS_WRITE);
}

static void take(struct fetch *f, struct str in)
{
    struct http_refusal why;
    enum http_parsed got = in.n ? response_feed(&f->o->response, in, &why)
                                : response_close(&f->o->response, &why);
    if (got == HTTP_DONE)
        over(f);
    else if (got == HTTP_REFUSED)
        fail(f, why.status == 413 || why.status == 431 ? "too_large" : "bad_response",
             why.detail);
}

static void read_some(struct fetch *f)
{
    char piece[PIECE];
    for (int i = 0; i < PIECES_A_TURN && f->state == FETCH_READ; i++) {
        ssize_t n = f->tls ? tls_recv(f->tls, piece, sizeof(piece))
                           : plain(recv(f->fd, piece, sizeof(piece), 0), TLS_READ);
        if (n == TLS_READ || n == TLS_WRITE) {
            await(f, n == TLS_READ ? EV_READ : EV_WRITE);
            return;
        }
        if (n < 0)
            fail(f, "bad_response",
                 "the connection broke before the response was whole");
        else
            take(f, (struct str){piece, (size_t)n});
    }
    /* More is at hand, perhaps inside TLS where no event tells: after the others. */
    if (f->state == FETCH_READ) {
        await(f, EV_READ);
        event_active(&f->event, EV_READ, 0);
    }
}

static void send_some(struct fetch *f)
{
    while (f->sent < f->o->bytes.n) {
        ssize_t n = put_bytes(f);
        if (n == TLS_READ || n == TLS_WRITE) {
            await(f, n == TLS_READ ? EV_READ : EV_WRITE);
            return;
        }
        if (n < 0) {
            fail(f, "bad_response", "it closed the connection during the request");
            return;
        }
        f->sent += (size_t)n;
    }
    f->state = FETCH_READ;
    read_some(f);
}

static void shake(struct fetch *f)
{
    struct buf why;
    buf_init(&why);
    int got = tls_handshake(f->tls, &why);
    if (got == TLS_READ || got == TLS_WRITE) {
        await(f, got == TLS_READ ? EV_READ : EV_WRITE);
    } else if (got) {
        buf_char(&why, '\0');
        fail(f, "tls_failed", why.p);
    } else {
        f->state = FETCH_SEND;
        send_some(f);
    }
    buf_end(&why);
}

/* --- connecting --- */

static void connected(struct fetch *f)
{
    int err = 0;
    socklen_t n = sizeof(err);
    if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &err, &n) || err) {
        try_next(f);
        return;
    }
    loop_timer_cancel(f->attempt);
    f->state = f->o->tls ? FETCH_SHAKE : FETCH_SEND;
    struct fetcher *r = f->fetcher;
    if (f->o->tls && ((!r->tls && tls_context_new(&r->tls)) ||
                      tls_new(&f->tls, r->tls, f->fd, f->o->host)))
        fail(f, "tls_failed", "TLS cannot be set up here");
    else
        step(f);
}

static bool open_socket(struct fetch *f, const struct sockaddr *a)
{
    socklen_t n = a->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                          : sizeof(struct sockaddr_in6);
    f->fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return f->fd >= 0 && (connect(f->fd, a, n) == 0 || errno == EINPROGRESS);
}

/* An address that swallows everything may use up its share of the time, not all. */
static void try_next(struct fetch *f)
{
    hang_up(f);
    while (f->tried < f->found.n) {
        const void *a = &f->found.at[f->tried++];
        if (open_socket(f, a)) {
            if (f->tried < f->found.n)
                loop_timer_set(f->attempt, f->o->timeout_ms / f->found.n);
            await(f, EV_WRITE);
            return;
        }
        hang_up(f);
    }
    fail(f, "connect_failed", "no connection could be made");
}

static void on_attempt(void *ctx)
{
    try_next(ctx);
}

/* One address that must not be reached spoils the whole answer: a name that points into
 * somebody's network and out of it is no accident. */
static const char *refusal(const struct fetch *f)
{
    for (int i = 0; i < f->found.n; i++) {
        const void *a = &f->found.at[i];
        const char *word = reach_refusal(a);
        if (word && !(f->loopback && reach_is_loopback(a)))
            return word;
    }
    return NULL;
}

static void resolved(void *ctx, const struct lookup *l)
{
    struct fetch *f = ctx;
    char text[64] = "its address is not public: ";
    f->resolve = NULL;
    f->found = *l;
    if (l->code || l->n == 0) {
        fail(f, "unresolved", l->code ? gai_strerror(l->code) : "it has no address");
        return;
    }
    const char *word = refusal(f);
    if (word) {
        strncat(text, word, sizeof(text) - strlen(text) - 1);
        fail(f, "address_refused", text);
        return;
    }
    f->state = FETCH_CONNECT;
    try_next(f);
}

static void step(struct fetch *f)
{
    switch (f->state) {
    case FETCH_CONNECT:
        connected(f);
        break;
    case FETCH_SHAKE:
        shake(f);
        break;
    case FETCH_SEND:
        send_some(f);
        break;
    case FETCH_READ:
        read_some(f);
        break;
    case FETCH_RESOLVE:
    case FETCH_OVER:
        break; /* no socket, so nothing rings */
    }
}

/* --- from outside --- */

int fetch_start(struct fetch **out, struct fetcher *r, struct outgoing *o,
                bool loopback, void (*done)(void *ctx), void *ctx)
{
    size_t bytes = o->bytes.n + (size_t)o->response.caps.body_max;
    if (r->n >= FETCHES_MAX || bytes > FETCHES_BYTES_MAX - r->bytes)
        return ERR_FULL;
    struct fetch *f = calloc(1, sizeof(*f));
    if (!f)
        abort();
    *f = (struct fetch){.fetcher = r,
                        .o = o,
                        .done = done,
                        .ctx = ctx,
                        .loopback = loopback,
                        .bytes = bytes,
                        .fd = -1};
    r->n++;
    r->bytes += bytes;
    if (loop_timer_new(&f->deadline, r->loop, on_deadline, f) ||
        loop_timer_new(&f->attempt, r->loop, on_attempt, f)) {
        fetch_free(f);
        return ERR_FULL;
    }
    loop_timer_set(f->deadline, o->timeout_ms);
    f->resolve = resolve_start(r->resolver, o->host, o->port, resolved, f);
    *out = f;
    return 0;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    if (f->attempt)
        hang_up(f);
    resolve_cancel(f->resolve);
    loop_timer_free(f->deadline);
    loop_timer_free(f->attempt);
    f->fetcher->n--;
    f->fetcher->bytes -= f->bytes;
    free(f);
}
