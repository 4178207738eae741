#include "net/inside.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* ---------------------------------------------------------- the plain stream */

ssize_t wire_recv(struct conn *c, void *p, size_t n)
{
    ssize_t got = recv(c->fd, p, n, MSG_DONTWAIT);
    if (got >= 0)
        return got;
    return errno == EAGAIN || errno == EINTR ? WIRE_AGAIN : WIRE_LOST;
}

static ssize_t wire_send(struct conn *c, const void *p, size_t n)
{
    ssize_t put = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0)
        return put;
    return errno == EAGAIN || errno == EINTR ? WIRE_AGAIN : WIRE_LOST;
}

static size_t wire_send_both(struct conn *c, struct str first, struct str second)
{
    struct iovec parts[] = {{(void *)(uintptr_t)first.p, first.n},
                            {(void *)(uintptr_t)second.p, second.n}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t put = sendmsg(c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    return put > 0 ? (size_t)put : 0;
}

void wire_shut(struct conn *c)
{
    shutdown(c->fd, SHUT_WR);
}

/* ------------------------------------------------------------------- unsent */

static void drained(struct conn *c)
{
    buf_end(&c->out);
    c->out_at = 0;
    if (c->writing)
        event_del(&c->write_event);
    c->writing = false;
    if (c->state == CONN_IDLE)
        c->since = c->net->now.steady_ms; /* idle begins when the answer has left */
}

int wire_drain(struct conn *c)
{
    while (wire_unsent(c)) {
        ssize_t put = wire_send(c, c->out.p + c->out_at, wire_unsent(c));
        if (put == WIRE_AGAIN)
            return 0;
        if (put < 0)
            return ERR_CLOSED;
        c->out_at += (size_t)put;
        c->out_moved += (uint64_t)put;
    }
    drained(c);
    return 0;
}

static void keep(struct conn *c, struct str rest)
{
    if (wire_unsent(c) == 0) {
        c->out_since = c->net->now.steady_ms;
        c->out_moved = 0;
    }
    buf_drop(&c->out, c->out_at);
    c->out_at = 0;
    buf_str(&c->out, rest);
    if (!c->writing)
        event_add(&c->write_event, NULL);
    c->writing = true;
}

static int send_new(struct conn *c)
{
    struct buf *out = &c->net->out;
    ssize_t put = wire_unsent(c) ? 0 : wire_send(c, out->p, out->n);
    if (put == WIRE_LOST)
        return ERR_CLOSED;
    size_t sent = put > 0 ? (size_t)put : 0;
    if (sent < out->n)
        keep(c, (struct str){out->p + sent, out->n - sent});
    return 0;
}

void wire_add(struct conn *c, struct str bytes)
{
    enum { LARGE = 64 * 1024 };
    struct buf *out = &c->net->out;
    size_t before = out->n, sent = 0;
    if (bytes.n >= LARGE && wire_unsent(c) == 0)
        sent = wire_send_both(c, buf_slice(out), bytes);
    if (sent < before || sent == 0) {
        buf_drop(out, sent);
        buf_str(out, bytes);
        return;
    }
    buf_clear(out);
    sent -= before;
    if (sent < bytes.n)
        keep(c, (struct str){bytes.p + sent, bytes.n - sent});
}

int wire_flush(struct conn *c)
{
    enum { KEPT = 4 << 20 };
    struct buf *out = &c->net->out;
    int err = out->n ? send_new(c) : 0;
    buf_clear(out);
    if (out->cap > KEPT)
        buf_end(out);
    return err;
}
