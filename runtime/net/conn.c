/* From bytes to exchanges and back, for one connection:
 *
 *     IDLE ──▶ HEAD ──▶ BODY ──▶ OPEN ──▶ IDLE, with the answer in net->out
 *                                  └────▶ LAST ──▶ LINGER ──▶ closed
 *
 * A request that is whole in the worker's scratch never passes HEAD or BODY and is
 * never copied: it costs one recv, one send and no memory. Only what remains of an
 * incomplete one, or what waits behind an open one, goes to the connection's own
 * buffer. */

#include "net/inside.h"

#include <assert.h>
#include <string.h>

enum {
    TURN_REQUESTS = 64,     /* of one connection before others have their turn */
    PARKED_MAX = 64 * 1024, /* read ahead while a request is open */
    LINGER_BYTES = 256 * 1024
};

/* The bytes at hand: the scratch, or the connection's own. */
struct view {
    char *p;
    size_t n;
    size_t at;   /* up to here they are done with */
    size_t next; /* behind the request that stands at `at` */
};

void conn_enter(struct conn *c, enum conn_state state)
{
    c->state = state;
    c->since = c->net->now.steady_ms;
}

static bool closed(const struct conn *c)
{
    return c->state == CONN_GONE || c->state == CONN_DEAD;
}

/* ------------------------------------------------------------------- input */

static bool need_head(struct conn *c, struct view *v)
{
    struct http_request *r = &c->net->req;
    struct str in = {v->p + v->at, v->n - v->at};
    struct http_refusal why;
    if (in.n == 0) {
        if (c->state != CONN_IDLE)
            conn_enter(c, CONN_IDLE);
        return false;
    }
    switch (http_parse_head(in, &c->net->caps.http, r, &c->head_n, &why)) {
    case HTTP_REFUSED:
        conn_refuse(c, &why, r);
        return false;
    case HTTP_MORE:
        if (c->state != CONN_HEAD)
            conn_enter(c, CONN_HEAD);
        return false;
    default:
        break;
    }
    c->minor = r->minor;
    c->keep_alive = r->keep_alive;
    c->head = r->method == HTTP_HEAD;
    c->chunked = r->chunked;
    c->body_n = r->chunked ? 0 : (size_t)r->content_length;
    http_chunks_init(&c->chunks);
    return true;
}

/* Decodes in place: the body grows behind the head, the chunks around it vanish. */
static enum http_parsed need_chunks(struct conn *c, struct view *v,
                                    struct http_refusal *why)
{
    char *end = v->p + v->at + c->head_n + c->body_n;
    struct str raw = {end, (size_t)(v->p + v->n - end)};
    size_t used, n;
    enum http_parsed got =
        http_chunks_feed(&c->chunks, &c->net->caps.http, raw, &used, end, &n, why);
    if (got == HTTP_REFUSED)
        return got;
    c->body_n += n;
    if (got == HTTP_MORE)
        v->n -= raw.n - n;
    v->next = (size_t)(end - v->p) + used;
    return got;
}

static void body_later(struct conn *c, bool begun)
{
    if (c->state == CONN_BODY)
        return;
    conn_enter(c, CONN_BODY);
    if (c->net->req.expect_continue && !begun)
        buf_lit(&c->net->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

static bool need_body(struct conn *c, struct view *v)
{
    struct http_refusal why;
    enum http_parsed got = HTTP_DONE;
    bool begun = v->n - v->at > c->head_n;
    if (c->chunked) {
        got = need_chunks(c, v, &why);
    } else {
        v->next = v->at + c->head_n + c->body_n;
        if (v->next > v->n)
            got = HTTP_MORE;
    }
    if (got == HTTP_MORE)
        body_later(c, begun);
    else if (got == HTTP_REFUSED)
        conn_refuse(c, &why, c->state == CONN_BODY ? NULL : &c->net->req);
    return got == HTTP_DONE;
}

/* The next whole request stands at v->at, parsed into net->req. */
static bool next_request(struct conn *c, struct view *v)
{
    bool resumed = c->state == CONN_BODY;
    if (!resumed && !need_head(c, v))
        return false;
    if (!need_body(c, v))
        return false;
    if (resumed) { /* the slices of the first time are gone with the scratch */
        struct http_refusal why;
        size_t used;
        (void)http_parse_head((struct str){v->p + v->at, c->head_n}, &c->net->caps.http,
                              &c->net->req, &used, &why);
    }
    c->net->req.body = (struct str){v->p + v->at + c->head_n, c->body_n};
    return true;
}

size_t conn_body_have(const struct conn *c)
{
    return c->in.n - c->in_at - c->head_n;
}

/* -------------------------------------------------------------- the exchange */

static void dispatch(struct conn *c, struct view *v)
{
    struct net *n = c->net;
    c->work = net_work(n);
    conn_name_request(c, &n->req);
    struct exchange *x = &c->x;
    x->req = &n->req;
    x->arena = &c->work->arena;
    x->reply = &c->work->reply;
    x->peer = &c->peer;
    x->now = n->now;
    x->gone = false;
    x->user = NULL;
    x->conn = c;
    conn_enter(c, CONN_OPEN);
    c->answered = false;
    c->in_handler = true;
    n->handler.request(n->handler.ctx, x);
    c->in_handler = false;
    x->req = NULL;
    v->at = v->next;
}

static void answer(struct conn *c)
{
    struct net *n = c->net;
    const struct reply *r = c->x.reply;
    struct reply_frame f = {.minor = c->minor,
                            .keep_alive = c->keep_alive && !r->close && !n->draining,
                            .head = c->head,
                            .request_id = str_of(c->x.request_id),
                            .date = net_date(n)};
    wire_add(c, reply_write_head(r, &f, &n->out));
    conn_drop_work(c);
    conn_enter(c, f.keep_alive ? CONN_IDLE : CONN_LAST);
    if (!f.keep_alive)
        conn_drop_input(c);
}

void exchange_done(struct exchange *x)
{
    struct conn *c = x->conn;
    struct net *n = c->net;
    assert(c->work && !c->answered);
    c->answered = true;
    if (c->in_handler)
        return; /* `advance` below looks when the handler has returned */
    if (n->busy) {
        c->queued_next = n->ready;
        n->ready = c;
        return;
    }
    net_enter(n);
    conn_resume(c);
    net_leave(n);
}

/* ---------------------------------------------------------------- its turns */

static void wait_for_turn(struct conn *c)
{
    struct net *n = c->net;
    conn_enter(c, CONN_WAIT);
    c->queued = true;
    c->queued_next = n->later;
    if (!n->later)
        loop_timer_set(n->later_timer, 0);
    n->later = c;
}

static bool may_go_on(struct conn *c, const struct view *v, int done)
{
    struct net *n = c->net;
    if (c->state == CONN_LAST || closed(c))
        return false;
    if (c->state == CONN_BODY || v->at == v->n)
        return true;
    if (n->out.n > n->caps.out_high && wire_flush(c) != 0) {
        conn_lost(c);
        return false;
    }
    if (wire_unsent(c) > n->caps.out_high)
        conn_enter(c, CONN_WAIT);
    else if (done == TURN_REQUESTS)
        wait_for_turn(c);
    return c->state != CONN_WAIT;
}

/* Request after request, without recursion, as long as answers come at once. */
static void advance(struct conn *c, struct view *v)
{
    for (int done = 0; may_go_on(c, v, done) && next_request(c, v); done++) {
        dispatch(c, v);
        if (!c->answered)
            return;
        answer(c);
        if (v->at < v->n)
            c->net->now = clock_read(c->net->clock);
    }
}

/* What is not done with goes to, or stays in, the connection's own buffer. */
static void save(struct conn *c, const struct view *v)
{
    if (c->state == CONN_LAST || closed(c))
        return;
    if (v->p != c->in.p) {
        buf_add(&c->in, v->p + v->at, v->n - v->at);
        conn_count_input(c);
        return;
    }
    c->in.n = v->n;
    c->in_at = v->at;
    if (v->at == v->n)
        conn_drop_input(c);
}

static void advance_own(struct conn *c)
{
    struct view v = {c->in.p, c->in.n, c->in_at, 0};
    advance(c, &v);
    save(c, &v);
}

void conn_go_on(struct conn *c)
{
    conn_enter(c, CONN_IDLE);
    advance_own(c);
}

void conn_resume(struct conn *c)
{
    if (c->state == CONN_GONE) {
        conn_drop_work(c);
        conn_enter(c, CONN_DEAD);
        net_release(c);
        return;
    }
    answer(c);
    advance_own(c);
    conn_settle(c);
}

/* A head that trickles in byte by byte is not parsed anew for each: no line has ended.
 */
static bool nothing_new(const struct conn *c, size_t fresh)
{
    const struct http_caps *caps = &c->net->caps.http;
    return c->state == CONN_HEAD && c->in.n < caps->line_max + caps->head_max &&
           !memchr(c->in.p + fresh, '\n', c->in.n - fresh);
}

static void append(struct conn *c, size_t n, bool parked)
{
    if (c->in_at)
        buf_drop(&c->in, c->in_at);
    c->in_at = 0;
    size_t fresh = c->in.n;
    buf_add(&c->in, c->net->scratch, n);
    conn_count_input(c);
    if (!parked && !nothing_new(c, fresh))
        advance_own(c);
}

/* A request that is whole in one piece is served even then. */
static void hold_less(struct conn *c)
{
    struct http_refusal why = {503, "Too many unfinished requests are being held."};
    if ((c->state == CONN_HEAD || c->state == CONN_BODY) &&
        c->net->held > c->net->caps.held_max)
        conn_refuse(c, &why, NULL);
}

/* `n` bytes have come into the scratch. */
static void take(struct conn *c, size_t n)
{
    bool parked = c->state == CONN_OPEN || c->state == CONN_WAIT;
    if (c->in.n == 0 && !parked) {
        struct view v = {c->net->scratch, n, 0, 0};
        advance(c, &v);
        save(c, &v);
    } else {
        append(c, n, parked);
    }
    hold_less(c);
}

/* ------------------------------------------------------------------- events */

/* Only one side is shut: what was asked whole is still answered. */
static void end_of_input(struct conn *c)
{
    struct http_refusal why = {400, "The request ended before it was whole."};
    if (c->state == CONN_IDLE)
        conn_enter(c, CONN_LAST);
    else if (c->state == CONN_HEAD || c->state == CONN_BODY)
        conn_refuse(c, &why, NULL);
    else if (c->state == CONN_LINGER)
        conn_close(c);
    else if (c->state == CONN_OPEN && !c->answered && c->net->handler.shut)
        c->net->handler.shut(c->net->handler.ctx, &c->x);
}

static void receive(struct conn *c)
{
    ssize_t got = wire_recv(c, c->net->scratch, sizeof(c->net->scratch));
    if (got == WIRE_AGAIN)
        return;
    if (got < 0)
        conn_lost(c);
    else if (got == 0)
        c->eof = true; /* conn_settle looks */
    else if (c->state != CONN_LINGER)
        take(c, (size_t)got);
    else if ((c->dropped += (size_t)got) > LINGER_BYTES)
        conn_close(c);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct conn *c = ctx;
    (void)fd;
    (void)what;
    net_enter(c->net);
    receive(c);
    conn_settle(c);
    net_leave(c->net);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    struct conn *c = ctx;
    (void)fd;
    (void)what;
    net_enter(c->net);
    if (wire_drain(c) != 0)
        conn_lost(c);
    else if (c->state == CONN_WAIT && !c->queued &&
             wire_unsent(c) <= c->net->caps.out_high / 2)
        conn_go_on(c);
    conn_settle(c);
    net_leave(c->net);
}

static bool wants_input(const struct conn *c)
{
    if (c->eof || c->state == CONN_LAST)
        return false;
    return (c->state != CONN_OPEN && c->state != CONN_WAIT) ||
           c->in.n - c->in_at < PARKED_MAX;
}

static void arm(struct conn *c)
{
    bool want = wants_input(c);
    if (want && !c->reading)
        event_add(&c->read_event, NULL);
    else if (!want && c->reading)
        event_del(&c->read_event);
    c->reading = want;
}

void conn_settle(struct conn *c)
{
    if (c->eof || (c->net->draining && c->state == CONN_IDLE))
        end_of_input(c);
    if (closed(c))
        return;
    if (wire_flush(c) != 0)
        conn_lost(c);
    else if (c->state == CONN_LAST && wire_unsent(c) == 0)
        conn_linger(c);
    if (!closed(c))
        arm(c);
}

void conn_start(struct conn *c, int fd)
{
    struct event_base *base = loop_base(c->net->loop);
    c->fd = fd;
    event_assign(&c->read_event, base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->write_event, base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
    conn_enter(c, CONN_IDLE);
    arm(c);
}
