/* How a connection ends, and the answers that are given without the handler: to what is
 * wrong with a message as such. */

#include "net/inside.h"

#include <unistd.h>

void conn_count_input(struct conn *c)
{
    c->net->held += c->in.cap - c->in_held;
    c->in_held = c->in.cap;
}

void conn_drop_input(struct conn *c)
{
    buf_end(&c->in);
    c->in_at = 0;
    conn_count_input(c);
}

static void drop_output(struct conn *c)
{
    buf_end(&c->out);
    c->out_at = 0;
}

void conn_drop_work(struct conn *c)
{
    if (c->work)
        net_work_done(c->net, c->work);
    c->work = NULL;
}

void conn_close(struct conn *c)
{
    if (c->reading)
        event_del(&c->read_event);
    if (c->writing)
        event_del(&c->write_event);
    c->reading = c->writing = false;
    close(c->fd);
    c->fd = -1;
    conn_drop_input(c);
    drop_output(c);
    conn_enter(c, c->state == CONN_OPEN ? CONN_GONE : CONN_DEAD);
    if (c->state == CONN_DEAD)
        net_release(c);
}

void conn_lost(struct conn *c)
{
    const struct net_handler *h = &c->net->handler;
    conn_close(c);
    if (c->state != CONN_GONE)
        return;
    c->x.gone = true;
    if (h->gone)
        h->gone(h->ctx, &c->x);
}

static const char *code_of(int status)
{
    switch (status) {
    case 408:
        return "request_timeout";
    case 413:
        return "body_too_large";
    case 414:
        return "request_line_too_long";
    case 417:
        return "unknown_expectation";
    case 431:
        return "headers_too_large";
    case 501:
        return "unknown_transfer_encoding";
    case 503:
        return "overloaded";
    case 505:
        return "unknown_version";
    default:
        return "bad_request";
    }
}

static bool id_ok(struct str id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return id.n >= 1 && id.n <= 64;
}

void conn_name_request(struct conn *c, const struct http_request *req)
{
    struct str id = {0, 0};
    if (req)
        id = http_field_get(req, STR("x-request-id"));
    if (!id_ok(id) || str_cstr(id, c->x.request_id, sizeof(c->x.request_id)) != 0)
        id_make(&c->net->ids, "req_", c->net->now.wall_ms, c->x.request_id);
}

void conn_refuse(struct conn *c, const struct http_refusal *why,
                 const struct http_request *req)
{
    counter_add(&c->net->counts.malformed, 1);
    struct net *n = c->net;
    conn_name_request(c, req);
    LOG(n->log, LOG_DEBUG, "refused", LOG_N("status", why->status),
        LOG_C("detail", why->detail), LOG_C("request_id", c->x.request_id));
    reply_clear(&n->refusal);
    reply_refusal(&n->refusal, why->status, code_of(why->status), str_of(why->detail));
    struct reply_frame f = {.minor = 1,
                            .head = req && req->method == HTTP_HEAD,
                            .request_id = str_of(c->x.request_id),
                            .date = net_date(n)};
    reply_write(&n->refusal, &f, &n->out);
    conn_enter(c, CONN_LAST);
    conn_drop_input(c);
}

void conn_time_out(struct conn *c)
{
    struct http_refusal why = {408, "The request did not arrive in time."};
    conn_refuse(c, &why, NULL);
}

/* Closing at once would make the kernel reset the connection when more of the peer's
 * bytes come, and the reset may overtake the answer (RFC 9112 9.6). */
void conn_linger(struct conn *c)
{
    if (c->eof) {
        conn_close(c);
        return;
    }
    wire_shut(c);
    conn_enter(c, CONN_LINGER);
    c->dropped = 0;
}
